#include "base/scout.h"

#include <cstdint>
#include <vector>

#include "base/crc32c.h"
#include "base/wyhash.h"
#include "test/check.h"

using apex::base::checksum;
using apex::base::draw_near;
using apex::base::hash_keys;
using apex::base::Ranges;

TEST("every key gets its hash, in two halves") {
  const std::vector<std::uint8_t> bytes{1,  2,  3,  4,  5,  6,  7,  8,  9,
                                        10, 11, 12, 13, 14, 15, 16, 17, 18};
  const std::vector<std::uint32_t> from{0, 3, 3, 18};
  const std::vector<std::uint32_t> to{18, 3, 9, 18};
  std::vector<std::uint32_t> high(5, 77);
  std::vector<std::uint32_t> low(5, 77);
  const std::uint64_t seed = 0x0123'4567'89ab'cdef;
  hash_keys(Ranges{bytes.data(), from.size(), from.data(), to.data()}, seed, high.data(),
            low.data());
  for (std::size_t at = 0; at < from.size(); at++) {
    const std::uint64_t hash = apex::base::wyhash(bytes.data() + from[at], to[at] - from[at], seed);
    CHECK((static_cast<std::uint64_t>(high[at]) << 32 | low[at]) == hash);
  }
  CHECK(high[4] == 77 && low[4] == 77);
}

TEST("every range gets its checksum, an empty one too") {
  const std::vector<std::uint8_t> bytes{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<std::uint32_t> from{0, 4, 2};
  const std::vector<std::uint32_t> to{9, 4, 5};
  std::vector<std::uint32_t> crcs(4, 77);
  checksum(Ranges{bytes.data(), from.size(), from.data(), to.data()}, crcs.data());
  CHECK_EQUAL(crcs[0], apex::base::crc32c(bytes.data(), 9));
  CHECK_EQUAL(crcs[1], 0U);
  CHECK_EQUAL(crcs[2], apex::base::crc32c(bytes.data() + 2, 3));
  CHECK_EQUAL(crcs[3], 77U);
}

TEST("many bytes are checksummed alike, by the pool") {
  std::vector<std::uint8_t> bytes(4 << 20);
  for (std::size_t at = 0; at < bytes.size(); at++)
    bytes[at] = static_cast<std::uint8_t>(at * 7 >> 3);
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
  for (std::uint32_t at = 0; at + 300'000 <= bytes.size(); at += 300'000) {
    from.push_back(at);
    to.push_back(at + 299'993);
  }
  std::vector<std::uint32_t> crcs(from.size(), 77);
  for (int round = 0; round < 20; round++) {
    checksum(Ranges{bytes.data(), from.size(), from.data(), to.data()}, crcs.data());
    for (std::size_t at = 0; at < from.size(); at++) {
      CHECK_EQUAL(crcs[at], apex::base::crc32c(bytes.data() + from[at], to[at] - from[at]));
    }
  }
}

TEST("whatever is no place does no harm") {
  std::vector<std::uint8_t> bytes(1000);
  const auto start = static_cast<double>(reinterpret_cast<std::uintptr_t>(bytes.data()));
  const std::vector<double> places{0, 1, start, start + 999, 4096, 1e15};
  draw_near(places.data(), places.size(), 192);
  draw_near(places.data(), 0, 192);
  for (const std::uint8_t byte : bytes) CHECK(byte == 0);
}

int main() { return apex::test::run(); }
