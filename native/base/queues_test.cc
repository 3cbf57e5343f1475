// Threads against each other: to be run under TSan too.
#include <sched.h>

#include <memory>
#include <vector>

#include "base/mpsc_queue.h"
#include "base/spsc_ring.h"
#include "base/thread.h"
#include "test/check.h"

using apex::base::MpscNode;
using apex::base::MpscQueue;
using apex::base::SpscRing;
using apex::base::Thread;

TEST("a ring is full at its capacity, empty at first, and keeps the order") {
  SpscRing<int> ring(4);
  int item = 0;
  CHECK(!ring.pop(item));
  for (int round = 0; round < 3; round++) {
    for (int n = 0; n < 4; n++) CHECK(ring.push(round * 10 + n));
    CHECK(!ring.push(99));
    for (int n = 0; n < 4; n++) {
      CHECK(ring.pop(item));
      CHECK_EQUAL(item, round * 10 + n);
    }
    CHECK(!ring.pop(item));
  }
}

TEST("what a full ring refuses stays with its owner") {
  SpscRing<std::unique_ptr<int>> ring(1);
  CHECK(ring.push(std::make_unique<int>(1)));
  auto refused = std::make_unique<int>(2);
  CHECK(!ring.push(std::move(refused)));
  CHECK(refused != nullptr);
}

TEST("a ring hands 200,000 items from thread to thread, each once and in order") {
  constexpr int kItems = 200'000;
  SpscRing<std::unique_ptr<int>> ring(64);
  Thread producer;
  CHECK_EQUAL(producer.start("producer",
                             [&] {
                               for (int n = 0; n < kItems; n++) {
                                 auto item = std::make_unique<int>(n);
                                 while (!ring.push(std::move(item))) sched_yield();
                               }
                             }),
              0);
  std::unique_ptr<int> item;
  for (int n = 0; n < kItems; n++) {
    while (!ring.pop(item)) sched_yield();
    CHECK_EQUAL(*item, n);
  }
  CHECK(!ring.pop(item));
}

namespace {

struct Item : MpscNode {
  int producer = 0;
  int number = 0;
};

}  // namespace

TEST("only the push that fills an empty queue says so, and all comes out oldest first") {
  MpscQueue queue;
  CHECK(queue.take_all() == nullptr);
  Item items[3];
  CHECK(queue.push(&items[0]));
  CHECK(!queue.push(&items[1]));
  CHECK(!queue.push(&items[2]));
  MpscNode* node = queue.take_all();
  for (Item& item : items) {
    CHECK(node == &item);
    node = node->next;
  }
  CHECK(node == nullptr);
  CHECK(queue.push(&items[0]));
}

TEST("four producers: every item arrives once, each producer's in its order") {
  constexpr int kProducers = 4;
  constexpr int kItems = 30'000;
  MpscQueue queue;
  std::vector<std::unique_ptr<Thread>> producers;
  for (int producer = 0; producer < kProducers; producer++) {
    producers.push_back(std::make_unique<Thread>());
    CHECK_EQUAL(producers.back()->start("producer",
                                        [&queue, producer] {
                                          for (int number = 0; number < kItems; number++) {
                                            auto* item = new Item;
                                            item->producer = producer;
                                            item->number = number;
                                            queue.push(item);
                                          }
                                        }),
                0);
  }
  int next[kProducers] = {};
  for (int taken = 0; taken < kProducers * kItems;) {
    MpscNode* node = queue.take_all();
    if (node == nullptr) sched_yield();
    while (node != nullptr) {
      const std::unique_ptr<Item> item(static_cast<Item*>(node));
      node = node->next;
      CHECK_EQUAL(item->number, next[item->producer]++);
      taken++;
    }
  }
  CHECK(queue.take_all() == nullptr);
}

int main() { return apex::test::run(); }
