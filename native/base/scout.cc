#include "base/scout.h"

#include "base/crc32c.h"
#include "base/wyhash.h"

namespace apex::base {
namespace {

constexpr std::size_t kCacheLineBytes = 64;

}  // namespace

void hash_keys(const Ranges& keys, std::uint64_t seed, std::uint32_t* high, std::uint32_t* low) {
  for (std::size_t at = 0; at < keys.count; at++) {
    const std::uint32_t from = keys.from[at];
    const std::uint64_t hash = wyhash(keys.bytes + from, keys.to[at] - from, seed);
    high[at] = static_cast<std::uint32_t>(hash >> 32);
    low[at] = static_cast<std::uint32_t>(hash);
  }
}

void checksum(const Ranges& ranges, std::uint32_t* crcs) {
  for (std::size_t at = 0; at < ranges.count; at++) {
    const std::uint32_t from = ranges.from[at];
    crcs[at] = crc32c(ranges.bytes + from, ranges.to[at] - from);
  }
}

// A prefetch of an address that is not there is no fault.
void draw_near(const double* places, std::size_t count, std::size_t bytes) {
  for (std::size_t at = 0; at < count; at++) {
    const auto place = static_cast<std::uintptr_t>(places[at]);
    if (place == 0) continue;
    const std::uintptr_t first = place / kCacheLineBytes * kCacheLineBytes;
    for (std::uintptr_t line = first; line < place + bytes; line += kCacheLineBytes) {
      __builtin_prefetch(reinterpret_cast<const void*>(line));
    }
  }
}

}  // namespace apex::base
