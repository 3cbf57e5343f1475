// What came of the requests of one thread; made to be summed. The same as src/cli/bench/tally.ts.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "load/histogram.h"
#include "load/plan.h"

namespace apex::load {

// A reason for errors and how often it was seen. Kept here, so that counting allocates nothing.
struct Reason {
  std::array<char, 48> text = {};
  size_t bytes = 0;
  uint64_t times = 0;

  std::string_view name() const { return {text.data(), bytes}; }
};

// More kinds of errors than this are summed under the last name.
inline constexpr size_t kReasonsMax = 32;
inline constexpr std::string_view kOtherReasons = "other reasons";

struct Tally {
  std::array<Histogram, kOperations> latencies = {};
  std::array<uint64_t, kOperations> misses = {};
  std::array<uint64_t, kOperations> errors = {};
  std::array<Reason, kReasonsMax> reasons = {};
  size_t reasons_used = 0;

  void succeed(size_t operation, uint64_t nanos, bool is_miss) {
    latencies[operation].record((nanos + 500) / 1000);
    if (is_miss) misses[operation]++;
  }

  void fail(size_t operation, std::string_view reason) {
    errors[operation]++;
    note(reason, 1);
  }

  void note(std::string_view reason, uint64_t times) {
    const std::string_view name = reason.substr(0, sizeof Reason::text);
    for (size_t at = 0; at < reasons_used; at++) {
      if (reasons[at].name() != name) continue;
      reasons[at].times += times;
      return;
    }
    if (reasons_used + 1 >= kReasonsMax && name != kOtherReasons) {
      note(kOtherReasons, times);
      return;
    }
    Reason& added = reasons[reasons_used++];
    std::memcpy(added.text.data(), name.data(), name.size());
    added.bytes = name.size();
    added.times = times;
  }

  void add(const Tally& other) {
    for (size_t at = 0; at < kOperations; at++) {
      latencies[at].add(other.latencies[at]);
      misses[at] += other.misses[at];
      errors[at] += other.errors[at];
    }
    for (size_t at = 0; at < other.reasons_used; at++) {
      note(other.reasons[at].name(), other.reasons[at].times);
    }
  }
};

}  // namespace apex::load
