#include "base/wakeup.h"

#include <poll.h>

#include "base/thread.h"
#include "test/check.h"

using apex::base::Thread;
using apex::base::Wakeup;

namespace {

bool is_called(const Wakeup& wakeup, int timeout_ms) {
  pollfd entry{wakeup.fd(), POLLIN, 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

}  // namespace

TEST("it is readable once called, however often, and until it is cleared") {
  Wakeup wakeup;
  CHECK_EQUAL(wakeup.open(), 0);
  CHECK(!is_called(wakeup, 0));
  wakeup.call();
  wakeup.call();
  CHECK(is_called(wakeup, 0));
  wakeup.clear();
  CHECK(!is_called(wakeup, 0));
  wakeup.clear();
  CHECK(!is_called(wakeup, 0));
}

TEST("a call from another thread ends the sleep") {
  Wakeup wakeup;
  CHECK_EQUAL(wakeup.open(), 0);
  Thread caller;
  CHECK_EQUAL(caller.start("caller", [&] { wakeup.call(); }), 0);
  CHECK(is_called(wakeup, -1));
}

int main() { return apex::test::run(); }
