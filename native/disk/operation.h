// One operation on the data directory, and what became of it: src/core/disk.ts in C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/mpsc_queue.h"

namespace apex::disk {

// The numbers cross the border (src/runtime/native/disk.ts).
enum class Kind : std::uint8_t {
  kCreate = 0,
  kWrite = 1,
  kRead = 2,
  kSync = 3,
  kRename = 4,
  kRemove = 5,
  kSyncDirectory = 6,
  kList = 7,
};

// Which call failed. The numbers cross the border.
enum class Call : std::uint8_t {
  kNone = 0,
  kOpen = 1,
  kRead = 2,
  kWrite = 3,
  kSync = 4,
  kStat = 5,
  kRename = 6,
  kUnlink = 7,
  kList = 8,
  // Nothing was called: a sync has failed before, and none is tried again.
  kSyncBefore = 9,
};

struct Part {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

struct Found {
  std::string name;
  std::uint64_t bytes = 0;
};

// An error number of the machine, 0 for none, and where it came from.
struct [[nodiscard]] Outcome {
  int error = 0;
  Call call = Call::kNone;
  bool failed() const { return error != 0; }
};

struct Operation : base::MpscNode {
  Kind kind = Kind::kList;
  double ticket = 0;
  // A rename's source is `file`.
  std::string file;
  std::string target;
  std::uint64_t offset = 0;
  // A write's, whose memory the asker keeps as it is until the completion.
  std::vector<Part> parts;
  bool sync = false;
  // A read's: where to, how much at most; and whether it goes past the page cache.
  std::uint8_t* into = nullptr;
  std::size_t length = 0;
  bool fresh = false;
  // A create's.
  std::uint64_t bytes = 0;

  Outcome outcome;
  std::size_t found_bytes = 0;
  std::vector<Found> found_files;
  // How long its sync took; negative: it made none, or none that succeeded.
  double sync_seconds = -1;

  bool source_is_target() const { return file == target; }

  std::size_t part_bytes() const {
    std::size_t size = 0;
    for (const Part& part : parts) size += part.size;
    return size;
  }
};

}  // namespace apex::disk
