#include "base/pool.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "test/check.h"

using apex::base::Pool;

namespace {

// How often each row was worked on.
std::vector<int> rows_done(Pool& pool, std::uint32_t count, std::uint32_t piece) {
  std::vector<int> done(count, 0);
  pool.share(count, piece, [&](std::uint32_t from, std::uint32_t to) {
    CHECK(from < to && to <= count && to - from <= piece);
    for (std::uint32_t row = from; row < to; row++) done[row]++;
  });
  return done;
}

}  // namespace

TEST("every row is worked on once, whatever the numbers") {
  for (const std::size_t threads : {0, 1, 3, 7, 100}) {
    Pool pool(threads);
    CHECK(pool.threads() <= Pool::kThreadsMax);
    for (const std::uint32_t count : {0U, 1U, 2U, 7U, 64U, 1'000U, 100'003U}) {
      for (const std::uint32_t piece : {1U, 3U, 64U, 1'000'000U}) {
        for (const int times : rows_done(pool, count, piece)) CHECK_EQUAL(times, 1);
      }
    }
  }
}

TEST("what is shared one after another stays apart") {
  Pool pool(3);
  std::uint64_t sum = 0;
  for (std::uint32_t round = 0; round < 20'000; round++) {
    const std::uint32_t count = round % 9;
    std::atomic<std::uint64_t> of_round{0};
    pool.share(count, 1, [&](std::uint32_t from, std::uint32_t) { of_round += from + round; });
    sum += of_round.load();
    CHECK_EQUAL(of_round.load(), count * (count - 1ULL) / 2 + std::uint64_t{count} * round);
  }
  CHECK(sum > 0);
}

TEST("whoever is done helps whoever is not") {
  Pool pool(1);
  if (pool.threads() == 0) return;
  std::mutex mutex;
  std::set<std::thread::id> workers;
  // The sharer's own half is slow: the other thread takes of it when its own is done.
  std::atomic<int> elsewhere{0};
  const std::thread::id here = std::this_thread::get_id();
  pool.share(64, 1, [&](std::uint32_t from, std::uint32_t) {
    if (std::this_thread::get_id() == here)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (std::this_thread::get_id() != here && from >= 32) elsewhere++;
    const std::lock_guard<std::mutex> guard(mutex);
    workers.insert(std::this_thread::get_id());
  });
  CHECK_EQUAL(workers.size(), 2U);
  CHECK(elsewhere.load() > 0);
}

TEST("who comes while somebody shares works alone") {
  Pool pool(2);
  std::vector<int> inner(100, 0);
  pool.share(8, 1, [&](std::uint32_t from, std::uint32_t) {
    if (from != 3) return;
    for (const int times : rows_done(pool, 100, 7)) CHECK_EQUAL(times, 1);
    inner = rows_done(pool, 100, 7);
  });
  for (const int times : inner) CHECK_EQUAL(times, 1);
}

TEST("a pool ends with its threads, used or not") {
  for (int round = 0; round < 200; round++) {
    Pool pool(2);
    if (round % 2 == 0) rows_done(pool, 10, 1);
  }
}

int main() { return apex::test::run(); }
