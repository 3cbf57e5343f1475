#include "base/scout.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/wyhash.h"
#include "test/check.h"

using apex::base::checksum;
using apex::base::find_keys;
using apex::base::kNoSlot;
using apex::base::Ranges;

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

// A table of two regions, of which shard 0 has slots; its keys' hashes are made up.
namespace {

constexpr std::uint64_t kSeed = 0x0123'4567'89ab'cdef;

std::uint64_t hash_of(const std::string& key) {
  return apex::base::wyhash(key.data(), key.size(), kSeed);
}

std::uint32_t high_of(const std::string& key) {
  return static_cast<std::uint32_t>(hash_of(key) >> 32);
}

struct Place {
  std::uint32_t slot;
  std::uint32_t address;

  bool operator==(const Place& other) const = default;
};

struct Table {
  std::vector<std::uint8_t> first = std::vector<std::uint8_t>(4096);
  std::vector<std::uint8_t> second = std::vector<std::uint8_t>(4096);
  std::vector<std::uint32_t> slots;
  std::vector<double> places = std::vector<double>(64, 0);
  std::vector<double> capacities = std::vector<double>(64, 0);
  std::vector<double> lengths = std::vector<double>(64, 0);
  std::vector<double> regions;
  static constexpr std::uint32_t kUnitShift = 8;

  static double place_of(const void* memory) {
    return static_cast<double>(reinterpret_cast<std::uintptr_t>(memory));
  }

  // A record of `key` at this unit of a region; its address.
  std::uint32_t put(std::uint32_t region, std::uint32_t unit, const std::string& key,
                    bool has_deadline) {
    std::uint8_t* record = (region == 1 ? first : second).data() + std::size_t{unit} * 16;
    record[3] = static_cast<std::uint8_t>(0x80 | (has_deadline ? 0x40 : 0) |
                                          (key.size() > 0xffff ? 0x20 : 0));
    record[4] = static_cast<std::uint8_t>(key.size());
    record[5] = static_cast<std::uint8_t>(key.size() >> 8);
    std::copy(key.begin(), key.end(), record + (has_deadline ? 28 : 16));
    return region << kUnitShift | unit;
  }

  // Slots as they would stand with so many homes: each key's address, by its hash.
  void place(std::size_t shard, std::size_t homes, std::vector<std::uint32_t> words) {
    slots = std::move(words);
    const std::size_t count = slots.size() / 2;
    places[shard] = place_of(slots.data());
    capacities[shard] = static_cast<double>(homes);
    lengths[shard] = static_cast<double>(count);
  }

  // What is found of so many keys, all the same.
  std::vector<Place> find(const std::string& key, std::size_t count = 1) {
    regions = {0, place_of(first.data()), place_of(second.data())};
    const std::vector<std::uint32_t> from(count, 0);
    const std::vector<std::uint32_t> to(count, static_cast<std::uint32_t>(key.size()));
    std::vector<std::uint32_t> high(count + 1, 77);
    std::vector<std::uint32_t> low(high);
    std::vector<std::uint32_t> found_slots(high);
    std::vector<std::uint32_t> addresses(high);
    find_keys({reinterpret_cast<const std::uint8_t*>(key.data()), count, from.data(), to.data()},
              kSeed, {places.data(), capacities.data(), lengths.data()},
              {regions.data(), kUnitShift},
              {high.data(), low.data(), found_slots.data(), addresses.data()});
    CHECK(low[count] == 77 && found_slots[count] == 77 && addresses[count] == 77);
    std::vector<Place> result;
    for (std::size_t at = 0; at < count; at++) {
      CHECK((std::uint64_t{high[at]} << 32 | low[at]) == hash_of(key));
      result.push_back({found_slots[at], addresses[at]});
    }
    return result;
  }
};

}  // namespace

TEST("a key is found behind others of its home, and behind others of its hash") {
  const std::string key = "the key";
  const std::uint32_t high = high_of(key);
  for (const bool has_deadline : {false, true}) {
    Table table;
    const std::uint32_t other = table.put(1, 3, "another", false);
    const std::uint32_t longer = table.put(1, 7, "the key and more", has_deadline);
    const std::uint32_t mine = table.put(2, 9, key, has_deadline);
    table.place(high >> 26, 1, {high - 1, other, high, other, high, longer, high, mine, 0, 0});
    CHECK((table.find(key)[0] == Place{3, mine}));
    table.place(high >> 26, 1, {high - 1, other, high, other, 0, 0, high, mine});
    CHECK((table.find(key)[0] == Place{kNoSlot, 0}));
  }
}

TEST("a key that is not there has a place behind those that are less") {
  const std::string key = "the key";
  const std::uint32_t high = high_of(key);
  Table table;
  const std::uint32_t mine = table.put(1, 3, key, false);
  table.place(high >> 26, 1, {high - 2, mine, high - 1, mine, high + 1, mine, 0, 0});
  CHECK((table.find(key)[0] == Place{2, 0}));
  table.place(high >> 26, 1, {high - 1, mine, 0, 0, high, mine});
  CHECK((table.find(key)[0] == Place{1, 0}));
}

TEST("a search ends with the slots") {
  const std::string key = "the key";
  const std::uint32_t high = high_of(key);
  Table table;
  const std::uint32_t other = table.put(1, 3, "another", false);
  table.place(high >> 26, 1, {high, other, high, other});
  CHECK((table.find(key)[0] == Place{kNoSlot, 0}));
  table.place(high >> 26, 1, {high - 2, other, high - 1, other});
  CHECK((table.find(key)[0] == Place{2, 0}));
}

TEST("home is a share of the homes that there are") {
  const std::string key = "the key";
  const std::uint32_t high = high_of(key);
  Table table;
  const std::uint32_t mine = table.put(1, 3, key, false);
  constexpr std::size_t kHomes = 1000;
  const auto home = static_cast<std::size_t>((std::uint64_t{high << 6} * kHomes) >> 32);
  std::vector<std::uint32_t> slots(2 * kHomes);
  slots[2 * home] = high;
  slots[2 * home + 1] = mine;
  table.place(high >> 26, kHomes, slots);
  CHECK((table.find(key)[0] == Place{static_cast<std::uint32_t>(home), mine}));
}

TEST("more keys than are looked for together") {
  const std::string key = "the key";
  const std::uint32_t high = high_of(key);
  Table table;
  const std::uint32_t mine = table.put(1, 3, key, false);
  table.place(high >> 26, 1, {high, mine, 0, 0});
  for (const Place& place : table.find(key, 200)) CHECK((place == Place{0, mine}));
}

int main() { return apex::test::run(); }
