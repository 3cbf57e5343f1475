// Buckets are those of src/base/log-buckets.ts (pinned in src/cli/bench/histogram.test.ts too).
#include "load/histogram.h"

#include <random>
#include <string>

#include "load/tally.h"
#include "test/check.h"

namespace {

using apex::load::bucket_of;
using apex::load::Histogram;
using apex::load::kBuckets;
using apex::load::kSubBuckets;
using apex::load::Tally;

// The greatest value of a bucket, by the definition in log-buckets.ts.
uint64_t upper_edge(size_t bucket) {
  const size_t power = bucket / kSubBuckets;
  const size_t halvings = power > 1 ? power - 1 : 0;
  return ((bucket - halvings * kSubBuckets + 1) << halvings) - 1;
}

}  // namespace

TEST("values have the buckets that JavaScript gives them") {
  const struct {
    uint64_t value;
    size_t bucket;
  } pinned[] = {
      {0, 0},     {1, 1},      {255, 255},    {256, 256},        {257, 256},         {511, 383},
      {512, 384}, {1000, 506}, {12'345, 960}, {1'000'000, 1780}, {987'654'321, 3051}};
  for (const auto& [value, bucket] : pinned) CHECK_EQUAL(bucket_of(value), bucket);
}

TEST("a value lies in its bucket, which is at most 1 % wide, and above the one before") {
  std::mt19937_64 random(1);
  for (int turn = 0; turn < 100'000; turn++) {
    const uint64_t value = random() >> (24 + random() % 40);
    const size_t bucket = bucket_of(value);
    CHECK(value <= upper_edge(bucket));
    CHECK(bucket == 0 || value > upper_edge(bucket - 1));
    CHECK(upper_edge(bucket) - value <= value / 100);
  }
}

TEST("what is beyond all buckets counts in the last, and the maximum is exact") {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  histogram.record(3);
  CHECK_EQUAL(histogram.counts[kBuckets - 1], 1U);
  CHECK_EQUAL(histogram.maximum, UINT64_MAX);
  CHECK_EQUAL(histogram.total, 2U);
}

TEST("sums of tallies are tallies of the sums") {
  Tally left;
  Tally right;
  left.succeed(0, 1'499, false);
  left.fail(1, "OVERLOADED");
  right.succeed(0, 1'500, true);
  right.fail(1, "OVERLOADED");
  right.fail(2, "NO_LEADER");
  left.add(right);
  CHECK_EQUAL(left.latencies[0].counts[1], 1U);
  CHECK_EQUAL(left.latencies[0].counts[2], 1U);
  CHECK_EQUAL(left.misses[0], 1U);
  CHECK_EQUAL(left.errors[1], 2U);
  CHECK_EQUAL(left.reasons_used, 2U);
  CHECK_EQUAL(left.reasons[0].times, 2U);
  CHECK_EQUAL(std::string(left.reasons[1].name()), std::string("NO_LEADER"));
}

TEST("more kinds of errors than there is room for are counted under one name") {
  Tally tally;
  for (int kind = 0; kind < 100; kind++) tally.fail(0, "ERROR" + std::to_string(kind));
  uint64_t times = 0;
  for (size_t at = 0; at < tally.reasons_used; at++) times += tally.reasons[at].times;
  CHECK_EQUAL(times, 100U);
  CHECK_EQUAL(tally.reasons_used, apex::load::kReasonsMax);
  CHECK_EQUAL(std::string(tally.reasons[tally.reasons_used - 1].name()),
              std::string(apex::load::kOtherReasons));
}

int main() { return apex::test::run(); }
