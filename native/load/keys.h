// Which key comes next, as src/cli/bench/keys.ts draws it: same seed, same keys.
//
// What a zipfian draw multiplies with is computed there and handed over. A draw itself is sums and
// products of doubles in one order, which IEEE 754 leaves no choice about; this library is built
// without contraction into fused operations, which would round otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "load/prng.h"

namespace apex::load {

struct Zipf {
  double zeta;
  double zeta_of_two;
  double eta;
  double stride;
};

class KeyDraw final {
 public:
  // `zipf` null: uniform.
  KeyDraw(uint32_t keys, uint32_t seed, const Zipf* zipf);

  // A key's number, 0 to keys - 1.
  uint32_t next();

 private:
  Prng prng_;
  uint32_t keys_;
  bool is_zipfian_;
  Zipf zipf_;
};

inline constexpr size_t kKeyDigits = 12;
inline constexpr size_t kKeyBytes = 4 + kKeyDigits;

// Writes the digits that follow `key:`.
void write_key_digits(uint8_t* digits, uint64_t number);

}  // namespace apex::load
