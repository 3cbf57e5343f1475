// The load's reply parsers under bytes and cuts of the fuzzer's choice: however a stream is cut,
// the same replies come of it, and it breaks behind the same one or not at all.
//
// Input: one byte of choice (client frames or RESP), then the stream; each piece is as long as the
// byte at its beginning says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "load/frame_replies.h"
#include "load/resp_replies.h"

namespace {

using apex::load::Answer;
using apex::load::FrameReplies;
using apex::load::Reply;
using apex::load::RespReplies;

// What is kept of a line or a payload; no code is longer.
constexpr size_t kCodeBytesMax = 64;

void must(bool claim) {
  if (!claim) std::abort();
}

struct Seen {
  Answer answer;
  std::string code;
  uint32_t seq;
  bool operator==(const Seen&) const = default;
};

struct Story {
  std::vector<Seen> replies;
  bool is_sound = true;
  bool operator==(const Story&) const = default;
};

template <typename Replies>
Story feed(const uint8_t* stream, size_t size, bool is_cut) {
  Story story;
  Replies parser;
  const auto take = [&story](const Reply& reply) {
    must(reply.code.size() <= kCodeBytesMax);
    must(reply.answer == Answer::refused || reply.code.empty());
    // A code is one word, and what no reply should be is named by its number.
    must(reply.code.find(' ') == std::string_view::npos || reply.code.starts_with("reply "));
    story.replies.push_back({reply.answer, std::string(reply.code), reply.seq});
    return true;
  };
  for (size_t at = 0; at < size && story.is_sound;) {
    const size_t wanted = is_cut ? size_t{1} + stream[at] : size;
    const size_t piece = size - at < wanted ? size - at : wanted;
    // A copy of exactly these bytes, so that reading past them is found.
    const std::vector<uint8_t> bytes(stream + at, stream + at + piece);
    story.is_sound = parser.receive(bytes.data(), bytes.size(), take);
    at += piece;
  }
  return story;
}

template <typename Replies>
void holds_however_cut(const uint8_t* stream, size_t size) {
  must(feed<Replies>(stream, size, false) == feed<Replies>(stream, size, true));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if ((data[0] & 1) == 0) {
    holds_however_cut<FrameReplies>(data + 1, size - 1);
  } else {
    holds_however_cut<RespReplies>(data + 1, size - 1);
  }
  return 0;
}
