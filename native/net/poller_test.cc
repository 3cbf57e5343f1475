// What a poller does with sockets that behave.
#include "net/poller.h"

#include "net/testing.h"
#include "test/check.h"

namespace {

using namespace apex::net;           // NOLINT: the tests speak its language
using namespace apex::net::testing;  // NOLINT

TEST("who says nothing is announced in time, with an address") {
  Bench bench;
  Caller caller(bench.open());
  bench.announced();
  const Bytes text = bench.seen[0].bytes;
  CHECK(std::string(text.begin(), text.end()).rfind("127.0.0.1:", 0) == 0);
}

TEST("a frame that comes in pieces is handed over whole; pipelined ones in one piece") {
  Bench bench;
  Caller caller(bench.open());
  const Bytes frame = client_frame(1'000);
  for (size_t at = 0; at < frame.size(); at += 100) {
    caller.say(Bytes(frame.begin() + static_cast<ptrdiff_t>(at),
                     frame.begin() + static_cast<ptrdiff_t>(std::min(frame.size(), at + 100))));
    bench.step(5);
  }
  bench.until([&] { return bench.newest() != 0 && bench.bytes_of(bench.newest()) == frame; });
  const uint64_t id = bench.newest();
  CHECK_EQUAL(bench.count(RecordKind::received, id), size_t{1});
  Bytes many;
  for (int n = 0; n < 64; n++) many.insert(many.end(), frame.begin(), frame.end());
  caller.say(many);
  bench.until([&] { return bench.bytes_of(id).size() == frame.size() + many.size(); });
  for (const Seen& one : bench.seen) {
    if (one.kind == RecordKind::received) CHECK_EQUAL(one.bytes.size() % frame.size(), size_t{0});
  }
}

TEST("a frame larger than all tables goes through in pieces") {
  Bench bench;
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  const Bytes frame = client_frame(3 << 20);
  size_t said = 0;
  while (said < frame.size()) {
    const size_t end = std::min(frame.size(), said + 50'000);
    caller.say(Bytes(frame.begin() + static_cast<ptrdiff_t>(said),
                     frame.begin() + static_cast<ptrdiff_t>(end)));
    said = end;
    bench.step(0);
  }
  bench.until([&] { return bench.bytes_of(id).size() == frame.size(); });
  CHECK(bench.bytes_of(id) == frame);
}

TEST("what is sent in one exchange leaves in order; nobody hears of what has left at once") {
  Bench bench;
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  Bytes all;
  for (size_t n = 0; n < 200; n++) {
    const Bytes piece(n * 3 + 1, static_cast<uint8_t>(n));
    bench.order(OrderKind::send, id, piece);
    all.insert(all.end(), piece.begin(), piece.end());
  }
  bench.exchange();
  Bytes heard;
  while (heard.size() < all.size()) {
    const Bytes more = caller.hear();
    heard.insert(heard.end(), more.begin(), more.end());
  }
  CHECK(heard == all);
  CHECK(!bench.has(RecordKind::unsent, id));
}

TEST("what a slow reader leaves is counted, and told when it has been taken") {
  Bench bench;
  Caller caller(bench.open(), 4096);
  const uint64_t id = bench.announced();
  Bytes all;
  for (size_t n = 0; n < 40; n++) {
    const Bytes piece(1 << 20, static_cast<uint8_t>(n * 7));
    bench.send(id, piece);
    all.insert(all.end(), piece.begin(), piece.end());
  }
  CHECK(bench.last_unsent(id) > 1 << 20);
  CHECK(bench.last_unsent(id) <= all.size());
  Bytes heard;
  bench.until(
      [&] {
        const Bytes more = caller.hear();
        heard.insert(heard.end(), more.begin(), more.end());
        return heard.size() == all.size() && bench.last_unsent(id) == 0;
      },
      100'000);
  CHECK(heard == all);
}

TEST("a paused connection is not read, and is again once it is resumed") {
  Bench bench;
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  bench.order(OrderKind::pause, id);
  bench.exchange();
  caller.say(client_frame(100));
  for (int n = 0; n < 5; n++) bench.step(5);
  CHECK(!bench.has(RecordKind::received, id));
  bench.order(OrderKind::resume, id);
  bench.exchange();
  bench.until([&] { return bench.bytes_of(id).size() == 116; });
}

TEST("a flushing close lets everything out, takes nothing in, and ends once") {
  Bench bench;
  Caller caller(bench.open());
  const uint64_t id = bench.announced();
  caller.say(client_frame(50'000));
  const Bytes last(1 << 20, 9);
  bench.order(OrderKind::send, id, last);
  bench.order(OrderKind::close, id);
  bench.exchange();
  bench.send(id, Bytes(10, 1));
  Bytes heard;
  bench.until([&] {
    const Bytes more = caller.hear();
    heard.insert(heard.end(), more.begin(), more.end());
    return caller.is_ended;
  });
  CHECK(heard == last);
  CHECK(!caller.is_reset);
  caller.close();
  bench.until([&] { return bench.has(RecordKind::closed, id); });
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{0});
  CHECK_EQUAL(bench.count(RecordKind::closed, id), size_t{1});
  CHECK(bench.seen.back().kind == RecordKind::closed);
}

TEST("who does not take a flushing close is let go when its time is over") {
  Bench bench;
  Caller caller(bench.open(), 4096);
  const uint64_t id = bench.announced();
  for (int n = 0; n < 20; n++) bench.send(id, Bytes(1 << 20, 1));
  bench.order(OrderKind::close, id);
  bench.exchange();
  bench.until([&] { return bench.has(RecordKind::closed, id); });
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{0});
}

TEST("a half-closed client gets what is queued, then its end") {
  Bench bench;
  Caller caller(bench.open(), 4096);
  const uint64_t id = bench.announced();
  Bytes all;
  for (size_t n = 0; n < 20; n++) {
    bench.send(id, Bytes(1 << 20, static_cast<uint8_t>(n)));
    all.insert(all.end(), 1 << 20, static_cast<uint8_t>(n));
  }
  CHECK(bench.last_unsent(id) > 0);
  caller.half_close();
  Bytes heard;
  bench.until(
      [&] {
        const Bytes more = caller.hear();
        heard.insert(heard.end(), more.begin(), more.end());
        return caller.is_ended;
      },
      100'000);
  CHECK(heard == all);
  bench.until([&] { return bench.has(RecordKind::closed, id); });
}

TEST("a peer's greeting makes a peer of it: its frames come whole, and no client is announced") {
  PollerConfig config = test_config();
  config.silent_ms = 60'000;
  Bench bench(config);
  Caller caller(bench.open());
  Bytes stream = peer_hello(3);
  const Bytes frames[] = {peer_frame(80), peer_frame(4'096, 1), peer_frame(600'000, 2)};
  for (const Bytes& frame : frames) stream.insert(stream.end(), frame.begin(), frame.end());
  size_t said = 0;
  for (size_t piece = 1; said < stream.size(); piece = piece * 3 + 1) {
    const size_t end = std::min(stream.size(), said + std::min<size_t>(piece, 40'000));
    caller.say(Bytes(stream.begin() + static_cast<ptrdiff_t>(said),
                     stream.begin() + static_cast<ptrdiff_t>(end)));
    said = end;
    bench.step(2);
  }
  const size_t greeting = peer_hello(3).size();
  bench.until([&] {
    return bench.bytes_of(1, RecordKind::peer_received).size() == stream.size() - greeting;
  });
  CHECK(bench.bytes_of(1, RecordKind::peer_received) ==
        Bytes(stream.begin() + static_cast<ptrdiff_t>(greeting), stream.end()));
  CHECK(bench.seen[0].kind == RecordKind::peer_opened);
  CHECK_EQUAL(bench.seen[0].number, uint64_t{3});
  CHECK_EQUAL(bench.newest(), uint64_t{0});
}

TEST("a slow peer that was taken for a client is a peer after all") {
  Bench bench;
  Caller caller(bench.open());
  bench.announced();
  caller.say(peer_hello(2));
  bench.until([&] { return bench.has(RecordKind::peer_opened, bench.newest()); });
  CHECK(bench.has(RecordKind::closed, bench.newest()));
}

TEST("a link comes up, carries bytes, and is gone when the other end goes") {
  Bench bench;
  Bench other;
  const uint16_t port = other.open();
  const uint64_t id = bench.dial(port);
  bench.until([&] { return bench.has(RecordKind::link_up, id); });
  const Bytes ip = bench.bytes_of(id, RecordKind::link_up);
  CHECK(std::string(ip.begin(), ip.end()) == "127.0.0.1");
  bench.order(OrderKind::send, id, peer_hello(9));
  bench.order(OrderKind::send, id, peer_frame(160));
  bench.exchange();
  other.until([&] { return other.has(RecordKind::peer_received, 1); });
  CHECK(other.bytes_of(1, RecordKind::peer_received) == peer_frame(160));
  other.poller->shut_down(false);
  bench.until([&] { return bench.has(RecordKind::closed, id); });
}

TEST("a link to where nobody listens ends without having come up") {
  Bench bench;
  uint16_t port = 0;
  {
    Bench other;
    port = other.open();
  }
  const uint64_t id = bench.dial(port);
  bench.until([&] { return bench.has(RecordKind::closed, id); });
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{0});
}

TEST("datagrams go to their target and come as they were sent") {
  Bench one;
  Bench two;
  CHECK(one.poller->open_gossip(loopback(0)) > 0);
  const int port = two.poller->open_gossip(loopback(0));
  CHECK(port > 0);
  one.poller->set_target(2, loopback(static_cast<uint16_t>(port)));
  const Bytes datagram(1'400, 5);
  one.order(OrderKind::gossip, 2, datagram);
  one.order(OrderKind::gossip, 7, datagram);
  one.exchange();
  two.until([&] { return two.has(RecordKind::gossip, 0); });
  CHECK(two.bytes_of(0, RecordKind::gossip) == datagram);
  CHECK_EQUAL(one.poller->stats().datagrams_sent, uint64_t{1});
  CHECK_EQUAL(one.poller->stats().datagrams_dropped, uint64_t{1});
}

TEST("a door that was closed can be opened again on its port; who was in stays") {
  Bench bench;
  const uint16_t port = bench.open();
  Caller caller(port);
  bench.announced();
  bench.poller->close_door(DoorName::clients);
  CHECK(!bench.poller->is_door_open(DoorName::clients));
  CHECK_EQUAL(bench.poller->open_door(DoorName::clients, loopback(port), true), int{port});
  Caller second(port);
  bench.until([&] { return bench.poller->stats().connections == 2; });
  caller.say(client_frame(4));
  bench.until([&] { return bench.bytes_of(1).size() == 20; });
}

TEST("who calls before the start waits; a taken port is an error") {
  Bench bench;
  const int port = bench.poller->open_door(DoorName::clients, loopback(0), true);
  CHECK(port > 0);
  Bench other;
  CHECK_EQUAL(
      other.poller->open_door(DoorName::clients, loopback(static_cast<uint16_t>(port)), true),
      -EADDRINUSE);
  Caller caller(static_cast<uint16_t>(port));
  bench.step(10);
  CHECK_EQUAL(bench.poller->stats().connections, uint64_t{0});
  bench.poller->start();
  bench.until([&] { return bench.poller->stats().connections == 1; });
}

TEST("a shut-down that flushes lets queued bytes out") {
  Bench bench;
  Caller caller(bench.open());
  bench.announced();
  const Bytes last(1 << 20, 3);
  bench.send(bench.newest(), last);
  bench.poller->shut_down(true);
  Bytes heard;
  bench.until([&] {
    const Bytes more = caller.hear();
    heard.insert(heard.end(), more.begin(), more.end());
    return caller.is_ended;
  });
  CHECK(heard == last);
}

}  // namespace

int main() { return apex::test::run(); }
