#include "base/scout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/crc32c.h"
#include "base/pool.h"
#include "base/wyhash.h"

namespace apex::base {
namespace {

// Below this nobody can be woken in time to be of use.
constexpr std::uint64_t kSharedBytes = 512 * 1024;

std::uint64_t total_bytes(const Ranges& ranges) {
  std::uint64_t bytes = 0;
  for (std::size_t at = 0; at < ranges.count; at++) bytes += ranges.to[at] - ranges.from[at];
  return bytes;
}

// As many as the cache and a processor's outstanding loads have a use for.
constexpr std::size_t kTogether = 64;
// A slot and those behind it; a small record's head, key and value.
constexpr std::size_t kNearSlotBytes = 64;
constexpr std::size_t kNearRecordBytes = 192;

// src/core/store/record.ts has the layout.
constexpr std::uint32_t kUnitBytes = 16;
constexpr std::uint32_t kHeadBytes = 16;
constexpr std::uint32_t kDeadlineBytes = 12;
constexpr std::uint32_t kHasDeadline = 1U << 30;
constexpr std::uint32_t kKeyBit16 = 1U << 29;

void draw(const void* place, std::size_t bytes) {
  const auto start = reinterpret_cast<std::uintptr_t>(place);
  const std::uintptr_t first = start / kCacheLineBytes * kCacheLineBytes;
  for (std::uintptr_t line = first; line < start + bytes; line += kCacheLineBytes) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing is read there; a place beyond is no fault.
    __builtin_prefetch(reinterpret_cast<const void*>(line));
  }
}

template <typename Pointed>
const Pointed* pointer_to(double place) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): JavaScript has numbers only.
  return reinterpret_cast<const Pointed*>(static_cast<std::uintptr_t>(place));
}

const std::uint8_t* record_at(const Regions& regions, std::uint32_t address) {
  const std::uint32_t unit = address & ((1U << regions.unit_shift) - 1);
  const double start = regions.places[address >> regions.unit_shift];
  return pointer_to<std::uint8_t>(start) + static_cast<std::size_t>(unit) * kUnitBytes;
}

bool has_key(const std::uint8_t* record, const std::uint8_t* key, std::uint32_t bytes) {
  std::uint32_t word = 0;
  std::uint16_t key_bytes = 0;
  std::memcpy(&word, record, sizeof word);
  std::memcpy(&key_bytes, record + 4, sizeof key_bytes);
  if ((key_bytes | ((word & kKeyBit16) != 0 ? 1U << 16 : 0)) != bytes) return false;
  const std::uint32_t head = (word & kHasDeadline) != 0 ? kHeadBytes + kDeadlineBytes : kHeadBytes;
  return std::memcmp(record + head, key, bytes) == 0;
}

// Slots from the one that a look-up has come to, up to the last.
struct Walk {
  const std::uint32_t* first;
  const std::uint32_t* at;
  const std::uint32_t* end;
  std::uint32_t high;

  bool is_at_hash() const { return at < end && at[1] != 0 && at[0] == high; }
  std::uint32_t slot() const { return static_cast<std::uint32_t>((at - first) / 2); }
};

// The slot at which a key of this hash is at home. In floating point, as JavaScript does it
// (src/core/store/shard.ts): beyond 2^21 slots the product is rounded.
Walk begin_at_home(const Shards& shards, std::uint32_t high) {
  const std::size_t shard = high >> 26;
  const double share = static_cast<double>(high << 6) * shards.capacities[shard];
  const auto home = static_cast<std::size_t>(std::floor(share / 4294967296.0));
  const auto* slots = pointer_to<std::uint32_t>(shards.places[shard]);
  const auto count = static_cast<std::size_t>(shards.lengths[shard]);
  return {slots, slots + 2 * home, slots + 2 * count, high};
}

// Each pass begins what the next one waits for: slots, then records.
void find_some(const Ranges& keys, std::uint64_t seed, const Shards& shards, const Regions& regions,
               const Found& found) {
  std::array<Walk, kTogether> walks;
  for (std::size_t at = 0; at < keys.count; at++) {
    const std::uint32_t from = keys.from[at];
    const std::uint64_t hash = wyhash(keys.bytes + from, keys.to[at] - from, seed);
    found.high[at] = static_cast<std::uint32_t>(hash >> 32);
    found.low[at] = static_cast<std::uint32_t>(hash);
    walks[at] = begin_at_home(shards, found.high[at]);
    draw(walks[at].at, kNearSlotBytes);
  }
  for (std::size_t at = 0; at < keys.count; at++) {
    Walk& walk = walks[at];
    while (walk.at < walk.end && walk.at[1] != 0 && walk.at[0] < walk.high) walk.at += 2;
    if (walk.is_at_hash()) draw(record_at(regions, walk.at[1]), kNearRecordBytes);
  }
  for (std::size_t at = 0; at < keys.count; at++) {
    Walk& walk = walks[at];
    const std::uint32_t from = keys.from[at];
    found.slots[at] = walk.is_at_hash() ? kNoSlot : walk.slot();
    found.addresses[at] = 0;
    for (; walk.is_at_hash(); walk.at += 2) {
      if (!has_key(record_at(regions, walk.at[1]), keys.bytes + from, keys.to[at] - from)) continue;
      found.slots[at] = walk.slot();
      found.addresses[at] = walk.at[1];
      break;
    }
  }
}

}  // namespace

void checksum(const Ranges& ranges, std::uint32_t* crcs) {
  const auto some = [&](std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t at = first; at < end; at++) {
      const std::uint32_t from = ranges.from[at];
      crcs[at] = crc32c(ranges.bytes + from, ranges.to[at] - from);
    }
  };
  const auto count = static_cast<std::uint32_t>(ranges.count);
  const bool is_worth_it = count > 1 && total_bytes(ranges) >= kSharedBytes;
  if (is_worth_it)
    shared_pool().share(count, 1, some);
  else
    some(0, count);
}

void find_keys(const Ranges& keys, std::uint64_t seed, const Shards& shards, const Regions& regions,
               const Found& found) {
  for (std::size_t first = 0; first < keys.count; first += kTogether) {
    const std::size_t count = std::min(kTogether, keys.count - first);
    find_some(
        {keys.bytes, count, keys.from + first, keys.to + first}, seed, shards, regions,
        {found.high + first, found.low + first, found.slots + first, found.addresses + first});
  }
}

}  // namespace apex::base
