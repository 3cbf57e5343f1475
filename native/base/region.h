// Large zeroed memory for slabs, straight from the kernel and back to it.
//
// Huge pages are asked for (MADV_HUGEPAGE): a table that is looked up at random misses the TLB at
// nearly every step with pages of 4 KiB. It is advice; where the kernel has none, pages are small.
#pragma once

#include <cstddef>

namespace apex::base {

// Null when there is no memory. The start is aligned to 2 MiB if `bytes` is at least that.
void* map_region(std::size_t bytes);
void unmap_region(void* start, std::size_t bytes);

}  // namespace apex::base
