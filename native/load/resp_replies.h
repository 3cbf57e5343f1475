// Replies in RESP2, and RESP3's null, out of a stream that is cut anywhere: what GET, SET and DEL
// may be answered with. Everything else breaks the stream.
//
//   +OK · -CODE text · :1 · $3 and that many bytes · $-1 and _ for nothing; each ends with CR LF
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "load/reply.h"

namespace apex::load {

class RespReplies final {
 public:
  // As in FrameReplies.
  template <typename Take>
  bool receive(const uint8_t* bytes, size_t size, Take&& take) {
    size_t at = 0;
    while (at < size) {
      at += bulk_left_ > 0 ? walk(bytes + at, size - at) : gather(bytes + at, size - at);
      if (is_broken_) return false;
      if (!is_whole_) continue;
      is_whole_ = false;
      used_ = 0;
      if (!take(reply_)) return false;
    }
    return true;
  }

 private:
  // Longer lines are read to their end, and only this much of them is kept.
  static constexpr size_t kLineBytesMax = 64;

  size_t gather(const uint8_t* bytes, size_t size);
  size_t walk(const uint8_t* bytes, size_t size);
  void read_line();
  void read_bulk_head(long long length);

  std::array<char, kLineBytesMax> line_ = {};
  size_t used_ = 0;
  // Of a bulk string, CR LF included.
  size_t bulk_left_ = 0;
  uint8_t last_ = 0;
  bool is_whole_ = false;
  bool is_broken_ = false;
  Reply reply_ = {};
};

}  // namespace apex::load
