// File operations that finish what they begin: the kernel may be interrupted, and may read or write
// less than was asked. Everything here answers 0 or errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "disk/operation.h"

namespace apex::disk {

// O_DIRECT wants offset, length and memory in multiples of this; so does the log (wal/flush.ts).
inline constexpr std::size_t kBlockBytes = 4096;

// Memory for O_DIRECT: aligned, and zero-filled at first.
class AlignedBuffer final {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  ~AlignedBuffer() { release(); }

  // Makes it at least `size` bytes large; what it held is gone then. False: no memory.
  bool reserve(std::size_t size);
  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void release();
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Writes the parts back to back from `offset` on.
int write_parts(int fd, std::uint64_t offset, const std::vector<Part>& parts);

// Writes one range. `done` says how much was written when it fails.
int write_range(int fd, std::uint64_t offset, Part part, std::size_t& done);

// Fills `into` from `offset` on; `found` is less than `length` only at the end of the file.
int read_range(int fd, std::uint64_t offset, std::uint8_t* into, std::size_t length,
               std::size_t& found);

// Makes the file at least `end` bytes long, the new ones written as zeros. `extended` says whether
// anything was written.
int extend_with_zeros(int fd, std::uint64_t end, bool& extended);

// Syncs the file's data and what is needed to find it. Not for trying twice.
int sync_data(int fd);

}  // namespace apex::disk
