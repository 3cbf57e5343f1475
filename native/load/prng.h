// xoshiro128** 1.1, word for word as in src/base/prng.ts: native and JavaScript loads draw the
// same.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace apex::load {

class Prng final {
 public:
  explicit Prng(std::initializer_list<uint32_t> seed_words) {
    size_t at = 0;
    for (const uint32_t word : seed_words) {
      uint32_t& slot = state_[at++ & 3];
      slot = mix((slot ^ word) + 0x9e37'79b9U);
    }
    if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[3] = 1;
    for (int round = 0; round < 16; round++) next();
  }

  uint32_t next() {
    const uint32_t word = std::rotl(state_[1] * 5, 7) * 9;
    const uint32_t shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 11);
    return word;
  }

  // 0…bound - 1, each equally likely. `bound` is at least 1.
  uint32_t below(uint32_t bound) {
    uint32_t word = next();
    if (word >= kWords - bound) {
      // Words from the largest multiple of `bound` on are drawn again.
      const uint64_t limit = kWords - kWords % bound;
      while (word >= limit) word = next();
    }
    return word % bound;
  }

 private:
  static constexpr uint64_t kWords = uint64_t{1} << 32;

  // The finaliser of MurmurHash3.
  static uint32_t mix(uint32_t word) {
    word = (word ^ (word >> 16)) * 0x85eb'ca6bU;
    word = (word ^ (word >> 13)) * 0xc2b2'ae35U;
    return word ^ (word >> 16);
  }

  uint32_t state_[4] = {1, 2, 3, 4};
};

}  // namespace apex::load
