// What a load is asked to do (src/cli/bench/plan.ts), in plain numbers: names are resolved and
// flags are checked before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "load/keys.h"
#include "net/address.h"

namespace apex::load {

enum class Wire : uint8_t { client, resp };

// Operations are numbered as in OPERATIONS of plan.ts.
inline constexpr size_t kGet = 0;
inline constexpr size_t kPut = 1;
inline constexpr size_t kDel = 2;
inline constexpr size_t kOperations = 3;

struct Plan {
  Wire wire;
  bool is_stale;
  bool is_zipfian;
  Zipf zipf;
  uint32_t keys;
  // Requests in flight on a connection.
  uint32_t pipeline;
  uint32_t value_bytes;
  uint32_t timeout_ms;
  std::array<uint32_t, kOperations> weights;
  // Over all connections; a part of the seed.
  uint32_t operations;
};

// One connection's part.
struct Share {
  uint32_t number;
  net::Address address;
  uint64_t operations;
  // Between two requests; 0: as fast as answers come.
  double interval_ns;
  // Filling: the first of the keys that it writes, one after the other.
  bool is_filling;
  uint64_t fill_from;
};

}  // namespace apex::load
