#include "base/region.h"

#include <sys/mman.h>

#include <cstdint>

namespace apex::base {
namespace {

constexpr std::size_t kHugeBytes = std::size_t{2} << 20;

void* map(std::size_t bytes) {
  void* const start =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return start == MAP_FAILED ? nullptr : start;
}

}  // namespace

void* map_region(std::size_t bytes) {
  if (bytes < kHugeBytes) return map(bytes);
  // A huge page lies at a multiple of its size: map more than wanted, give back what juts out.
  const std::size_t mapped = bytes + kHugeBytes;
  auto* const outer = static_cast<std::uint8_t*>(map(mapped));
  if (outer == nullptr) return nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(outer);
  const std::size_t before = (kHugeBytes - address % kHugeBytes) % kHugeBytes;
  std::uint8_t* const start = outer + before;
  if (before > 0) ::munmap(outer, before);
  // To whole pages: the end of a mapping may lie within one.
  const std::size_t used = (bytes + 4095) / 4096 * 4096;
  if (mapped - before > used) ::munmap(start + used, mapped - before - used);
  ::madvise(start, used, MADV_HUGEPAGE);
  return start;
}

void unmap_region(void* start, std::size_t bytes) { ::munmap(start, bytes); }

}  // namespace apex::base
