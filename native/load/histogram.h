// Latencies in the buckets of src/base/log-buckets.ts with 128 to a power of two: exact below
// 256 µs, right to 0.8 % above. Quantiles are taken in JavaScript, of the sum over all threads.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace apex::load {

inline constexpr size_t kSubBuckets = 128;
inline constexpr size_t kBuckets = 32 * kSubBuckets;

// Halved until it lies below 256, as there; how often is what the number's width says.
constexpr size_t bucket_of(uint64_t value) {
  const auto width = static_cast<size_t>(std::bit_width(value));
  const size_t halvings = width > 8 ? width - 8 : 0;
  return halvings * kSubBuckets + static_cast<size_t>(value >> halvings);
}

struct Histogram {
  std::array<uint64_t, kBuckets> counts = {};
  uint64_t total = 0;
  uint64_t maximum = 0;

  void record(uint64_t micros) {
    counts[std::min(kBuckets - 1, bucket_of(micros))]++;
    total++;
    maximum = std::max(maximum, micros);
  }

  void add(const Histogram& other) {
    for (size_t at = 0; at < kBuckets; at++) counts[at] += other.counts[at];
    total += other.total;
    maximum = std::max(maximum, other.maximum);
  }
};

}  // namespace apex::load
