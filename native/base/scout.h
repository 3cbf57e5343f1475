// Goes ahead of look-ups in JavaScript's table (src/core/store/table.ts), many keys at a time:
// hashes them, checksums their values, has the memory that they will read drawn into the cache, and
// finds them. `draw_near` reads nothing: a place that is nobody's any more costs a wasted prefetch.
// `find_keys` reads the table, which JavaScript holds as it is until the call is over; nothing that
// it is told of is kept.
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

// A table's 64 shards, by number: where their slots are, how many are homes, and how many there
// are. A slot is two words: the upper half of a hash and an address, 0 for none.
struct Shards {
  const double* places;
  const double* capacities;
  const double* lengths;
};

// By number: where regions begin. An address is a region's number above `unit_shift` bits of a
// place within it, in units of 16 bytes.
struct Regions {
  const double* places;
  std::uint32_t unit_shift;
};

// What is found of each key: the halves of its hash, and the address of its record or 0.
struct Found {
  std::uint32_t* high;
  std::uint32_t* low;
  std::uint32_t* addresses;
};

void find_keys(const Ranges& keys, std::uint64_t seed, const Shards& shards, const Regions& regions,
               const Found& found);

}  // namespace apex::base
