// Replies in client frames (docs/protocol/wire.md), out of a stream that is cut anywhere.
//
//   u32 BE magic A9ECBD10 · command · flags · u16 sender · u32 BE payload bytes at 8 · u32 BE seq
//
// A payload is walked over where it was read; only its first bytes are kept, for the code of an
// error. What a server of ours does not send breaks the stream.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "load/reply.h"

namespace apex::load {

class FrameReplies final {
 public:
  // Calls `take(reply)` for each reply that is whole. False: the stream makes no sense, or `take`
  // wants no more.
  template <typename Take>
  bool receive(const uint8_t* bytes, size_t size, Take&& take) {
    size_t at = 0;
    while (at < size) {
      if (payload_left_ == 0) {
        at += gather(bytes + at, size - at);
        if (used_ < kHeadBytes) return true;
        if (!begin_payload()) return false;
      }
      at += walk(bytes + at, size - at);
      if (payload_left_ > 0) return true;
      Reply reply = {};
      if (!finish(&reply) || !take(reply)) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kHeadBytes = 16;
  static constexpr size_t kKeptBytes = 64;

  size_t gather(const uint8_t* bytes, size_t size);
  bool begin_payload();
  size_t walk(const uint8_t* bytes, size_t size);
  bool finish(Reply* reply);
  bool is_string() const;
  uint32_t u32_at(size_t at) const;

  // The head, and behind it the beginning of the payload.
  std::array<uint8_t, kHeadBytes + kKeptBytes> kept_ = {};
  size_t used_ = 0;
  size_t payload_bytes_ = 0;
  size_t payload_left_ = 0;
  std::array<char, 16> unexpected_ = {};
};

}  // namespace apex::load
