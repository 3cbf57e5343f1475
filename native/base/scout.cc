#include "base/scout.h"

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

// A prefetch of an address that is not there is no fault.
void draw_near(const double* places, std::size_t count, std::size_t bytes) {
  for (std::size_t at = 0; at < count; at++) {
    const auto place = static_cast<std::uintptr_t>(places[at]);
    if (place == 0) continue;
    const std::uintptr_t first = place / kCacheLineBytes * kCacheLineBytes;
    for (std::uintptr_t line = first; line < place + bytes; line += kCacheLineBytes) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing is read there.
      __builtin_prefetch(reinterpret_cast<const void*>(line));
    }
  }
}

}  // namespace apex::base
