#include "disk/performer.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace apex::disk {
namespace {

constexpr std::size_t kHandlesMax = 64;
// As measured (docs/performance.md): up to here a direct write is the faster way; a larger one is
// not, for the kernel sends what it has in its cache in larger pieces.
constexpr std::size_t kDirectBytesMax = std::size_t{64} << 10;
// Zeros of a new segment between two syncs. One sync of them all takes so long that whatever else
// is to be durable meanwhile waits for it.
constexpr std::uint64_t kUnsyncedZeroBytes = std::uint64_t{1} << 20;
// What a read past the cache takes at once.
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

double now_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Gives a handle back when its user is done.
class Use final {
 public:
  explicit Use(Files& files) : files_(files) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    if (handle != nullptr) files_.give_back(handle);
  }
  Handle* handle = nullptr;

 private:
  Files& files_;
};

bool is_aligned(std::uint64_t number) { return number % kBlockBytes == 0; }

bool promises_durability(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kWrite:
      return operation.sync;
    case Kind::kSync:
    case Kind::kSyncDirectory:
      return true;
    default:
      return false;
  }
}

}  // namespace

Performer::Performer(std::string directory, std::string hidden_file)
    : hidden_file_(std::move(hidden_file)), files_(std::move(directory), kHandlesMax) {}

void Performer::perform(Operation& operation, AlignedBuffer& staging) {
  if (promises_durability(operation) && has_failed_sync_.load(std::memory_order_acquire)) {
    operation.outcome = {EIO, Call::kSyncBefore};
    return;
  }
  operation.outcome = dispatch(operation, staging);
}

Outcome Performer::dispatch(Operation& operation, AlignedBuffer& staging) {
  switch (operation.kind) {
    case Kind::kCreate:
      return create(operation);
    case Kind::kWrite:
      return write(operation, staging);
    case Kind::kRead:
      return read(operation, staging);
    case Kind::kSync:
      return sync(operation);
    case Kind::kRename:
      return files_.rename(operation.file, operation.target);
    case Kind::kRemove:
      return files_.remove(operation.file);
    case Kind::kSyncDirectory:
      return sync_directory();
    case Kind::kList:
      return list(operation);
  }
  return {EINVAL, Call::kNone};
}

Outcome Performer::create(const Operation& operation) {
  Use use(files_);
  if (const Outcome opened = files_.take(operation.file, true, use.handle); opened.failed()) {
    return opened;
  }
  for (std::uint64_t end = 0; end < operation.bytes;) {
    end = std::min(end + kUnsyncedZeroBytes, operation.bytes);
    bool extended = false;
    const int error = extend_with_zeros(use.handle->fd.get(), end, extended);
    if (extended) use.handle->is_clean = false;
    if (error != 0) return {error, Call::kWrite};
    if (!extended) continue;
    if (const int unsynced = sync_data(use.handle->fd.get()); unsynced != 0) {
      return sync_failed(unsynced);
    }
  }
  return {};
}

Outcome Performer::write(Operation& operation, AlignedBuffer& staging) {
  Use use(files_);
  if (const Outcome opened = files_.take(operation.file, false, use.handle); opened.failed()) {
    return opened;
  }
  if (operation.sync) return write_durably(operation, *use.handle, staging);
  use.handle->is_clean = false;
  const int error = write_parts(use.handle->fd.get(), operation.offset, operation.parts);
  return {error, error == 0 ? Call::kNone : Call::kWrite};
}

Outcome Performer::write_durably(Operation& operation, Handle& handle, AlignedBuffer& staging) {
  Outcome outcome;
  if (write_directly(operation, handle, staging, outcome)) return outcome;
  handle.is_clean = false;
  const int error = write_parts(handle.fd.get(), operation.offset, operation.parts);
  if (error != 0) return {error, Call::kWrite};
  return sync_handle(operation, handle);
}

bool Performer::write_directly(Operation& operation, Handle& handle, AlignedBuffer& staging,
                               Outcome& outcome) {
  const std::size_t size = operation.part_bytes();
  if (!handle.is_clean || size == 0 || size > kDirectBytesMax) return false;
  if (!is_aligned(size) || !is_aligned(operation.offset)) return false;
  if (!open_directly(handle) || !staging.reserve(kDirectBytesMax)) return false;
  std::uint8_t* at = staging.data();
  for (const Part& part : operation.parts) {
    if (part.size > 0) std::memcpy(at, part.data, part.size);
    at += part.size;
  }
  const double begun = now_seconds();
  std::size_t done = 0;
  const int error =
      write_range(handle.direct.get(), operation.offset, {staging.data(), size}, done);
  if (error == 0) {
    operation.sync_seconds = now_seconds() - begun;
    direct_writes_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  // A write that ended within a block cannot go on directly: the other way writes all of it again.
  if (error == EINVAL) {
    if (done == 0) has_direct_.store(false, std::memory_order_relaxed);
    return false;
  }
  // No room is found out before anything is written out, so it is no failed sync.
  outcome = error == ENOSPC || error == EDQUOT ? Outcome{error, Call::kWrite} : sync_failed(error);
  return true;
}

bool Performer::open_directly(Handle& handle) {
  if (!has_direct_.load(std::memory_order_relaxed)) return false;
  if (handle.direct.is_open()) return true;
  const std::string path = files_.path_of(handle.name);
  handle.direct = base::UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_DIRECT | O_DSYNC));
  if (handle.direct.is_open()) return true;
  if (errno == EINVAL) has_direct_.store(false, std::memory_order_relaxed);
  return false;
}

Outcome Performer::read(Operation& operation, AlignedBuffer& staging) {
  Outcome outcome;
  if (operation.fresh && read_past_cache(operation, staging, outcome)) return outcome;
  Use use(files_);
  if (const Outcome opened = files_.take(operation.file, false, use.handle); opened.failed()) {
    return opened;
  }
  const int error = read_range(use.handle->fd.get(), operation.offset, operation.into,
                               operation.length, operation.found_bytes);
  return {error, error == 0 ? Call::kNone : Call::kRead};
}

// Offset and length are rounded out to blocks. Where the kernel refuses with EINVAL the read is an
// ordinary one: it then shows what the kernel holds, which may be fresher, never older, than the
// disk.
bool Performer::read_past_cache(Operation& operation, AlignedBuffer& staging, Outcome& outcome) {
  const std::string path = files_.path_of(operation.file);
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT));
  if (!fd.is_open()) {
    outcome = {errno, Call::kOpen};
    return outcome.error != EINVAL;
  }
  std::uint64_t at = operation.offset / kBlockBytes * kBlockBytes;
  std::size_t skip = operation.offset - at;
  operation.found_bytes = 0;
  if (!staging.reserve(kReadBytes)) return false;
  while (operation.found_bytes < operation.length) {
    const std::size_t left = skip + operation.length - operation.found_bytes;
    const std::size_t rounded = (left + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    const std::size_t size = rounded < kReadBytes ? rounded : kReadBytes;
    std::size_t found = 0;
    const int error = read_range(fd.get(), at, staging.data(), size, found);
    // After the file's last, partial block there is nothing aligned left to read.
    if (error == EINVAL && found == 0) return false;
    if (error != 0 && error != EINVAL) {
      outcome = {error, Call::kRead};
      return true;
    }
    if (found <= skip) return true;
    const std::size_t useful = (found < left ? found : left) - skip;
    std::memcpy(operation.into + operation.found_bytes, staging.data() + skip, useful);
    operation.found_bytes += useful;
    if (found < size) return true;
    at += size;
    skip = 0;
  }
  return true;
}

Outcome Performer::sync(Operation& operation) {
  Use use(files_);
  if (const Outcome opened = files_.take(operation.file, false, use.handle); opened.failed()) {
    return opened;
  }
  return sync_handle(operation, *use.handle);
}

Outcome Performer::sync_handle(Operation& operation, Handle& handle) {
  const double begun = now_seconds();
  const int error = sync_data(handle.fd.get());
  if (error != 0) return sync_failed(error);
  operation.sync_seconds = now_seconds() - begun;
  handle.is_clean = true;
  return {};
}

Outcome Performer::sync_directory() {
  const base::UniqueFd fd(::open(files_.directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) return {errno, Call::kOpen};
  if (::fsync(fd.get()) != 0) return sync_failed(errno);
  return {};
}

Outcome Performer::sync_failed(int error) {
  has_failed_sync_.store(true, std::memory_order_release);
  return {error, Call::kSync};
}

Outcome Performer::list(Operation& operation) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(files_.directory().c_str()),
                                                      ::closedir);
  if (directory == nullptr) return {errno, Call::kList};
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(directory.get());
    if (entry == nullptr) return {errno, errno == 0 ? Call::kNone : Call::kList};
    const std::string name = entry->d_name;
    if (name == hidden_file_) continue;
    struct stat status {};
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &status, 0) != 0) {
      // A name may go between being listed and being looked at.
      if (errno == ENOENT) continue;
      return {errno, Call::kStat};
    }
    if (!S_ISREG(status.st_mode)) continue;
    operation.found_files.push_back({name, static_cast<std::uint64_t>(status.st_size)});
  }
}

}  // namespace apex::disk
