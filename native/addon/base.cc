// native/base for JavaScript: checksums and hashes of whole ranges, for the tests that hold the two
// implementations against each other, and for whoever has many bytes.
#include "addon/doors.h"
#include "addon/napi.h"
#include "base/crc32c.h"
#include "base/wyhash.h"

namespace apex::addon {
namespace {

// crc32c(bytes, seed) → number
napi_value crc32c(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "crc32c");
  const Span bytes = bytes_of(env, arguments[0]);
  const auto seed = static_cast<std::uint32_t>(number_of(env, arguments[1]));
  return number(env, base::crc32c(bytes.data, bytes.size, seed));
}

// wyhash(bytes, seedHigh, seedLow, into: Uint8Array(8)): the hash, little-endian.
napi_value wyhash(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info, "wyhash");
  const Span bytes = bytes_of(env, arguments[0]);
  const auto high = static_cast<std::uint64_t>(number_of(env, arguments[1]));
  const auto low = static_cast<std::uint64_t>(number_of(env, arguments[2]));
  const std::uint64_t hash = base::wyhash(bytes.data, bytes.size, high << 32 | low);
  const Span into = bytes_of(env, arguments[3]);
  for (std::size_t at = 0; at < into.size && at < 8; at++) {
    into.data[at] = static_cast<std::uint8_t>(hash >> (8 * at));
  }
  return nullptr;
}

}  // namespace

void register_base(napi_env env, napi_value exports) {
  set_function(env, exports, "crc32c", crc32c);
  set_function(env, exports, "wyhash", wyhash);
}

}  // namespace apex::addon
