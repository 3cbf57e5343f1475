// Where frames end in the bytes of one connection.
//
// Its one purpose is that whole frames are handed over as they lie, so that nobody has to join
// pieces: the beginning of a frame is held back until the rest has come. It judges nothing. What is
// no frame, and what is too large to be held, is handed over as it comes, and the parser in
// TypeScript, which takes bytes cut anywhere, says what is wrong with it.
//
//   client frame: u32 BE magic A9ECBD10 · command · flags · sender · u32 BE payload bytes at 8 ·
//   seq peer frame:   u32 LE magic 525045A9 · version · kind · u16 · u32 LE bytes of the whole at 8
#pragma once

#include <cstddef>
#include <cstdint>

namespace apex::net {

enum class Protocol : uint8_t { client, peer };

// Enough of either frame to know how long it is.
inline constexpr size_t kHeadBytes = 16;

struct DelimiterLimits {
  // A frame longer than this is never held, but passed on in pieces.
  uint32_t held_bytes_max;
  // A longer payload (client) or frame (peer) is no frame at all.
  uint32_t frame_bytes_max;
};

class Delimiter final {
 public:
  Delimiter(Protocol protocol, DelimiterLimits limits) : limits_(limits), protocol_(protocol) {}

  // Of the `size` bytes that follow what was handed over before: how many to hand over now.
  // The rest is to be shown again, with more behind it.
  size_t take(const uint8_t* bytes, size_t size);

  // How many bytes, from the first that was held back, are needed before more can be handed over.
  // 0: nothing is held back.
  size_t wanted_bytes() const { return wanted_; }

  // What comes are no frames any more: everything is handed over.
  bool is_raw() const { return is_raw_; }

 private:
  size_t frame_bytes(const uint8_t* head) const;

  DelimiterLimits limits_;
  // Of a frame that is passed on in pieces: what is still to come.
  uint64_t passing_ = 0;
  uint32_t wanted_ = 0;
  Protocol protocol_;
  bool is_raw_ = false;
};

// A peer's first words: a HELLO of role PEER in a version that is spoken here.
struct Hello {
  bool is_peer;
  uint16_t node;
  size_t bytes;
};

// `frame` is the beginning of a stream. What is not, or not yet, a peer's greeting is no peer's.
Hello read_hello(const uint8_t* frame, size_t size, uint8_t peer_version);

}  // namespace apex::net
