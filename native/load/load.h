// A load on threads of its own: connections shared out among them, one finding at the end.
//
//   start → every thread connects its shares → when all are connected, all begin → the last one to
//   end sums and says so
//
// 1. No connection, no load: one that cannot be made ends all, with its reason.
// 2. `on_end` is called once, from a thread of ours, after which `finding` may be read.
// 3. `stop`, from the owner, ends everything at its next wake-up and joins the threads. `on_end`
// has
//    been called by then.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/thread.h"
#include "load/plan.h"
#include "load/tally.h"

namespace apex::load {

struct Finding {
  Tally tally;
  // From the first request to the last reply.
  double seconds = 0;
  // CPU time of the threads while they ran.
  double cpu_seconds = 0;
  size_t threads = 0;
  // Empty: everything was done.
  std::string complaint;
  // Whether every connection came about.
  bool has_begun = false;
};

class Load final {
 public:
  // `threads` is at least 1; there are no more of them than shares.
  Load(const Plan& plan, std::vector<Share> shares, size_t threads, std::function<void()> on_end);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // 0, or a negative errno: then nothing runs, and nothing will be said.
  int start();
  void stop();

  // Requests that have found their end so far. From any thread.
  uint64_t answered() const;

  const Finding& finding() const { return finding_; }

 private:
  struct Member;

  void run(Member& member);
  bool wait_for_all(bool is_connected);
  void end_if_last();

  Plan plan_;
  std::function<void()> on_end_;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<size_t> running_{0};
  // Who has come to the gate; guarded by `gate_`.
  std::mutex gate_;
  std::condition_variable opened_;
  size_t arrived_ = 0;
  bool may_begin_ = true;
  Finding finding_;
};

}  // namespace apex::load
