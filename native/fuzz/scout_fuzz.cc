// What goes ahead of look-ups, held against plain ways to the same answers: checksums of ranges (of
// blocks and of values), and keys in tables of the fuzzer's making.
//
// Input: one byte of choice (homes, and how records are shaped), then keys, each behind a byte that
// says how long it is (0 to 15) and what becomes of it: stored, only asked for, or stored behind a
// record that has the upper half of its hash and another key.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/scout.h"
#include "base/wyhash.h"

namespace {

using apex::base::kNoSlot;

constexpr std::uint64_t kSeed = 0x0123'4567'89ab'cdef;
constexpr std::size_t kShards = 64;
constexpr std::uint32_t kUnitShift = 12;
constexpr std::size_t kUnitBytes = 16;
constexpr std::uint8_t kStored = 0x10;
constexpr std::uint8_t kShadowed = 0x20;

void must(bool claim) {
  if (!claim) std::abort();
}

std::uint32_t plain_crc(const std::uint8_t* from, const std::uint8_t* to) {
  std::uint32_t crc = ~0U;
  for (; from < to; from++) {
    crc ^= *from;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f6'3b78U : 0);
  }
  return ~crc;
}

struct Slot {
  std::uint64_t hash;
  std::uint32_t address;
};

// One region, and shards whose slots lie in the order of their hashes, each at its home or behind.
class Table {
 public:
  Table(std::uint8_t choice, const std::map<std::string, std::uint8_t>& keys)
      : homes_(1 + choice % 8), has_deadlines_((choice & 8) != 0) {
    std::array<std::vector<Slot>, kShards> shards;
    for (const auto& [key, fate] : keys) {
      if ((fate & kStored) == 0) continue;
      const std::uint64_t hash = apex::base::wyhash(key.data(), key.size(), kSeed);
      std::vector<Slot>& shard = shards[hash >> 58];
      if ((fate & kShadowed) != 0) shard.push_back({hash, put(key + "'")});
      addresses_[key] = put(key);
      shard.push_back({hash, addresses_[key]});
    }
    // Exactly as long as it must be, so that reading past the last record is found.
    region_.shrink_to_fit();
    for (std::size_t at = 0; at < kShards; at++) place(at, shards[at]);
    region_places_[1] = place_of(region_.data());
  }

  // The address of a key's record, 0: it is not there.
  std::uint32_t address_of(const std::string& key) const {
    const auto found = addresses_.find(key);
    return found == addresses_.end() ? 0 : found->second;
  }

  const std::vector<std::uint32_t>& slots_of(std::uint32_t high) const {
    return slots_[high >> 26];
  }

  void find(const std::vector<std::uint8_t>& bytes, const std::vector<std::uint32_t>& from,
            const std::vector<std::uint32_t>& to, const apex::base::Found& found) const {
    apex::base::find_keys({bytes.data(), from.size(), from.data(), to.data()}, kSeed,
                          {places_.data(), capacities_.data(), lengths_.data()},
                          {region_places_.data(), kUnitShift}, found);
  }

 private:
  static double place_of(const void* memory) {
    return static_cast<double>(reinterpret_cast<std::uintptr_t>(memory));
  }

  std::uint32_t put(const std::string& key) {
    const std::size_t unit = (region_.size() + kUnitBytes - 1) / kUnitBytes;
    const std::size_t head = has_deadlines_ ? 28 : 16;
    region_.resize(unit * kUnitBytes + head + key.size());
    std::uint8_t* record = region_.data() + unit * kUnitBytes;
    record[3] = has_deadlines_ ? 0xc0 : 0x80;
    record[4] = static_cast<std::uint8_t>(key.size());
    std::copy(key.begin(), key.end(), record + head);
    return 1U << kUnitShift | static_cast<std::uint32_t>(unit);
  }

  void place(std::size_t at, std::vector<Slot>& shard) {
    std::stable_sort(shard.begin(), shard.end(),
                     [](const Slot& a, const Slot& b) { return a.hash < b.hash; });
    std::vector<std::uint32_t>& slots = slots_[at];
    slots.resize(2 * homes_);
    std::size_t next = 0;
    for (const Slot& slot : shard) {
      const auto high = static_cast<std::uint32_t>(slot.hash >> 32);
      const std::size_t home = (std::uint64_t{high << 6} * homes_) >> 32;
      const std::size_t here = std::max(next, home);
      slots.resize(std::max(slots.size(), 2 * (here + 1)));
      slots[2 * here] = high;
      slots[2 * here + 1] = slot.address;
      next = here + 1;
    }
    slots.shrink_to_fit();
    const std::size_t count = slots.size() / 2;
    places_[at] = place_of(slots.data());
    capacities_[at] = static_cast<double>(homes_);
    lengths_[at] = static_cast<double>(count);
  }

  std::size_t homes_;
  bool has_deadlines_;
  std::vector<std::uint8_t> region_;
  std::map<std::string, std::uint32_t> addresses_;
  std::array<std::vector<std::uint32_t>, kShards> slots_;
  std::array<double, kShards> places_{};
  std::array<double, kShards> capacities_{};
  std::array<double, kShards> lengths_{};
  std::array<double, 2> region_places_{};
};

// Where a key that is not there would be put in: behind all that are less, before all that are
// more.
void check_place(const std::vector<std::uint32_t>& slots, std::uint32_t high, std::uint32_t slot) {
  bool is_hash_there = false;
  for (std::size_t at = 0; at < slots.size(); at += 2) {
    is_hash_there = is_hash_there || (slots[at + 1] != 0 && slots[at] == high);
  }
  must((slot == kNoSlot) == is_hash_there);
  if (is_hash_there) return;
  must(2 * std::size_t{slot} <= slots.size());
  for (std::size_t at = 0; at < slots.size(); at += 2) {
    if (slots[at + 1] != 0) must(at < 2 * std::size_t{slot} ? slots[at] < high : slots[at] > high);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<std::uint8_t> bytes(data, data + size);
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
  std::map<std::string, std::uint8_t> keys;
  for (std::size_t at = 1; at < size;) {
    const std::size_t end = std::min(size, at + 1 + (bytes[at] & 15));
    from.push_back(static_cast<std::uint32_t>(at + 1));
    to.push_back(static_cast<std::uint32_t>(end));
    keys.emplace(std::string(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                             bytes.begin() + static_cast<std::ptrdiff_t>(end)),
                 bytes[at]);
    at = end;
  }
  // Addresses of one region: so many records fit.
  if (keys.size() > 600) return 0;
  const std::size_t count = from.size();

  std::vector<std::uint32_t> crcs(count);
  apex::base::checksum({bytes.data(), count, from.data(), to.data()}, crcs.data());
  for (std::size_t at = 0; at < count; at++) {
    must(crcs[at] == plain_crc(bytes.data() + from[at], bytes.data() + to[at]));
  }

  const Table table(bytes[0], keys);
  std::vector<std::uint32_t> high(count);
  std::vector<std::uint32_t> low(count);
  std::vector<std::uint32_t> slots(count);
  std::vector<std::uint32_t> addresses(count);
  table.find(bytes, from, to, {high.data(), low.data(), slots.data(), addresses.data()});
  for (std::size_t at = 0; at < count; at++) {
    const std::string key(bytes.begin() + from[at], bytes.begin() + to[at]);
    const std::uint64_t hash = apex::base::wyhash(key.data(), key.size(), kSeed);
    must((std::uint64_t{high[at]} << 32 | low[at]) == hash);
    must(addresses[at] == table.address_of(key));
    const std::vector<std::uint32_t>& there = table.slots_of(high[at]);
    if (addresses[at] != 0) {
      must(there[2 * std::size_t{slots[at]} + 1] == addresses[at]);
    } else {
      check_place(there, high[at], slots[at]);
    }
  }
  return 0;
}
