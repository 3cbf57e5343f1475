// Goes ahead of look-ups in JavaScript's table (src/core/store/table.ts), many keys at a time:
// hashes them, and has the memory that they will read drawn into the cache. It reads keys and
// nothing else: a place that is nobody's any more, or never was, costs a wasted prefetch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apex::base {

// Key n is bytes [from[n], to[n]).
struct Keys {
  const std::uint8_t* bytes;
  std::size_t count;
  const std::uint32_t* from;
  const std::uint32_t* to;
};

// The halves of each key's wyhash.
void hash_keys(const Keys& keys, std::uint64_t seed, std::uint32_t* high, std::uint32_t* low);

// `places`: addresses as numbers, 0 for none. Draws `bytes` bytes from each.
void draw_near(const double* places, std::size_t count, std::size_t bytes);

}  // namespace apex::base
