#include "disk/disk.h"

#include <sys/statvfs.h>

#include <cerrno>

namespace apex::disk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRefresh{900};

bool is_durable_write(const Operation& operation) {
  return operation.kind == Kind::kWrite && operation.sync;
}

// The files whose order an operation takes part in.
std::vector<const std::string*> names_of(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kRename:
      if (operation.source_is_target()) return {&operation.file};
      return {&operation.file, &operation.target};
    case Kind::kSyncDirectory:
    case Kind::kList:
      return {};
    default:
      return {&operation.file};
  }
}

}  // namespace

Disk::Disk(std::string directory, std::string hidden_file, std::function<void()> wake)
    : directory_(directory),
      wake_(std::move(wake)),
      performer_(std::move(directory), std::move(hidden_file)) {}

int Disk::start() {
  if (!refresh_free()) return errno;
  refresh_at_ = Clock::now() + kRefresh;
  for (base::Thread& thread : threads_) {
    const int error = thread.start("apex-disk", [this] { work(); });
    if (error != 0) {
      stop();
      return error;
    }
  }
  return 0;
}

void Disk::submit(std::vector<std::unique_ptr<Operation>> operations) {
  std::size_t ready = 0;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    for (std::unique_ptr<Operation>& owned : operations) {
      Operation* const operation = owned.get();
      waiting_[operation] = std::move(owned);
      for (const std::string* name : names_of(*operation)) lanes_[*name].push_back(operation);
      if (!is_first(operation)) continue;
      make_ready(operation);
      ready++;
    }
  }
  // Whoever is woken under the lock goes to sleep again at it.
  for (; ready > 0; ready--) has_work_.notify_one();
}

Operation* Disk::take_completed() { return static_cast<Operation*>(completed_.take_all()); }

void Disk::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  has_work_.notify_all();
  for (base::Thread& thread : threads_) thread.join();
  for (Operation* done = take_completed(); done != nullptr;) {
    const std::unique_ptr<Operation> owned(done);
    done = static_cast<Operation*>(done->next);
  }
}

bool Disk::is_up() {
  for (base::Thread& thread : threads_) {
    if (thread.has_ended()) return false;
  }
  return true;
}

void Disk::work() {
  AlignedBuffer staging;
  std::unique_lock lock(mutex_);
  while (Operation* const operation = next(lock)) {
    std::unique_ptr<Operation> owned = std::move(waiting_.extract(operation).mapped());
    lock.unlock();
    performer_.perform(*owned, staging);
    lock.lock();
    finish(std::move(owned));
  }
}

// Waits for an operation that may run; null when the disk is stopped.
Operation* Disk::next(std::unique_lock<std::mutex>& lock) {
  while (!is_stopped_) {
    if (!is_refreshing_ && Clock::now() >= refresh_at_) {
      is_refreshing_ = true;
      lock.unlock();
      // On failure the last word stands: free bytes are advice, writes have errors of their own.
      refresh_free();
      lock.lock();
      is_refreshing_ = false;
      refresh_at_ = Clock::now() + kRefresh;
      continue;
    }
    if (!durable_.empty()) {
      Operation* const operation = durable_.front();
      durable_.pop_front();
      return operation;
    }
    if (!others_.empty() && others_running_ < kWorkers - 1) {
      Operation* const operation = others_.front();
      others_.pop_front();
      others_running_++;
      return operation;
    }
    has_work_.wait_until(lock, is_refreshing_ ? Clock::now() + kRefresh : refresh_at_);
  }
  return nullptr;
}

// Lets what waited for this one run, and hands it back. Under the lock, but for the hand-over.
void Disk::finish(std::unique_ptr<Operation> owned) {
  Operation* const operation = owned.release();
  if (!is_durable_write(*operation)) {
    others_running_--;
    if (!others_.empty()) has_work_.notify_one();
  }
  for (const std::string* name : names_of(*operation)) leave(*name);
  if (completed_.push(operation)) wake_();
}

void Disk::leave(const std::string& name) {
  const auto lane = lanes_.find(name);
  lane->second.pop_front();
  if (lane->second.empty()) {
    lanes_.erase(lane);
    return;
  }
  Operation* const first = lane->second.front();
  if (!is_first(first)) return;
  make_ready(first);
  has_work_.notify_one();
}

bool Disk::is_first(Operation* operation) {
  for (const std::string* name : names_of(*operation)) {
    if (lanes_[*name].front() != operation) return false;
  }
  return true;
}

void Disk::make_ready(Operation* operation) {
  (is_durable_write(*operation) ? durable_ : others_).push_back(operation);
}

bool Disk::refresh_free() {
  struct statvfs status {};
  if (::statvfs(directory_.c_str(), &status) != 0) return false;
  free_bytes_.store(static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
                    std::memory_order_relaxed);
  return true;
}

}  // namespace apex::disk
