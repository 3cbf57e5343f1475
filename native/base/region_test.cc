#include "base/region.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "test/check.h"

using apex::base::map_region;
using apex::base::unmap_region;

TEST("a region is zeroed, writable to its last byte, and aligned where that matters") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, std::size_t{5000},
                                  std::size_t{2} << 20, (std::size_t{5} << 20) + 12345}) {
    auto* const start = static_cast<std::uint8_t*>(map_region(bytes));
    CHECK(start != nullptr);
    CHECK(std::all_of(start, start + bytes, [](std::uint8_t byte) { return byte == 0; }));
    std::memset(start, 0xff, bytes);
    if (bytes >= std::size_t{2} << 20) {
      CHECK_EQUAL(reinterpret_cast<std::uintptr_t>(start) % (std::size_t{2} << 20), 0U);
    }
    unmap_region(start, bytes);
  }
}

TEST("what the machine does not have is refused, not promised") {
  CHECK(map_region(std::size_t{1} << 60) == nullptr);
}

int main() { return apex::test::run(); }
