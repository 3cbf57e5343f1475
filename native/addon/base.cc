// native/base for JavaScript: the regions behind the memory port and its scout; checksums and
// hashes, so that tests hold the two implementations against each other.
#include "addon/doors.h"
#include "addon/napi.h"
#include "base/crc32c.h"
#include "base/region.h"
#include "base/scout.h"
#include "base/wyhash.h"

namespace apex::addon {
namespace {

// crc32c(bytes, from, to, seed) → number
napi_value crc32c(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info, "crc32c");
  const auto from = static_cast<std::size_t>(number_of(env, arguments[1]));
  const auto to = static_cast<std::size_t>(number_of(env, arguments[2]));
  const auto seed = static_cast<std::uint32_t>(number_of(env, arguments[3]));
  return number(env, base::crc32c(bytes_of(env, arguments[0]).data + from, to - from, seed));
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

// The first four arguments: bytes, count, and from and to of each range, Uint32Arrays.
template <std::size_t Count>
base::Ranges ranges_of(napi_env env, const Arguments<Count>& arguments) {
  return {
      .bytes = bytes_of(env, arguments[0]).data,
      .count = static_cast<std::size_t>(number_of(env, arguments[1])),
      .from = elements_of<std::uint32_t>(env, arguments[2]),
      .to = elements_of<std::uint32_t>(env, arguments[3]),
  };
}

// checksum(bytes, count, from, to, crcs): Uint32Arrays of `count` and more.
napi_value checksum(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info, "checksum");
  base::checksum(ranges_of(env, arguments), elements_of<std::uint32_t>(env, arguments[4]));
  return nullptr;
}

// findKeys(bytes, count, from, to, seedHigh, seedLow, slotPlaces, capacities, lengths,
// regionPlaces, unitShift, high, low, slots, addresses): Float64Arrays, the first three by shard;
// the last four are Uint32Arrays of `count` and more.
napi_value find_keys(napi_env env, napi_callback_info info) {
  const Arguments<15> arguments(env, info, "findKeys");
  const auto high = static_cast<std::uint64_t>(number_of(env, arguments[4]));
  const auto low = static_cast<std::uint64_t>(number_of(env, arguments[5]));
  const base::Shards shards{
      .places = elements_of<double>(env, arguments[6]),
      .capacities = elements_of<double>(env, arguments[7]),
      .lengths = elements_of<double>(env, arguments[8]),
  };
  const base::Regions regions{
      .places = elements_of<double>(env, arguments[9]),
      .unit_shift = static_cast<std::uint32_t>(number_of(env, arguments[10])),
  };
  const base::Found found{
      .high = elements_of<std::uint32_t>(env, arguments[11]),
      .low = elements_of<std::uint32_t>(env, arguments[12]),
      .slots = elements_of<std::uint32_t>(env, arguments[13]),
      .addresses = elements_of<std::uint32_t>(env, arguments[14]),
  };
  base::find_keys(ranges_of(env, arguments), high << 32 | low, shards, regions, found);
  return nullptr;
}

// placeOf(typed array) → its address: a number for `findKeys` and nobody else.
napi_value place_of(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "placeOf");
  const auto place = reinterpret_cast<std::uintptr_t>(bytes_of(env, arguments[0]).data);
  return number(env, static_cast<double>(place));
}

// V8 counts the length of a foreign buffer itself; `hint` carries it here in place of a pointer.
void let_go(napi_env, void* start, void* hint) {
  base::unmap_region(start, reinterpret_cast<std::uintptr_t>(hint));
}

// allocateRegion(bytes) → an ArrayBuffer on memory of its own, or null: no memory, or this Node
// allows no memory that is not its own (V8's sandbox).
napi_value allocate_region(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "allocateRegion");
  const auto bytes = static_cast<std::size_t>(number_of(env, arguments[0]));
  napi_value result = nullptr;
  must(napi_get_null(env, &result), "allocateRegion");
  void* const start = base::map_region(bytes);
  if (start == nullptr) return result;
  napi_value buffer = nullptr;
  auto* const hint = reinterpret_cast<void*>(bytes);
  if (napi_create_external_arraybuffer(env, start, bytes, let_go, hint, &buffer) == napi_ok) {
    return buffer;
  }
  base::unmap_region(start, bytes);
  return result;
}

}  // namespace

void register_base(napi_env env, napi_value exports) {
  set_function(env, exports, "crc32c", crc32c);
  set_function(env, exports, "wyhash", wyhash);
  set_function(env, exports, "checksum", checksum);
  set_function(env, exports, "findKeys", find_keys);
  set_function(env, exports, "placeOf", place_of);
  set_function(env, exports, "allocateRegion", allocate_region);
}

}  // namespace apex::addon
