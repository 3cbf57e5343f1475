// The poller on a thread of its own, behind the same tables.
//
//             net thread                                        the one who decides
//   sockets ─▶ Poller ─▶ batch ─▶ [ready ring] ─▶ copied ─▶ records, in bytes
//                  ▲       └───◀ [free ring] ◀─────┘
//                  └─ batch ◀─ [orders ring] ◀─ copied ◀─ orders, out bytes
//                       └─▶ [spent ring] ─▶ filled again
//
// 1. It moves bytes and answers nothing by itself: the same poller, in another place.
// 2. A batch belongs to one side at a time, and to nobody while it is in a ring; it is used again.
// 3. One wake-up a batch at most, never one a frame; who is awake already is not woken.
// 4. Records find no batch when the other side has not read the last ones: then nothing is read
// from
//    any socket, and no order is carried out, until it has. The kernel stops the senders.
// 5. Orders that find no room in their ring wait on the side of the one who gave them, in order.
// 6. What needs an answer at once (doors, targets) is carried out by the thread while the caller
//    waits; the thread waits for nobody, so that is one step of its.
// 7. A thread that ends by itself is gone for good: `is_up` says so, everything answers EIO or
//    nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bell.h"
#include "base/spsc_ring.h"
#include "base/thread.h"
#include "net/net.h"
#include "net/poller.h"

namespace apex::net {

class NetThread final : public Net {
 public:
  // 0, or a negative errno: no descriptors, or no thread.
  static int open(const PollerConfig& config, const Tables& tables, std::unique_ptr<Net>* net);
  ~NetThread() override;

  int fd() const override { return caller_bell_.fd(); }
  bool is_up() override;
  int open_door(DoorName name, const Address& address, bool may_be_peer) override;
  void close_door(DoorName name) override;
  bool is_door_open(DoorName name) const override;
  int open_gossip(const Address& address) override;
  void close_gossip() override;
  bool is_gossip_open() const override;
  void set_target(uint32_t number, const Address& address) override;
  void start() override;
  size_t poll() override;
  size_t exchange(size_t orders) override;
  size_t release() override;
  void shut_down(bool flush) override;
  NetStats stats() const override;

 private:
  static constexpr size_t kInBatches = 4;
  static constexpr size_t kOutBatches = 8;

  struct InBatch {
    explicit InBatch(const Tables& tables)
        : records(new double[tables.records_max * kRecordDoubles]),
          bytes(new uint8_t[tables.in_bytes_max]) {}
    std::unique_ptr<double[]> records;
    std::unique_ptr<uint8_t[]> bytes;
    size_t count = 0;
    size_t used_bytes = 0;
  };

  struct OutBatch {
    std::vector<double> rows;
    std::vector<uint8_t> bytes;
  };

  NetThread(const Tables& tables);
  // The caller's side.
  int call(const std::function<int()>& body);
  void take_ready();
  void show(const InBatch& batch);
  std::unique_ptr<OutBatch> copy_of(size_t orders);
  void submit_waiting();
  // The thread's side.
  void run();
  bool sleep();
  void step();
  void answer_call();
  bool take_room();
  void carry_out_orders();
  void carry_out(const OutBatch& batch);
  void hand_over();
  void publish();

  const Tables tables_;
  base::Bell caller_bell_;
  base::Bell thread_bell_;
  base::SpscRing<std::unique_ptr<InBatch>> ready_{kInBatches};
  base::SpscRing<std::unique_ptr<InBatch>> free_{kInBatches};
  base::SpscRing<std::unique_ptr<OutBatch>> orders_{kOutBatches};
  base::SpscRing<std::unique_ptr<OutBatch>> spent_{kOutBatches};
  // The thread has no batch to fill; the caller has orders that found no room.
  std::atomic<bool> is_starving_{false};
  std::atomic<bool> has_waiting_{false};
  std::atomic<bool> is_stopping_{false};

  // The caller's.
  size_t count_ = 0;
  size_t used_bytes_ = 0;
  bool is_gone_ = false;
  // Taken from its ring, but the tables have no room for it.
  std::unique_ptr<InBatch> next_;
  std::deque<std::unique_ptr<OutBatch>> waiting_;

  // The thread's, and the caller's before it has started and after it has ended.
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<InBatch> filling_;
  bool has_more_orders_ = false;
  bool is_shut_down_ = false;

  // What the caller has carried out while it waits.
  std::mutex call_mutex_;
  std::condition_variable call_answered_;
  const std::function<int()>* call_ = nullptr;
  int call_result_ = 0;

  // Written by the thread after each of its steps.
  struct Published {
    std::atomic<bool> are_doors_open[2] = {};
    std::atomic<bool> is_gossip_open{false};
    std::atomic<uint64_t> connections{0}, accepted{0}, refused{0}, accept_pauses{0};
    std::atomic<uint64_t> queues_overflowed{0}, datagrams_sent{0}, datagrams_dropped{0};
  };
  Published published_;

  base::Thread thread_;
};

}  // namespace apex::net
