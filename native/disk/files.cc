#include "disk/files.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>

namespace apex::disk {

// Opening happens outside the lock: it may wait for the disk, and others' handles must not. Nobody
// else opens this name meanwhile (rule 1).
Outcome Files::take(const std::string& name, bool create, Handle*& handle) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) {
      handles_.splice(handles_.end(), handles_, known->second);
      handle = &*known->second;
      handle->is_used = true;
      return {};
    }
  }
  const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
  base::UniqueFd fd(::open(path_of(name).c_str(), flags, 0666));
  if (!fd.is_open()) return {errno, Call::kOpen};
  const std::lock_guard lock(mutex_);
  handles_.emplace_back();
  handle = &handles_.back();
  handle->name = name;
  handle->fd = std::move(fd);
  handle->is_used = true;
  by_name_[name] = std::prev(handles_.end());
  if (handles_.size() > handles_max_) close_oldest();
  return {};
}

void Files::give_back(Handle* handle) {
  const std::lock_guard lock(mutex_);
  handle->is_used = false;
}

Outcome Files::rename(const std::string& source, const std::string& target) {
  if (std::rename(path_of(source).c_str(), path_of(target).c_str()) != 0) {
    return {errno, Call::kRename};
  }
  const std::lock_guard lock(mutex_);
  drop(target);
  const auto moved = by_name_.find(source);
  if (moved == by_name_.end()) return {};
  const auto handle = moved->second;
  by_name_.erase(moved);
  handle->name = target;
  by_name_[target] = handle;
  return {};
}

Outcome Files::remove(const std::string& name) {
  if (::unlink(path_of(name).c_str()) != 0) return {errno, Call::kUnlink};
  const std::lock_guard lock(mutex_);
  drop(name);
  return {};
}

std::size_t Files::open_count() {
  const std::lock_guard lock(mutex_);
  return handles_.size();
}

void Files::close_oldest() {
  for (auto handle = handles_.begin(); handle != handles_.end(); ++handle) {
    if (handle->is_used) continue;
    by_name_.erase(handle->name);
    handles_.erase(handle);
    return;
  }
}

void Files::drop(const std::string& name) {
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return;
  handles_.erase(known->second);
  by_name_.erase(known);
}

}  // namespace apex::disk
