// What a reply says, on either wire.
#pragma once

#include <cstdint>
#include <string_view>

namespace apex::load {

enum class Answer : uint8_t { done, missing, refused };

struct Reply {
  Answer answer;
  // Of a refusal: its code, or what else came. Good until the parser goes on.
  std::string_view code;
  // Client frames only; 0 on RESP.
  uint32_t seq;
};

// The first word of an error's text, as kept by a parser that kept only its beginning.
inline std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

}  // namespace apex::load
