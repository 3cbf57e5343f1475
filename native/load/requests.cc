#include "load/requests.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace apex::load {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr std::string_view kKeyPrefix = "key:";
// What values consist of, as in src/cli/bench/load.ts.
constexpr uint8_t kValueByte = 0x76;
constexpr std::array<uint8_t, kOperations> kCommands = {1, 2, 3};
constexpr std::array<std::string_view, kOperations> kWords = {"GET", "SET", "DEL"};
constexpr uint8_t kStaleFlag = 2;
constexpr size_t kSeqAt = 12;

void append(Bytes& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

void append_u32(Bytes& bytes, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<uint8_t>(value >> shift));
  }
}

// A key whose digits are still to come; answers where they go.
size_t append_key(Bytes& bytes) {
  append(bytes, kKeyPrefix);
  const size_t at = bytes.size();
  bytes.resize(at + kKeyDigits, '0');
  return at;
}

void append_value(Bytes& bytes, size_t size) { bytes.resize(bytes.size() + size, kValueByte); }

void append_resp_length(Bytes& bytes, char kind, size_t length) {
  append(bytes, kind + std::to_string(length) + "\r\n");
}

}  // namespace

Requests::Requests(const Plan& plan) {
  for (size_t operation = 0; operation < kOperations; operation++) {
    Template& made = templates_[operation];
    made = plan.wire == Wire::client ? frame(plan, operation) : resp(plan, operation);
    bytes_max_ = std::max(bytes_max_, made.bytes.size());
  }
}

Requests::Template Requests::frame(const Plan& plan, size_t operation) {
  Template made;
  Bytes& bytes = made.bytes;
  const bool has_value = operation == kPut;
  append_u32(bytes, 0xa9ec'bd10);
  bytes.push_back(kCommands[operation]);
  bytes.push_back(plan.is_stale && operation == kGet ? kStaleFlag : 0);
  bytes.resize(bytes.size() + 2, 0);
  append_u32(bytes, 4 + kKeyBytes + (has_value ? 4 + plan.value_bytes : 0));
  append_u32(bytes, 0);
  append_u32(bytes, kKeyBytes);
  made.digits_at = append_key(bytes);
  made.seq_at = kSeqAt;
  if (has_value) {
    append_u32(bytes, plan.value_bytes);
    append_value(bytes, plan.value_bytes);
  }
  return made;
}

Requests::Template Requests::resp(const Plan& plan, size_t operation) {
  Template made;
  Bytes& bytes = made.bytes;
  const bool has_value = operation == kPut;
  append_resp_length(bytes, '*', has_value ? 3 : 2);
  append_resp_length(bytes, '$', kWords[operation].size());
  append(bytes, kWords[operation]);
  append(bytes, "\r\n");
  append_resp_length(bytes, '$', kKeyBytes);
  made.digits_at = append_key(bytes);
  append(bytes, "\r\n");
  if (has_value) {
    append_resp_length(bytes, '$', plan.value_bytes);
    append_value(bytes, plan.value_bytes);
    append(bytes, "\r\n");
  }
  return made;
}

size_t Requests::write(uint8_t* into, size_t operation, uint64_t key, uint32_t seq) const {
  const Template& from = templates_[operation];
  std::memcpy(into, from.bytes.data(), from.bytes.size());
  write_key_digits(into + from.digits_at, key);
  if (from.seq_at > 0) {
    for (size_t at = 0; at < 4; at++) {
      into[from.seq_at + at] = static_cast<uint8_t>(seq >> (24 - 8 * at));
    }
  }
  return from.bytes.size();
}

}  // namespace apex::load
