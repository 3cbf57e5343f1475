// Performs one operation on the directory, on the thread that calls.
//
// A durable write (a write that is synced) goes one of two ways:
//
//   few whole blocks, all else in the file known synced  ─▶  one write, O_DIRECT | O_DSYNC
//   anything else                                        ─▶  write, then fdatasync
//
// 1. O_DSYNC vouches for the bytes of its own write only. So it is used only while the handle is
//    clean; a create, an unsynced write or a file just opened makes it not clean, an fdatasync
//    clean.
// 2. Where the file system knows no O_DIRECT (EINVAL), the second way is taken from then on.
// 3. A failed sync is never tried again, in either way: the page cache may have dropped what it
// could
//    not write. From then on everything that would promise durability answers EIO at once, whatever
//    the file.
#pragma once

#include <atomic>
#include <string>

#include "disk/file_io.h"
#include "disk/files.h"
#include "disk/operation.h"

namespace apex::disk {

class Performer final {
 public:
  // `hidden_file` is the directory's own lock and is not listed.
  Performer(std::string directory, std::string hidden_file);
  Performer(const Performer&) = delete;
  Performer& operator=(const Performer&) = delete;

  // Fills in the operation's outcome and what it found. Several threads may call, each with a
  // staging buffer of its own, and never two with the same file.
  void perform(Operation& operation, AlignedBuffer& staging);

  // Durable writes that went past the page cache, since the start.
  std::uint64_t direct_writes() const { return direct_writes_.load(std::memory_order_relaxed); }
  std::size_t open_count() { return files_.open_count(); }

 private:
  Outcome dispatch(Operation& operation, AlignedBuffer& staging);
  Outcome create(const Operation& operation);
  Outcome write(Operation& operation, AlignedBuffer& staging);
  Outcome write_durably(Operation& operation, Handle& handle, AlignedBuffer& staging);
  // False: this way is not to be had here, and nothing was written.
  bool write_directly(Operation& operation, Handle& handle, AlignedBuffer& staging,
                      Outcome& outcome);
  bool open_directly(Handle& handle);
  Outcome read(Operation& operation, AlignedBuffer& staging);
  // False: this way is not to be had here.
  bool read_past_cache(Operation& operation, AlignedBuffer& staging, Outcome& outcome);
  Outcome sync(Operation& operation);
  Outcome sync_handle(Operation& operation, Handle& handle);
  Outcome sync_directory();
  Outcome list(Operation& operation);
  Outcome sync_failed(int error);

  const std::string hidden_file_;
  Files files_;
  std::atomic<bool> has_direct_{true};
  std::atomic<bool> has_failed_sync_{false};
  std::atomic<std::uint64_t> direct_writes_{0};
};

}  // namespace apex::disk
