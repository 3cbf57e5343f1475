// Goes ahead of look-ups in JavaScript's table (src/core/store/table.ts), many keys at a time:
// hashes them, checksums their values, and has the memory that they will read drawn into the cache.
// It reads keys and values and nothing else: a place that is nobody's any more, or never was, costs
// a wasted prefetch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apex::base {

// Range n is bytes [from[n], to[n]): a key, or a value.
struct Ranges {
  const std::uint8_t* bytes;
  std::size_t count;
  const std::uint32_t* from;
  const std::uint32_t* to;
};

// The halves of each key's wyhash.
void hash_keys(const Ranges& keys, std::uint64_t seed, std::uint32_t* high, std::uint32_t* low);

// The CRC-32C of each range; of half a mebibyte and more the process's pool does its share.
void checksum(const Ranges& ranges, std::uint32_t* crcs);

// `places`: addresses as numbers, 0 for none. Draws `bytes` bytes from each.
void draw_near(const double* places, std::size_t count, std::size_t bytes);

}  // namespace apex::base
