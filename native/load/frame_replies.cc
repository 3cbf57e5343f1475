#include "load/frame_replies.h"

#include <cstdio>

namespace apex::load {

namespace {

constexpr uint32_t kMagic = 0xa9ec'bd10;
// The bounds of src/core/protocol/replies.ts and wire.ts.
constexpr size_t kPayloadBytesMax = 16 * 1024 * 1024;
constexpr uint8_t kOk = 0x10;
constexpr uint8_t kValue = 0x11;
constexpr uint8_t kNotFound = 0x12;
constexpr uint8_t kError = 0x13;

}  // namespace

size_t FrameReplies::gather(const uint8_t* bytes, size_t size) {
  const size_t taken = std::min(size, kHeadBytes - used_);
  std::memcpy(kept_.data() + used_, bytes, taken);
  used_ += taken;
  return taken;
}

bool FrameReplies::begin_payload() {
  payload_bytes_ = u32_at(8);
  payload_left_ = payload_bytes_;
  return u32_at(0) == kMagic && payload_bytes_ <= kPayloadBytesMax;
}

size_t FrameReplies::walk(const uint8_t* bytes, size_t size) {
  const size_t taken = std::min(size, payload_left_);
  const size_t kept = std::min(taken, kept_.size() - used_);
  std::memcpy(kept_.data() + used_, bytes, kept);
  used_ += kept;
  payload_left_ -= taken;
  return taken;
}

bool FrameReplies::finish(Reply* reply) {
  const uint8_t command = kept_[4];
  reply->seq = u32_at(12);
  bool is_sound = true;
  switch (command) {
    case kOk:
      reply->answer = Answer::done;
      is_sound = payload_bytes_ == 0;
      break;
    case kNotFound:
      reply->answer = Answer::missing;
      is_sound = payload_bytes_ == 0;
      break;
    case kValue:
      reply->answer = Answer::done;
      is_sound = is_string();
      break;
    case kError: {
      reply->answer = Answer::refused;
      is_sound = is_string();
      const size_t bytes = used_ - kHeadBytes < 4 ? 0 : used_ - kHeadBytes - 4;
      const auto* text = reinterpret_cast<const char*>(kept_.data() + kHeadBytes + 4);
      reply->code = first_word({text, bytes});
      break;
    }
    default: {
      const int bytes = std::snprintf(unexpected_.data(), unexpected_.size(), "reply %u", command);
      reply->answer = Answer::refused;
      reply->code = {unexpected_.data(), static_cast<size_t>(bytes)};
      break;
    }
  }
  used_ = 0;
  return is_sound;
}

bool FrameReplies::is_string() const {
  return payload_bytes_ >= 4 && u32_at(kHeadBytes) == payload_bytes_ - 4;
}

uint32_t FrameReplies::u32_at(size_t at) const {
  const uint8_t* bytes = kept_.data() + at;
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace apex::load
