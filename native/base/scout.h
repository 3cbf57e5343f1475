// Goes ahead of look-ups in JavaScript's table (src/core/store/table.ts), many keys at a time:
// checksums their values and finds their slots. JavaScript holds keys, values and table as they are
// until the call is over; nothing that is told here is kept.
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

// The CRC-32C of each range; of half a mebibyte and more the process's pool does its share.
void checksum(const Ranges& ranges, std::uint32_t* crcs);

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

// What is found of each key: the halves of its hash, its slot within its shard, and the address of
// its record. A key that is not there has address 0 and the slot at which it would be put in;
// kNoSlot where that is for JavaScript to say, since another key has the upper half of its hash.
struct Found {
  std::uint32_t* high;
  std::uint32_t* low;
  std::uint32_t* slots;
  std::uint32_t* addresses;
};

inline constexpr std::uint32_t kNoSlot = 0xffff'ffff;

void find_keys(const Ranges& keys, std::uint64_t seed, const Shards& shards, const Regions& regions,
               const Found& found);

}  // namespace apex::base
