// wyhash, final version 4.2 (Wang Yi), as src/base/hash.ts: the secret 2d358dcc…, the wide loop
// from 48 bytes on. It decides where keys live and can never change.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apex::base {

std::uint64_t wyhash(const void* data, std::size_t size, std::uint64_t seed);

}  // namespace apex::base
