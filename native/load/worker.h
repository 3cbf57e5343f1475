// A thread's part of a load: its connections, and the loop that drives them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "load/connection.h"
#include "load/requests.h"

namespace apex::load {

class Worker final {
 public:
  Worker(const Plan& plan, const std::vector<Share>& shares, std::atomic<bool>* is_stopping,
         std::atomic<uint64_t>* answered);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // True: every connection stands.
  bool connect();
  // Does all the work.
  void run();

  const Tally& tally() const { return tally_; }
  // Empty: nothing to complain of.
  std::string complaint() const;
  // UINT64_MAX and 0 where nothing happened.
  uint64_t started_at() const;
  uint64_t ended_at() const;
  uint64_t cpu_ns() const { return cpu_ns_; }

 private:
  void wait();
  void arm(uint64_t due_ns);
  void tick(uint64_t now);
  bool is_done() const;
  uint64_t next_due() const;
  void fail(const char* reason);

  Requests requests_;
  Tally tally_;
  std::vector<uint8_t> input_;
  base::UniqueFd epoll_;
  // Wakes at a due time, more exactly than epoll's milliseconds.
  base::UniqueFd timer_;
  Crew crew_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::atomic<bool>* is_stopping_;
  std::atomic<uint64_t>* answered_;
  uint64_t ticked_at_ = 0;
  // What the timer is set to; `kNoneDue`: to nothing.
  uint64_t armed_for_ = Connection::kNoneDue;
  uint64_t cpu_ns_ = 0;
  std::string failure_;
};

}  // namespace apex::load
