#include "net/delimiter.h"

#include <algorithm>
#include <cstring>

namespace apex::net {

namespace {

constexpr uint8_t kClientMagic[4] = {0xa9, 0xec, 0xbd, 0x10};
constexpr uint8_t kPeerMagic[4] = {0xa9, 0x50, 0x45, 0x52};
constexpr size_t kPeerHeaderBytes = 80;
constexpr uint8_t kHelloCommand = 0x20;
constexpr uint8_t kRolePeer = 1;
// Role, versions, features; node, zero; cluster, store.
constexpr size_t kPeerHelloBytes = 8 + 4 + 16 + 16;

uint32_t u32be(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | uint32_t{at[3]};
}

uint32_t u32le(const uint8_t* at) {
  return uint32_t{at[3]} << 24 | uint32_t{at[2]} << 16 | uint32_t{at[1]} << 8 | uint32_t{at[0]};
}

const uint8_t* magic_of(Protocol protocol) {
  return protocol == Protocol::client ? kClientMagic : kPeerMagic;
}

}  // namespace

size_t Delimiter::take(const uint8_t* bytes, size_t size) {
  size_t at = 0;
  wanted_ = 0;
  while (at < size && !is_raw_) {
    const size_t left = size - at;
    if (passing_ > 0) {
      const auto step = static_cast<size_t>(std::min<uint64_t>(passing_, left));
      passing_ -= step;
      at += step;
      continue;
    }
    if (std::memcmp(bytes + at, magic_of(protocol_), std::min<size_t>(left, 4)) != 0) {
      is_raw_ = true;
      break;
    }
    if (left < kHeadBytes) {
      wanted_ = kHeadBytes;
      return at;
    }
    const size_t total = frame_bytes(bytes + at);
    if (total == 0) {
      is_raw_ = true;
    } else if (total <= left) {
      at += total;
    } else if (total > limits_.held_bytes_max) {
      passing_ = total - left;
      return size;
    } else {
      wanted_ = static_cast<uint32_t>(total);
      return at;
    }
  }
  return size;
}

// 0: this is no frame. The magic has been looked at.
size_t Delimiter::frame_bytes(const uint8_t* head) const {
  if (protocol_ == Protocol::client) {
    const uint32_t payload = u32be(head + 8);
    return payload > limits_.frame_bytes_max ? 0 : kHeadBytes + payload;
  }
  const uint32_t total = u32le(head + 8);
  const bool possible =
      total % 8 == 0 && total >= kPeerHeaderBytes && total <= limits_.frame_bytes_max;
  return possible ? total : 0;
}

Hello read_hello(const uint8_t* frame, size_t size, uint8_t peer_version) {
  const Hello client = {false, 0, 0};
  if (size < kHeadBytes + kPeerHelloBytes) return client;
  if (std::memcmp(frame, kClientMagic, 4) != 0 || frame[4] != kHelloCommand) return client;
  if (u32be(frame + 8) != kPeerHelloBytes) return client;
  const uint8_t* payload = frame + kHeadBytes;
  if (payload[0] != kRolePeer || payload[3] != 0) return client;
  if (payload[1] > peer_version || payload[2] < peer_version) return client;
  const auto node = static_cast<uint16_t>(payload[8] << 8 | payload[9]);
  return {true, node, kHeadBytes + kPeerHelloBytes};
}

}  // namespace apex::net
