#include "base/wakeup.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

namespace apex::base {

int Wakeup::open() {
  fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return fd_.is_open() ? 0 : errno;
}

// EAGAIN means that the counter is full: the sleeper is called already.
void Wakeup::call() {
  const std::uint64_t one = 1;
  while (::write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

// EAGAIN means that nobody has called.
void Wakeup::clear() {
  std::uint64_t count = 0;
  while (::read(fd_.get(), &count, sizeof(count)) < 0 && errno == EINTR) {
  }
}

}  // namespace apex::base
