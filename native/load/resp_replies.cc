#include "load/resp_replies.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace apex::load {

namespace {

constexpr uint8_t kReturn = '\r';
constexpr uint8_t kNewline = '\n';
// Redis' own bound on a string.
constexpr long long kBulkBytesMax = 512LL * 1024 * 1024;

// False: no whole number.
bool read_number(std::string_view text, long long* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

size_t RespReplies::gather(const uint8_t* bytes, size_t size) {
  const auto* end = static_cast<const uint8_t*>(std::memchr(bytes, '\n', size));
  const size_t taken = end == nullptr ? size : static_cast<size_t>(end - bytes) + 1;
  const size_t kept = std::min(taken, line_.size() - used_);
  std::memcpy(line_.data() + used_, bytes, kept);
  used_ += kept;
  const uint8_t before = taken > 1 ? bytes[taken - 2] : last_;
  last_ = bytes[taken - 1];
  if (end == nullptr) return taken;
  if (before == kReturn) {
    read_line();
  } else {
    is_broken_ = true;
  }
  last_ = 0;
  return taken;
}

void RespReplies::read_line() {
  // A line that was kept whole ends with CR LF; one that was not has lost them.
  std::string_view line(line_.data(), used_);
  if (line.size() >= 2 && line.substr(line.size() - 2) == "\r\n") line.remove_suffix(2);
  const char kind = line.empty() ? '\0' : line[0];
  const std::string_view text = line.empty() ? line : line.substr(1);
  long long number = 0;
  reply_ = {Answer::done, {}, 0};
  is_whole_ = true;
  switch (kind) {
    case '+':
      break;
    case '-':
      reply_.answer = Answer::refused;
      reply_.code = first_word(text);
      break;
    case ':':
      is_broken_ = !read_number(text, &number);
      if (number == 0) reply_.answer = Answer::missing;
      break;
    case '_':
      is_broken_ = !text.empty();
      reply_.answer = Answer::missing;
      break;
    case '$':
      is_broken_ = !read_number(text, &number);
      read_bulk_head(number);
      break;
    default:
      is_broken_ = true;
  }
}

void RespReplies::read_bulk_head(long long length) {
  if (length < -1 || length > kBulkBytesMax) is_broken_ = true;
  if (length == -1) reply_.answer = Answer::missing;
  if (length < 0 || is_broken_) return;
  bulk_left_ = static_cast<size_t>(length) + 2;
  is_whole_ = false;
}

size_t RespReplies::walk(const uint8_t* bytes, size_t size) {
  size_t at = bulk_left_ > 2 ? std::min(size, bulk_left_ - 2) : 0;
  bulk_left_ -= at;
  // The last two; either may be the first of a piece.
  for (; at < size && bulk_left_ > 0 && bulk_left_ <= 2; at++, bulk_left_--) {
    if (bytes[at] != (bulk_left_ == 2 ? kReturn : kNewline)) is_broken_ = true;
  }
  is_whole_ = bulk_left_ == 0;
  return at;
}

}  // namespace apex::load
