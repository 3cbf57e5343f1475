// Open files of one directory by name, at most `handles_max` of them, the least recently used
// closed first.
//
// 1. The caller sees to it that one file is used by one operation at a time (disk.h, rule 1); a
//    handle in use is never closed, so the bound is exceeded rather than an operation refused.
// 2. A handle knows whether all of its file's bytes are known to be synced. What a file holds when
// it
//    is opened may be in the page cache only, so a handle begins as not clean.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/unique_fd.h"
#include "disk/operation.h"

namespace apex::disk {

struct Handle {
  std::string name;
  base::UniqueFd fd;
  // The same file for O_DIRECT | O_DSYNC, opened when first wanted.
  base::UniqueFd direct;
  bool is_clean = false;
  bool is_used = false;
};

class Files final {
 public:
  Files(std::string directory, std::size_t handles_max)
      : directory_(std::move(directory)), handles_max_(handles_max) {}
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  const std::string& directory() const { return directory_; }
  std::string path_of(const std::string& name) const { return directory_ + "/" + name; }

  // Opens the file, which is made if `create` says so, else must exist. `handle` is set when that
  // succeeded, and is to be given back.
  Outcome take(const std::string& name, bool create, Handle*& handle);
  void give_back(Handle* handle);

  Outcome rename(const std::string& source, const std::string& target);
  Outcome remove(const std::string& name);
  std::size_t open_count();

 private:
  using List = std::list<Handle>;
  void close_oldest();
  void drop(const std::string& name);

  const std::string directory_;
  const std::size_t handles_max_;
  std::mutex mutex_;
  // Least recently used first.
  List handles_;
  std::unordered_map<std::string, List::iterator> by_name_;
};

}  // namespace apex::disk
