// Keys and requests are those of the JavaScript load: the numbers here are pinned on both sides
// (src/cli/bench/keys.test.ts).
#include <string>
#include <vector>

#include "load/keys.h"
#include "load/prng.h"
#include "load/requests.h"
#include "test/check.h"

namespace {

using apex::load::KeyDraw;
using apex::load::Plan;
using apex::load::Prng;
using apex::load::Requests;
using apex::load::Wire;
using apex::load::Zipf;

std::string written(const Requests& requests, size_t operation, uint64_t key, uint32_t seq) {
  std::vector<uint8_t> bytes(requests.bytes_max());
  const size_t size = requests.write(bytes.data(), operation, key, seq);
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

Plan plan_of(Wire wire) {
  Plan plan = {};
  plan.wire = wire;
  plan.value_bytes = 3;
  plan.is_stale = true;
  return plan;
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char each : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<uint8_t>(each) >> 4];
    text += kDigits[static_cast<uint8_t>(each) & 15];
  }
  return text;
}

}  // namespace

TEST("the generator gives the words that src/base/prng.ts gives for this seed") {
  Prng prng({1, 2, 3, 4});
  for (const uint32_t word :
       {1570257355U, 2920851868U, 896378929U, 3917527756U, 29950703U, 1810084102U})
    CHECK_EQUAL(prng.next(), word);
}

TEST("below a bound every number comes, and none that is not") {
  Prng prng({7});
  std::vector<int> seen(10);
  for (int turn = 0; turn < 10'000; turn++) seen.at(prng.below(10))++;
  for (const int times : seen) CHECK(times > 800 && times < 1200);
  // Almost half of the words are drawn again here.
  for (int turn = 0; turn < 1000; turn++) CHECK(prng.below(0x8000'0001U) <= 0x8000'0000U);
}

TEST("uniform keys are those of keys.ts") {
  KeyDraw keys(1000, 1, nullptr);
  for (const uint32_t key : {561U, 447U, 7U, 294U, 344U, 782U, 192U, 664U, 858U, 118U, 941U, 507U})
    CHECK_EQUAL(keys.next(), key);
}

TEST("zipfian keys are those of keys.ts, given its constants") {
  const Zipf zipf = {7.728953217284729, 1.5034777750283594, 0.07480608670689805, 761};
  KeyDraw keys(1000, 1, &zipf);
  for (const uint32_t key : {415U, 0U, 943U, 358U, 327U, 663U, 552U, 923U, 610U, 283U, 534U, 761U})
    CHECK_EQUAL(keys.next(), key);
}

TEST("zipfian draws stay within one key, where the constants are not finite") {
  const Zipf zipf = {1, 1, -__builtin_inf(), 1};
  KeyDraw keys(1, 1, &zipf);
  for (int turn = 0; turn < 100; turn++) CHECK_EQUAL(keys.next(), 0U);
}

TEST("a frame has its key, its seq and, if it is a PUT, its value") {
  const Requests requests(plan_of(Wire::client));
  const std::string key =
      "00000010"
      "6b65793a"
      "303030303030303030303432";
  CHECK_EQUAL(hex(written(requests, apex::load::kGet, 42, 0x01020304)),
              "a9ecbd10"
              "01020000"
              "00000014"
              "01020304" +
                  key);
  CHECK_EQUAL(hex(written(requests, apex::load::kPut, 42, 7)),
              "a9ecbd10"
              "02000000"
              "0000001b"
              "00000007" +
                  key +
                  "00000003"
                  "767676");
  CHECK_EQUAL(hex(written(requests, apex::load::kDel, 42, 0)),
              "a9ecbd10"
              "03000000"
              "00000014"
              "00000000" +
                  key);
}

TEST("the same in RESP") {
  const Requests requests(plan_of(Wire::resp));
  CHECK_EQUAL(written(requests, apex::load::kGet, 999'999'999'999, 5),
              std::string("*2\r\n$3\r\nGET\r\n$16\r\nkey:999999999999\r\n"));
  CHECK_EQUAL(written(requests, apex::load::kPut, 1, 5),
              std::string("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nvvv\r\n"));
  CHECK_EQUAL(written(requests, apex::load::kDel, 1, 5),
              std::string("*2\r\n$3\r\nDEL\r\n$16\r\nkey:000000000001\r\n"));
}

int main() { return apex::test::run(); }
