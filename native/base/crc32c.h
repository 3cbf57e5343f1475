// CRC-32C (Castagnoli; RFC 3720, section 12.1), as src/base/crc32c.ts: the same number for the same
// bytes, from the processor's own instruction where it has one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apex::base {

// `seed` is the CRC of what goes before: crc32c(b + m, n - m, crc32c(b, m)) == crc32c(b, n).
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed = 0);

// The two ways, for tests. The second must only be called where `has_crc_instruction()`.
std::uint32_t crc32c_by_table(const void* data, std::size_t size, std::uint32_t seed = 0);
std::uint32_t crc32c_by_instruction(const void* data, std::size_t size, std::uint32_t seed = 0);
bool has_crc_instruction();

}  // namespace apex::base
