#include "base/wyhash.h"

#include <cstring>

namespace apex::base {
namespace {

constexpr std::uint64_t kSecret[4] = {0x2d358dccaa6c78a5, 0x8bb84b93962eacc9, 0x4b33a62ed433d4a3,
                                      0x4d5a2da51de1aa47};
constexpr std::size_t kWideBytes = 48;

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t read8(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::uint64_t read4(const std::uint8_t* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie");

}  // namespace

std::uint64_t wyhash(const void* data, std::size_t size, std::uint64_t seed) {
  const auto* at = static_cast<const std::uint8_t*>(data);
  seed ^= mix(seed ^ kSecret[0], kSecret[1]);
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (size > 16) {
    std::size_t left = size;
    if (left >= kWideBytes) {
      std::uint64_t second = seed;
      std::uint64_t third = seed;
      for (; left >= kWideBytes; left -= kWideBytes, at += kWideBytes) {
        seed = mix(read8(at) ^ kSecret[1], read8(at + 8) ^ seed);
        second = mix(read8(at + 16) ^ kSecret[2], read8(at + 24) ^ second);
        third = mix(read8(at + 32) ^ kSecret[3], read8(at + 40) ^ third);
      }
      seed ^= second ^ third;
    }
    for (; left > 16; left -= 16, at += 16) {
      seed = mix(read8(at) ^ kSecret[1], read8(at + 8) ^ seed);
    }
    a = read8(at + left - 16);
    b = read8(at + left - 8);
  } else if (size >= 4) {
    const std::size_t step = size >> 3 << 2;
    a = read4(at) << 32 | read4(at + step);
    b = read4(at + size - 4) << 32 | read4(at + size - 4 - step);
  } else if (size > 0) {
    a = static_cast<std::uint64_t>(at[0]) << 16 | static_cast<std::uint64_t>(at[size >> 1]) << 8 |
        at[size - 1];
  }
  const Wide product = static_cast<Wide>(a ^ kSecret[1]) * (b ^ seed);
  return mix(static_cast<std::uint64_t>(product) ^ kSecret[0] ^ size,
             static_cast<std::uint64_t>(product >> 64) ^ kSecret[1]);
}

}  // namespace apex::base
