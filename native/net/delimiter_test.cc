// Frames are handed over whole, whatever pieces they come in; what is no frame is not held.
#include "net/delimiter.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "test/check.h"

namespace {

using apex::net::Delimiter;
using apex::net::DelimiterLimits;
using apex::net::Protocol;
using Bytes = std::vector<uint8_t>;

constexpr DelimiterLimits kLimits = {4096, 1 << 20};

Bytes client_frame(size_t payload) {
  Bytes frame(16 + payload, 7);
  const Bytes head = {0xa9, 0xec, 0xbd, 0x10, 1, 0, 0, 0};
  std::copy(head.begin(), head.end(), frame.begin());
  for (int at = 0; at < 4; at++) {
    frame[8 + static_cast<size_t>(at)] = static_cast<uint8_t>(payload >> (24 - 8 * at));
  }
  return frame;
}

Bytes peer_frame(size_t total) {
  Bytes frame(total, 7);
  const Bytes head = {0xa9, 0x50, 0x45, 0x52, 1, 1, 0, 0};
  std::copy(head.begin(), head.end(), frame.begin());
  for (size_t at = 0; at < 4; at++) frame[8 + at] = static_cast<uint8_t>(total >> (8 * at));
  return frame;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Shows `stream` to a delimiter in pieces, holding back what it wants held; answers what it handed
// over, piece by piece.
std::vector<Bytes> cut(Delimiter& delimiter, const Bytes& stream,
                       const std::vector<size_t>& pieces) {
  std::vector<Bytes> taken;
  Bytes held;
  size_t at = 0;
  for (const size_t piece : pieces) {
    const size_t end = std::min(stream.size(), at + piece);
    held.insert(held.end(), stream.begin() + static_cast<ptrdiff_t>(at),
                stream.begin() + static_cast<ptrdiff_t>(end));
    at = end;
    const size_t whole = delimiter.take(held.data(), held.size());
    CHECK(whole <= held.size());
    CHECK((whole == held.size()) == (delimiter.wanted_bytes() == 0));
    CHECK(whole == held.size() || delimiter.wanted_bytes() > held.size() - whole);
    if (whole > 0) taken.emplace_back(held.begin(), held.begin() + static_cast<ptrdiff_t>(whole));
    held.erase(held.begin(), held.begin() + static_cast<ptrdiff_t>(whole));
  }
  return taken;
}

TEST("a frame that comes byte by byte is handed over once, whole") {
  for (const bool is_peer : {false, true}) {
    Delimiter delimiter(is_peer ? Protocol::peer : Protocol::client, kLimits);
    const Bytes frame = is_peer ? peer_frame(88) : client_frame(33);
    const auto taken = cut(delimiter, frame, std::vector<size_t>(frame.size(), 1));
    CHECK_EQUAL(taken.size(), size_t{1});
    CHECK(taken[0] == frame);
  }
}

TEST("however the pieces fall, every piece handed over ends where a frame ends") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; round++) {
    std::vector<Bytes> frames;
    std::vector<size_t> ends = {0};
    for (int n = 0; n < 8; n++) {
      frames.push_back(client_frame(random() % 200));
      ends.push_back(ends.back() + frames.back().size());
    }
    const Bytes stream = joined(frames);
    std::vector<size_t> pieces;
    for (size_t sum = 0; sum < stream.size(); sum += pieces.back()) {
      pieces.push_back(1 + random() % 90);
    }
    Delimiter delimiter(Protocol::client, kLimits);
    size_t at = 0;
    const std::vector<Bytes> taken = cut(delimiter, stream, pieces);
    for (const Bytes& piece : taken) {
      at += piece.size();
      CHECK(std::find(ends.begin(), ends.end(), at) != ends.end());
    }
    CHECK(joined(taken) == stream);
  }
}

TEST("a frame too large to be held goes through in pieces, and the next one is whole again") {
  const Bytes stream = joined({client_frame(10'000), client_frame(5)});
  Delimiter delimiter(Protocol::client, kLimits);
  const auto taken = cut(delimiter, stream, {5'000, 5'000, 20, 10, 1'000});
  CHECK(joined(taken) == stream);
  CHECK_EQUAL(taken.back().size(), size_t{21});
  CHECK(!delimiter.is_raw());
}

TEST("what is no frame is handed over at the first byte that shows it") {
  Delimiter first(Protocol::client, kLimits);
  CHECK_EQUAL(first.take(reinterpret_cast<const uint8_t*>("G"), 1), size_t{1});
  CHECK(first.is_raw());
  const Bytes almost = {0xa9, 0xec, 0xbd, 0x11};
  Delimiter second(Protocol::client, kLimits);
  CHECK_EQUAL(second.take(almost.data(), 3), size_t{0});
  CHECK_EQUAL(second.take(almost.data(), 4), size_t{4});
  CHECK(second.is_raw());
}

TEST("a length that cannot be makes everything after it raw") {
  for (const Bytes& bad : {client_frame(0), peer_frame(80)}) {
    const bool is_peer = bad[1] == 0x50;
    Bytes stream = bad;
    std::fill(stream.begin() + 8, stream.begin() + 12, 0xff);
    Delimiter delimiter(is_peer ? Protocol::peer : Protocol::client, kLimits);
    CHECK_EQUAL(delimiter.take(stream.data(), stream.size()), stream.size());
    CHECK(delimiter.is_raw());
    CHECK_EQUAL(delimiter.take(stream.data(), 5), size_t{5});
  }
}

TEST("whole frames before garbage are handed over with it") {
  Bytes stream = joined({client_frame(4), client_frame(9)});
  stream.push_back(0);
  Delimiter delimiter(Protocol::client, kLimits);
  CHECK_EQUAL(delimiter.take(stream.data(), stream.size()), stream.size());
  CHECK(delimiter.is_raw());
}

TEST("only a peer's HELLO in a version that is spoken makes a peer") {
  Bytes hello = client_frame(44);
  hello[4] = 0x20;
  std::fill(hello.begin() + 16, hello.end(), 0);
  hello[16] = 1;
  hello[17] = hello[18] = 1;
  hello[24] = 0x12;
  hello[25] = 0x34;
  const auto found = apex::net::read_hello(hello.data(), hello.size(), 1);
  CHECK(found.is_peer);
  CHECK_EQUAL(found.node, uint16_t{0x1234});
  CHECK_EQUAL(found.bytes, hello.size());
  CHECK(!apex::net::read_hello(hello.data(), hello.size() - 1, 1).is_peer);
  CHECK(!apex::net::read_hello(hello.data(), hello.size(), 2).is_peer);
  for (const size_t at :
       {size_t{0}, size_t{3}, size_t{4}, size_t{8}, size_t{11}, size_t{16}, size_t{19}}) {
    Bytes other = hello;
    other[at] ^= 2;
    CHECK(!apex::net::read_hello(other.data(), other.size(), 1).is_peer);
  }
}

}  // namespace

int main() { return apex::test::run(); }
