#include "load/keys.h"

#include <algorithm>
#include <cmath>

namespace apex::load {

namespace {

constexpr uint32_t kSeedWord = 0x6b65'7973;
constexpr double kTwo32 = 4294967296.0;

// x to the power of 100, in the order of multiplications that keys.ts has.
double power_of_100(double x) {
  const double to_4 = (x * x) * (x * x);
  const double to_16 = (to_4 * to_4) * (to_4 * to_4);
  const double to_32 = to_16 * to_16;
  return to_32 * to_32 * to_32 * to_4;
}

}  // namespace

KeyDraw::KeyDraw(uint32_t keys, uint32_t seed, const Zipf* zipf)
    : prng_({seed, keys, kSeedWord, 1}),
      keys_(keys),
      is_zipfian_(zipf != nullptr),
      zipf_(zipf != nullptr ? *zipf : Zipf{}) {}

uint32_t KeyDraw::next() {
  if (!is_zipfian_) return prng_.below(keys_);
  const double keys = keys_;
  const double chance = prng_.next() / kTwo32;
  const double share = chance * zipf_.zeta;
  double rank = 0;
  if (share >= zipf_.zeta_of_two) {
    rank = std::floor(keys * power_of_100(zipf_.eta * chance - zipf_.eta + 1));
  } else if (share >= 1) {
    rank = 1;
  }
  const double scattered = std::min(rank, keys - 1) * zipf_.stride;
  return static_cast<uint32_t>(static_cast<uint64_t>(scattered) % keys_);
}

void write_key_digits(uint8_t* digits, uint64_t number) {
  for (size_t at = kKeyDigits; at-- > 0; number /= 10) {
    digits[at] = static_cast<uint8_t>('0' + number % 10);
  }
}

}  // namespace apex::load
