// The disk helper: a data directory served by threads, behind src/ports/disk.ts.
//
//   submit ─▶ lanes, one a file ─▶ ready: durable writes | the rest ─▶ workers ─▶ queue ─▶ take
//
// 1. Operations on one file run in the order of submission, one at a time; different files run side
//    by side. A rename waits for, and holds up, both of its names.
// 2. Every operation is performed exactly once and comes back exactly once, unless `stop` comes
//    first: what has not begun by then is dropped.
// 3. One worker at least is kept for durable writes, so that no zero-filling or snapshot ever
//    stands before the log; and they are taken first.
// 4. `wake` is called by a worker when completions wait that nobody has been called for yet: once a
//    batch, however large.
// 5. Free bytes are looked up by an idle worker, at least once a second.
//
// Submissions cross by a mutex, not by a ring: with several workers somebody must decide who may
// run what, and that is a few times a turn, never per request. Completions cross without locks.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mpsc_queue.h"
#include "base/thread.h"
#include "disk/operation.h"
#include "disk/performer.h"

namespace apex::disk {

class Disk final {
 public:
  Disk(std::string directory, std::string hidden_file, std::function<void()> wake);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  ~Disk() { stop(); }

  // 0, or errno: the directory cannot be asked for its room, or a thread does not start.
  int start();
  // From one thread. Once stopped it drops what it is given.
  void submit(std::vector<std::unique_ptr<Operation>> operations);
  // What has completed since, oldest first, linked by `next`; null when there is nothing. From one
  // thread; the operations are the caller's to delete.
  Operation* take_completed();
  // Waits for what is running, and drops the rest.
  void stop();

  std::uint64_t free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }
  // Whether all workers run. From the thread that submits.
  bool is_up();
  std::uint64_t direct_writes() const { return performer_.direct_writes(); }

 private:
  static constexpr int kWorkers = 3;

  using Lane = std::deque<Operation*>;

  void work();
  Operation* next(std::unique_lock<std::mutex>& lock);
  void finish(std::unique_ptr<Operation> owned);
  void make_ready(Operation* operation);
  bool is_first(Operation* operation);
  void leave(const std::string& name);
  bool refresh_free();

  const std::string directory_;
  const std::function<void()> wake_;
  Performer performer_;
  std::atomic<std::uint64_t> free_bytes_{0};

  std::mutex mutex_;
  std::condition_variable has_work_;
  // The operations on each file that has any, first come first; the first may be running.
  std::unordered_map<std::string, Lane> lanes_;
  // May run now. Owned by `waiting_` until they do.
  std::deque<Operation*> durable_;
  std::deque<Operation*> others_;
  std::unordered_map<Operation*, std::unique_ptr<Operation>> waiting_;
  int others_running_ = 0;
  bool is_stopped_ = false;
  bool is_refreshing_ = false;
  std::chrono::steady_clock::time_point refresh_at_;

  base::MpscQueue completed_;
  base::Thread threads_[kWorkers];
};

}  // namespace apex::disk
