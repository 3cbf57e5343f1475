#include "disk/file_io.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace apex::disk {
namespace {

// Zeros are written, never merely reserved: an unwritten extent costs a journal entry a flush.
constexpr std::size_t kZeroBytes = std::size_t{1} << 20;
alignas(kBlockBytes) const std::uint8_t kZeros[kZeroBytes] = {};

// A write that writes nothing and says no error would be tried for ever.
constexpr int kNoProgress = EIO;

}  // namespace

bool AlignedBuffer::reserve(std::size_t size) {
  if (size <= size_) return true;
  release();
  const std::size_t rounded = (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  void* const memory =
      ::mmap(nullptr, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  data_ = static_cast<std::uint8_t*>(memory);
  size_ = rounded;
  return true;
}

void AlignedBuffer::release() {
  if (data_ != nullptr) ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

int write_parts(int fd, std::uint64_t offset, const std::vector<Part>& parts) {
  std::vector<iovec> rest;
  rest.reserve(parts.size());
  for (const Part& part : parts) {
    // writev does not write through the pointer; its type only cannot say so.
    auto* const data = const_cast<std::uint8_t*>(part.data);  // NOLINT
    if (part.size > 0) rest.push_back({data, part.size});
  }
  std::size_t first = 0;
  while (first < rest.size()) {
    const int count = static_cast<int>(std::min<std::size_t>(rest.size() - first, IOV_MAX));
    const ssize_t written = ::pwritev(fd, rest.data() + first, count, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return kNoProgress;
    offset += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (first < rest.size() && rest[first].iov_len <= left) left -= rest[first++].iov_len;
    if (left > 0) {
      rest[first].iov_base = static_cast<std::uint8_t*>(rest[first].iov_base) + left;
      rest[first].iov_len -= left;
    }
  }
  return 0;
}

int write_range(int fd, std::uint64_t offset, Part part, std::size_t& done) {
  done = 0;
  while (done < part.size) {
    const ssize_t written =
        ::pwrite(fd, part.data + done, part.size - done, static_cast<off_t>(offset + done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return kNoProgress;
    done += static_cast<std::size_t>(written);
  }
  return 0;
}

int read_range(int fd, std::uint64_t offset, std::uint8_t* into, std::size_t length,
               std::size_t& found) {
  found = 0;
  while (found < length) {
    const ssize_t count =
        ::pread(fd, into + found, length - found, static_cast<off_t>(offset + found));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) break;
    found += static_cast<std::size_t>(count);
  }
  return 0;
}

int extend_with_zeros(int fd, std::uint64_t end, bool& extended) {
  extended = false;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  auto size = static_cast<std::uint64_t>(status.st_size);
  while (size < end) {
    extended = true;
    const Part zeros{kZeros,
                     static_cast<std::size_t>(std::min<std::uint64_t>(kZeroBytes, end - size))};
    std::size_t done = 0;
    const int error = write_range(fd, size, zeros, done);
    if (error != 0) return error;
    size += zeros.size;
  }
  return 0;
}

int sync_data(int fd) {
  int result = 0;
  // EINTR says that nothing was tried, not that something failed.
  while ((result = ::fdatasync(fd)) != 0 && errno == EINTR) {
  }
  return result == 0 ? 0 : errno;
}

}  // namespace apex::disk
