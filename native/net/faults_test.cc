// What a poller does with sockets that misbehave, and with a kernel that has nothing left. Every
// fault has an end that is stated here.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "net/poller.h"
#include "net/testing.h"
#include "test/check.h"

namespace {

using namespace apex::net;           // NOLINT: the tests speak its language
using namespace apex::net::testing;  // NOLINT

TEST("a client that stalls in the middle of a frame holds nobody up, and its frame is kept") {
  Bench bench;
  const uint16_t port = bench.open();
  Caller stalled(port);
  Caller other(port);
  const Bytes frame = client_frame(40'000);
  stalled.say(Bytes(frame.begin(), frame.begin() + 20'000));
  bench.until([&] { return bench.poller->stats().connections == 2; });
  other.say(client_frame(10));
  bench.until([&] { return bench.has(RecordKind::received, 2); });
  CHECK(!bench.has(RecordKind::received, 1));
  stalled.say(Bytes(frame.begin() + 20'000, frame.end()));
  bench.until([&] { return bench.bytes_of(1) == frame; });
}

TEST("of a frame whose sender goes away nothing is handed over, only the end") {
  Bench bench;
  Caller caller(bench.open());
  caller.say(client_frame(10));
  const Bytes frame = client_frame(1'000);
  caller.say(Bytes(frame.begin(), frame.begin() + 500));
  bench.until([&] { return bench.has(RecordKind::received, 1); });
  caller.close();
  bench.until([&] { return bench.has(RecordKind::closed, 1); });
  CHECK_EQUAL(bench.bytes_of(1).size(), size_t{26});
}

TEST("resets in the middle of a batch end their own connections and no other") {
  Bench bench;
  const uint16_t port = bench.open();
  std::vector<std::unique_ptr<Caller>> callers;
  callers.reserve(20);
  for (int n = 0; n < 20; n++) callers.push_back(std::make_unique<Caller>(port));
  bench.until([&] { return bench.poller->stats().connections == 20; });
  for (auto& caller : callers) caller->say(client_frame(100));
  for (size_t n = 0; n < 20; n += 2) callers[n]->reset();
  for (uint64_t id = 1; id <= 20; id++) bench.order(OrderKind::send, id, Bytes(1'000, 1));
  bench.exchange();
  for (uint64_t id = 1; id <= 20; id++) bench.order(OrderKind::send, id, Bytes(1'000, 2));
  bench.exchange();
  bench.until([&] { return bench.poller->stats().connections == 10; });
  for (size_t n = 1; n < 20; n += 2) {
    bench.until([&] { return bench.bytes_of(n + 1).size() == 116; });
    CHECK_EQUAL(callers[n]->hear().size(), size_t{2'000});
  }
  for (uint64_t id = 1; id <= 20; id++) {
    if (bench.has(RecordKind::closed, id))
      CHECK_EQUAL(bench.count(RecordKind::closed, id), size_t{1});
  }
}

TEST("a reset is noticed of a paused connection too, and of one that is only written to") {
  Bench bench;
  const uint16_t port = bench.open();
  Caller paused(port);
  bench.until([&] { return bench.newest() == 1; });
  bench.order(OrderKind::pause, 1);
  bench.exchange();
  paused.reset();
  bench.until([&] { return bench.has(RecordKind::closed, 1); });
  Caller reader(port, 4096);
  bench.until([&] { return bench.newest() == 2; });
  for (int n = 0; n < 20; n++) bench.send(2, Bytes(1 << 20, 1));
  CHECK(bench.last_unsent(2) > 0);
  reader.reset();
  bench.until([&] { return bench.has(RecordKind::closed, 2); });
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{0});
}

TEST("orders for what has gone, or never was, do nothing") {
  Bench bench;
  Caller caller(bench.open());
  bench.until([&] { return bench.newest() == 1; });
  bench.order(OrderKind::reset, 1);
  for (const uint64_t id : {uint64_t{1}, uint64_t{99}}) {
    bench.order(OrderKind::send, id, Bytes(10, 1));
    bench.order(OrderKind::pause, id);
    bench.order(OrderKind::resume, id);
    bench.order(OrderKind::close, id);
    bench.order(OrderKind::reset, id);
  }
  bench.exchange();
  CHECK_EQUAL(bench.count(RecordKind::closed, 1), size_t{1});
  bench.until([&] {
    caller.hear();
    return caller.is_reset;
  });
}

TEST("a queue that nobody takes from ends its connection at its bound") {
  PollerConfig config = test_config();
  config.queue_bytes_max = 8 << 20;
  Bench bench(config);
  Caller caller(bench.open(), 4096);
  bench.until([&] { return bench.newest() == 1; });
  for (int n = 0; n < 40 && !bench.has(RecordKind::closed, 1); n++)
    bench.send(1, Bytes(1 << 20, 1));
  CHECK(bench.has(RecordKind::closed, 1));
  CHECK_EQUAL(bench.poller->stats().queues_overflowed, uint64_t{1});
}

TEST("a full batch reads nothing more, and loses nothing") {
  Bench bench(test_config(), 256 * 1024);
  const uint16_t port = bench.open();
  std::vector<std::unique_ptr<Caller>> callers;
  const Bytes frame = client_frame(40'000);
  callers.reserve(16);
  for (int n = 0; n < 16; n++) callers.push_back(std::make_unique<Caller>(port));
  bench.until([&] { return bench.poller->stats().connections == 16; });
  for (auto& caller : callers) caller->say(frame);
  for (uint64_t id = 1; id <= 16; id++) {
    bench.until([&] { return bench.bytes_of(id) == frame; });
  }
}

TEST("a storm of callers is taken in by and by, and the bound on sockets holds") {
  PollerConfig config = test_config();
  config.sockets_max = 100;
  config.accepts_per_wake_max = 8;
  Bench bench(config);
  const uint16_t port = bench.open();
  std::vector<std::unique_ptr<Caller>> callers;
  callers.reserve(150);
  for (int n = 0; n < 150; n++) callers.push_back(std::make_unique<Caller>(port));
  size_t before = 0;
  bench.until([&] {
    const auto stats = bench.poller->stats();
    // A thread makes wake-ups of its own.
    if (!Bench::is_threaded()) CHECK(stats.accepted + stats.refused - before <= 16);
    before = stats.accepted + stats.refused;
    return before == 150;
  });
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{100});
  CHECK_EQUAL(bench.poller->stats().refused, uint64_t{50});
  callers[3]->say(client_frame(9));
  bench.until([&] { return bench.has(RecordKind::received, 4); });
}

// Leaves this process no descriptor but those that it has, until its end.
class Drought final {
 public:
  explicit Drought(int spare) {
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = dup(0);
    CHECK(next >= 0);
    ::close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next) + static_cast<rlim_t>(spare);
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~Drought() { end(); }
  void end() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST("without descriptors callers are turned away by being closed; those inside are served") {
  // Who is to wait outside until there is a drought can only be held by hand.
  if (Bench::is_threaded()) return;
  Bench bench;
  const uint16_t port = bench.open();
  Caller inside(port);
  bench.until([&] { return bench.poller->stats().connections == 1; });
  // The callers' own sockets are open before the drought begins.
  std::vector<std::unique_ptr<Caller>> callers;
  callers.reserve(5);
  for (int n = 0; n < 5; n++) callers.push_back(std::make_unique<Caller>(port));
  {
    const Drought drought(0);
    bench.until([&] { return bench.poller->stats().refused == 5; });
    inside.say(client_frame(10));
    bench.until([&] { return bench.has(RecordKind::received, 1); });
    for (auto& caller : callers) {
      caller->hear();
      CHECK(caller->is_ended);
    }
  }
  Caller later(port);
  bench.until([&] { return bench.poller->stats().connections == 2; });
}

TEST("when not even one descriptor can be spared, nobody is accepted for a while, and then again") {
  // Who is to wait outside until there is a drought can only be held by hand.
  if (Bench::is_threaded()) return;
  Bench bench;
  const uint16_t port = bench.open();
  std::vector<std::unique_ptr<Caller>> callers;
  callers.reserve(3);
  for (int n = 0; n < 3; n++) callers.push_back(std::make_unique<Caller>(port));
  {
    // A limit below all that is open: what is given back cannot be had again either.
    rlimit before = {};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 3;
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    bench.until([&] { return bench.poller->stats().accept_pauses >= 2; });
    setrlimit(RLIMIT_NOFILE, &before);
  }
  bench.until(
      [&] { return bench.poller->stats().refused + bench.poller->stats().connections == 3; });
}

TEST("random and broken bytes on many connections crash nothing and are all handed over") {
  Bench bench;
  const uint16_t port = bench.open();
  std::mt19937 random(7);
  for (int round = 0; round < 200; round++) {
    Caller caller(port);
    Bytes stream = random() % 2 == 0 ? client_frame(random() % 500) : peer_hello(2);
    for (int n = 0; n < 4; n++) {
      const Bytes more =
          random() % 2 == 0 ? client_frame(random() % 3'000) : peer_frame(80 + random() % 99 * 8);
      stream.insert(stream.end(), more.begin(), more.end());
    }
    for (int n = 0; n < 3; n++) stream[random() % stream.size()] = static_cast<uint8_t>(random());
    caller.say(stream);
    bench.step(1);
    if (random() % 2 == 0) caller.reset();
    bench.step(1);
  }
  bench.until([&] { return bench.poller->stats().connections == 0; });
}

}  // namespace

int main() { return apex::test::run(); }
