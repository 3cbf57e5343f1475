// Replies mean the same whatever pieces they come in; what is no reply breaks the stream.
#include <random>
#include <string>
#include <vector>

#include "load/frame_replies.h"
#include "load/resp_replies.h"
#include "test/check.h"

namespace {

using apex::load::Answer;
using apex::load::FrameReplies;
using apex::load::Reply;
using apex::load::RespReplies;

struct Seen {
  Answer answer;
  std::string code;
  uint32_t seq;
  bool operator==(const Seen&) const = default;
};

// Feeds `stream` in pieces of at most `piece` bytes; false: it broke.
template <typename Replies>
bool feed(const std::string& stream, size_t piece, std::vector<Seen>* seen) {
  Replies replies;
  for (size_t at = 0; at < stream.size(); at += piece) {
    // A copy of its own size, so that a sanitizer sees who reads beyond it.
    const std::string part = stream.substr(at, piece);
    const std::vector<uint8_t> exact(part.begin(), part.end());
    const auto take = [seen](const Reply& reply) {
      seen->push_back({reply.answer, std::string(reply.code), reply.seq});
      return true;
    };
    if (!replies.receive(exact.data(), exact.size(), take)) return false;
  }
  return true;
}

std::string u32(size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string frame(int command, uint32_t seq, const std::string& payload) {
  return u32(0xa9ecbd10) + static_cast<char>(command) + std::string(3, '\0') + u32(payload.size()) +
         u32(seq) + payload;
}

std::string text(const std::string& bytes) { return u32(bytes.size()) + bytes; }

template <typename Replies>
void holds_however_cut(const std::string& stream, const std::vector<Seen>& expected) {
  for (size_t piece = 1; piece <= stream.size(); piece++) {
    std::vector<Seen> seen;
    CHECK(feed<Replies>(stream, piece, &seen));
    CHECK(seen == expected);
  }
}

template <typename Replies>
void breaks_however_cut(const std::string& stream, size_t whole_before) {
  for (size_t piece = 1; piece <= stream.size(); piece++) {
    std::vector<Seen> seen;
    CHECK(!feed<Replies>(stream, piece, &seen));
    CHECK_EQUAL(seen.size(), whole_before);
  }
}

}  // namespace

TEST("client frames mean the same however they are cut") {
  const std::string stream =
      frame(0x10, 1, "") + frame(0x11, 2, text("v")) + frame(0x12, 0xffff'ffff, "") +
      frame(0x13, 4, text("OVERLOADED try again")) + frame(0x11, 5, text(std::string(300, 'x'))) +
      frame(0x13, 6, text("")) + frame(0x14, 7, text("127.0.0.1:7001"));
  holds_however_cut<FrameReplies>(stream, {{Answer::done, "", 1},
                                           {Answer::done, "", 2},
                                           {Answer::missing, "", 0xffff'ffff},
                                           {Answer::refused, "OVERLOADED", 4},
                                           {Answer::done, "", 5},
                                           {Answer::refused, "", 6},
                                           {Answer::refused, "reply 20", 7}});
}

TEST("what no server of ours sends breaks the stream, behind what was sound") {
  const std::string sound = frame(0x10, 1, "");
  breaks_however_cut<FrameReplies>(sound + "*2\r\n$3\r\nGET\r\n$1\r\nx\r\n", 1);
  breaks_however_cut<FrameReplies>(sound + frame(0x10, 2, "x"), 1);
  breaks_however_cut<FrameReplies>(frame(0x12, 2, "x"), 0);
  breaks_however_cut<FrameReplies>(frame(0x11, 2, u32(2) + "x"), 0);
  breaks_however_cut<FrameReplies>(frame(0x11, 2, "abc"), 0);
  std::string endless = frame(0x11, 2, text("x"));
  endless[8] = 2;
  breaks_however_cut<FrameReplies>(endless, 0);
}

TEST("RESP means the same however it is cut") {
  const std::string stream = "+OK\r\n$3\r\na\rb\r\n$0\r\n\r\n$-1\r\n_\r\n:1\r\n:0\r\n-ERR no\r\n" +
                             ("-LONG " + std::string(200, 'x')) + "\r\n$200\r\n" +
                             std::string(198, 'y') + "\r\n\r\n-MOVED\r\n";
  holds_however_cut<RespReplies>(stream, {{Answer::done, "", 0},
                                          {Answer::done, "", 0},
                                          {Answer::done, "", 0},
                                          {Answer::missing, "", 0},
                                          {Answer::missing, "", 0},
                                          {Answer::done, "", 0},
                                          {Answer::missing, "", 0},
                                          {Answer::refused, "ERR", 0},
                                          {Answer::refused, "LONG", 0},
                                          {Answer::done, "", 0},
                                          {Answer::refused, "MOVED", 0}});
}

TEST("what is no reply breaks a stream of RESP") {
  for (const char* junk : {"hello\r\n", "\r\n", "+OK\n", "$x\r\n", "$-2\r\n", ":\r\n",
                           "$1\r\nab\r\n", "$1\r\na\rx", "*1\r\n", "$9999999999\r\n", "_x\r\n"}) {
    breaks_however_cut<RespReplies>(std::string("+OK\r\n") + junk, 1);
  }
}

TEST("random bytes are taken in any pieces, and the same replies come of them") {
  std::mt19937 random(1);
  const std::string alphabet = "+-:$_1203\r\nab";
  for (int turn = 0; turn < 3000; turn++) {
    std::string stream;
    for (int at = 0; at < 40; at++) stream += alphabet[random() % alphabet.size()];
    std::vector<Seen> whole;
    const bool is_sound = feed<RespReplies>(stream, stream.size(), &whole);
    for (const size_t piece : {size_t{1}, size_t{2}, 1 + random() % 20}) {
      std::vector<Seen> seen;
      CHECK_EQUAL(feed<RespReplies>(stream, piece, &seen), is_sound);
      CHECK(seen == whole);
    }
  }
}

int main() { return apex::test::run(); }
