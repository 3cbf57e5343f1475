#include "base/crc32c.h"

#include <cstring>
#include <string>
#include <vector>

#include "test/check.h"

using apex::base::crc32c;
using apex::base::crc32c_by_instruction;
using apex::base::crc32c_by_table;
using apex::base::has_crc_instruction;

namespace {

std::vector<std::uint8_t> pattern(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t at = 0; at < size; at++) bytes[at] = static_cast<std::uint8_t>(at * 167 + 13);
  return bytes;
}

// One bit at a time, straight from the polynomial.
std::uint32_t bitwise(const std::uint8_t* data, std::size_t size, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  for (std::size_t at = 0; at < size; at++) {
    crc ^= data[at];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

}  // namespace

TEST("the CRC of the published vectors (RFC 3720, B.4) is the published one") {
  std::uint8_t bytes[32] = {};
  CHECK_EQUAL(crc32c(bytes, 32), 0x8a9136aaU);
  std::memset(bytes, 0xff, 32);
  CHECK_EQUAL(crc32c(bytes, 32), 0x62a8ab43U);
  for (std::uint8_t at = 0; at < 32; at++) bytes[at] = at;
  CHECK_EQUAL(crc32c(bytes, 32), 0x46dd794eU);
  for (std::uint8_t at = 0; at < 32; at++) bytes[at] = static_cast<std::uint8_t>(31 - at);
  CHECK_EQUAL(crc32c(bytes, 32), 0x113fdb5cU);
  CHECK_EQUAL(crc32c("123456789", 9), 0xe3069283U);
  CHECK_EQUAL(crc32c("", 0), 0U);
}

TEST("table and instruction equal the bitwise definition at every length and offset") {
  const auto bytes = pattern(90);
  for (std::size_t from = 0; from < 20; from++) {
    for (std::size_t size = 0; from + size <= bytes.size(); size++) {
      const auto* at = bytes.data() + from;
      const std::uint32_t expected = bitwise(at, size, 7);
      CHECK_EQUAL(crc32c_by_table(at, size, 7), expected);
      if (has_crc_instruction()) CHECK_EQUAL(crc32c_by_instruction(at, size, 7), expected);
    }
  }
}

TEST("a CRC goes on where another ended") {
  const auto bytes = pattern(4096);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 61) {
    const std::uint32_t first = crc32c(bytes.data(), cut);
    CHECK_EQUAL(crc32c(bytes.data() + cut, bytes.size() - cut, first),
                crc32c(bytes.data(), bytes.size()));
  }
}

int main() { return apex::test::run(); }
