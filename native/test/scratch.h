// A folder of the test's own, gone with it; and a disk on it that can be waited for.
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "disk/disk.h"
#include "test/check.h"

namespace apex::test {

class Scratch final {
 public:
  Scratch() {
    // Beside the test programs: temporary folders may be in memory, and no O_DIRECT there.
    std::string pattern = "scratch-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) fail(__FILE__, __LINE__, "mkdtemp");
    path_ = pattern;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Submits under rising tickets and waits for completions.
class DiskUser final {
 public:
  explicit DiskUser(const std::string& directory) : disk_(directory, "LOCK", [this] { call(); }) {
    CHECK_EQUAL(disk_.start(), 0);
  }

  disk::Disk& disk() { return disk_; }

  double submit(disk::Operation operation) {
    std::vector<std::unique_ptr<disk::Operation>> batch;
    operation.ticket = ++tickets_;
    batch.push_back(std::make_unique<disk::Operation>(std::move(operation)));
    disk_.submit(std::move(batch));
    return tickets_;
  }

  // The completion of that ticket; others that come before are kept.
  std::unique_ptr<disk::Operation> await(double ticket) {
    while (completed_.count(ticket) == 0) {
      take();
      if (completed_.count(ticket) != 0) break;
      std::unique_lock lock(mutex_);
      called_.wait(lock, [this] { return is_called_; });
      is_called_ = false;
    }
    auto found = std::move(completed_[ticket]);
    completed_.erase(ticket);
    return found;
  }

  std::unique_ptr<disk::Operation> run(disk::Operation operation) {
    return await(submit(std::move(operation)));
  }

  // Tickets in the order of completion.
  const std::vector<double>& order() const { return order_; }

 private:
  void call() {
    {
      const std::lock_guard lock(mutex_);
      is_called_ = true;
    }
    called_.notify_one();
  }

  void take() {
    for (disk::Operation* done = disk_.take_completed(); done != nullptr;) {
      std::unique_ptr<disk::Operation> owned(done);
      done = static_cast<disk::Operation*>(done->next);
      order_.push_back(owned->ticket);
      completed_[owned->ticket] = std::move(owned);
    }
  }

  std::mutex mutex_;
  std::condition_variable called_;
  bool is_called_ = false;
  double tickets_ = 0;
  std::map<double, std::unique_ptr<disk::Operation>> completed_;
  std::vector<double> order_;
  disk::Disk disk_;
};

inline disk::Operation create(const std::string& file, std::uint64_t bytes) {
  disk::Operation operation;
  operation.kind = disk::Kind::kCreate;
  operation.file = file;
  operation.bytes = bytes;
  return operation;
}

inline disk::Operation write(const std::string& file, std::uint64_t offset,
                             const std::vector<std::uint8_t>& bytes, bool sync) {
  disk::Operation operation;
  operation.kind = disk::Kind::kWrite;
  operation.file = file;
  operation.offset = offset;
  operation.parts.push_back({bytes.data(), bytes.size()});
  operation.sync = sync;
  return operation;
}

inline disk::Operation read(const std::string& file, std::uint64_t offset,
                            std::vector<std::uint8_t>& into, bool fresh) {
  disk::Operation operation;
  operation.kind = disk::Kind::kRead;
  operation.file = file;
  operation.offset = offset;
  operation.into = into.data();
  operation.length = into.size();
  operation.fresh = fresh;
  return operation;
}

inline disk::Operation on_file(disk::Kind kind, const std::string& file) {
  disk::Operation operation;
  operation.kind = kind;
  operation.file = file;
  return operation;
}

inline disk::Operation move_file(const std::string& source, const std::string& target) {
  disk::Operation operation = on_file(disk::Kind::kRename, source);
  operation.target = target;
  return operation;
}

}  // namespace apex::test
