// What a thread adds to a poller: rings that fill up, an end that comes by itself, and speed that
// must lose nothing. To be run under TSan too. The poller's own claims are tested on a thread by
// poller_test and faults_test.
#include "net/net_thread.h"

#include <atomic>

#include "net/testing.h"
#include "test/check.h"

namespace {

std::atomic<bool> is_poll_broken{false};

}  // namespace

// The linker gives these names.
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" int __real_poll(pollfd* descriptors, nfds_t count, int wait_ms);
extern "C" int __wrap_poll(pollfd* descriptors, nfds_t count, int wait_ms) {
  if (count == 2 && is_poll_broken) {
    errno = ENOMEM;
    return -1;
  }
  return __real_poll(descriptors, count, wait_ms);
}
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

namespace {

using namespace apex::net;           // NOLINT: the tests speak its language
using namespace apex::net::testing;  // NOLINT

Bytes numbered(size_t count) {
  Bytes all;
  for (size_t n = 0; n < count; n++) {
    const Bytes frame = client_frame(1 + n % 3'000, static_cast<uint8_t>(n));
    all.insert(all.end(), frame.begin(), frame.end());
  }
  return all;
}

TEST("who does not read its records stops the senders, and misses nothing once it reads") {
  Bench bench(test_config(), 1 << 18);
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  const Bytes all = numbered(20'000);
  // Until nothing is taken any more: batches, tables and the kernel are full.
  size_t said = 0;
  for (int full = 0; full < 20 && said < all.size();) {
    const ssize_t sent = ::send(caller.fd(), all.data() + said, all.size() - said, MSG_DONTWAIT);
    if (sent > 0) {
      said += static_cast<size_t>(sent);
      full = 0;
    } else {
      full++;
      pollfd waiting = {caller.fd(), POLLOUT, 0};
      __real_poll(&waiting, 1, 20);
    }
  }
  CHECK(said < all.size());
  bench.until(
      [&] {
        const ssize_t sent =
            ::send(caller.fd(), all.data() + said, all.size() - said, MSG_DONTWAIT);
        if (sent > 0) said += static_cast<size_t>(sent);
        return bench.bytes_of_size(id) == all.size();
      },
      100'000);
  CHECK(bench.bytes_of(id) == all);
}

TEST("orders that find no room in their ring wait and leave in order") {
  Bench bench;
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  const Bytes all = numbered(3'000);
  Bytes heard;
  for (size_t at = 0; at < all.size(); at += 4'000) {
    const auto end = static_cast<ptrdiff_t>(std::min(all.size(), at + 4'000));
    bench.order(OrderKind::send, id,
                Bytes(all.begin() + static_cast<ptrdiff_t>(at), all.begin() + end));
    bench.submit();
  }
  bench.until(
      [&] {
        const Bytes more = caller.hear();
        heard.insert(heard.end(), more.begin(), more.end());
        return heard.size() == all.size();
      },
      20'000);
  CHECK(heard == all);
}

TEST("what waits when everything is shut down still leaves") {
  Bench bench;
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  for (int n = 0; n < 100; n++) {
    bench.order(OrderKind::send, id, Bytes(1'000, 5));
    bench.submit();
  }
  bench.poller->shut_down(true);
  size_t heard = 0;
  bench.until([&] {
    heard += caller.hear().size();
    return caller.is_ended;
  });
  CHECK_EQUAL(heard, size_t{100'000});
}

TEST("echoes of many connections under load come back whole and in order") {
  Bench bench;
  const uint16_t port = bench.open(false);
  constexpr size_t kCallers = 8;
  const Bytes all = numbered(400);
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<Bytes> heard(kCallers);
  std::vector<size_t> said(kCallers, 0);
  for (size_t n = 0; n < kCallers; n++) callers.push_back(std::make_unique<Caller>(port));
  size_t echoed = 0;
  bench.until(
      [&] {
        for (; echoed < bench.seen.size(); echoed++) {
          const Seen& one = bench.seen[echoed];
          if (one.kind == RecordKind::received) bench.order(OrderKind::send, one.id, one.bytes);
        }
        bench.submit();
        bool is_done = true;
        for (size_t n = 0; n < kCallers; n++) {
          const size_t left = std::min<size_t>(all.size() - said[n], 30'000);
          const ssize_t sent = ::send(callers[n]->fd(), all.data() + said[n], left, MSG_DONTWAIT);
          if (sent > 0) said[n] += static_cast<size_t>(sent);
          const Bytes more = callers[n]->hear();
          heard[n].insert(heard[n].end(), more.begin(), more.end());
          is_done = is_done && heard[n].size() == all.size();
        }
        return is_done;
      },
      100'000);
  for (const Bytes& one : heard) CHECK(one == all);
}

TEST("a thread that is ended with connections, batches and orders under way ends at once") {
  for (int round = 0; round < 20; round++) {
    Bench bench;
    Caller caller(bench.open());
    caller.say(numbered(50));
    bench.order(OrderKind::send, 1, Bytes(100'000, 1));
    bench.submit();
    if (round % 2 == 0) bench.step(0);
  }
}

TEST("a thread that ends by itself is noticed, and everything has an answer") {
  Bench bench;
  const uint16_t port = bench.open();
  CHECK(bench.poller->is_up());
  is_poll_broken = true;
  Caller caller(port);
  for (int n = 0; n < 2000 && bench.poller->is_up(); n++) bench.step(5);
  is_poll_broken = false;
  CHECK(!bench.poller->is_up());
  CHECK(!bench.poller->is_door_open(DoorName::clients));
  CHECK_EQUAL(bench.poller->open_door(DoorName::peers, loopback(0), true), -EIO);
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{0});
  bench.send(1, Bytes(10, 1));
  bench.poller->shut_down(true);
}

}  // namespace

int main() {
  setenv("APEX_TEST_NET_THREAD", "on", 1);
  return apex::test::run();
}
