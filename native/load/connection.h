// One connection of a load: it keeps a pipeline full, or keeps to a timetable, and times every
// request from send to reply. Its rules are those of src/cli/bench/load.ts:
//
// 1. Requests of one turn leave in one send and carry the time of that turn; replies get the time
// at
//    which their piece was read. An operation allocates nothing.
// 2. With a rate, requests have due times, and a request is timed from when it was due, whatever
//    held it up: a server that stalls does not get its omissions forgiven.
// 3. A refusal is an error and is not timed. What was in flight when a connection ended is so too;
//    then the connection is made anew, a bounded number of times.
//
// It belongs to one thread and is driven from there (worker.h): nothing here waits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "load/frame_replies.h"
#include "load/plan.h"
#include "load/prng.h"
#include "load/requests.h"
#include "load/resp_replies.h"
#include "load/tally.h"

namespace apex::load {

// What the connections of a thread have in common.
struct Crew {
  const Plan& plan;
  const Requests& requests;
  Tally& tally;
  // What is read is parsed at once, so there is one place to read to.
  std::vector<uint8_t>& input;
  int epoll;
  // Requests that have found their end, for whoever watches.
  uint64_t answered = 0;
};

class Connection final {
 public:
  Connection(Crew& crew, const Share& share);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // 0, or a negative errno. `on_event` tells when there is more to know.
  int connect(uint64_t now);
  bool is_open() const { return phase_ == Phase::open; }

  // The first request may leave.
  void begin(uint64_t now);
  void on_event(uint32_t events);
  // Sends what is due, ends what is silent, connects what is to be connected again.
  void tick(uint64_t now);

  // Null: in order so far. It is over then, and will not begin again.
  const char* complaint() const { return complaint_.empty() ? nullptr : complaint_.c_str(); }
  bool is_done() const { return phase_ == Phase::done; }
  uint64_t started_at() const { return started_at_; }
  uint64_t ended_at() const { return ended_at_; }
  // When a request is due that may leave then; `kNoneDue`: what comes next is an event.
  static constexpr uint64_t kNoneDue = UINT64_MAX;
  uint64_t next_due() const;

 private:
  enum class Phase : uint8_t { idle, connecting, open, pausing, done };

  bool has_begun() const { return started_at_ != 0; }
  uint64_t due_at(uint64_t request) const;
  void fill(uint64_t now);
  void append(uint64_t due_at);
  size_t draw_operation();
  void send();
  void receive();
  bool count(const Reply& reply, uint64_t now);
  void connected(uint64_t now);
  void lose(uint64_t now);
  void complain(const char* reason);
  void finish();
  bool may_try_again();
  void watch(bool wants_room);

  Crew& crew_;
  Share share_;
  Prng prng_;
  KeyDraw keys_;
  FrameReplies frames_;
  RespReplies resp_;
  base::UniqueFd fd_;
  Phase phase_ = Phase::idle;
  bool is_watching_room_ = false;
  uint64_t sent_ = 0;
  uint64_t answered_ = 0;
  // Of `sent_` and `answered_`, modulo the pipeline.
  size_t sent_slot_ = 0;
  size_t answered_slot_ = 0;
  // By slot: when a request left, or was due, and what it was.
  std::vector<uint64_t> sent_at_;
  std::vector<uint8_t> operation_of_;
  // What is written and not yet sent lies from `out_from_` to `out_to_`.
  std::vector<uint8_t> out_;
  size_t out_from_ = 0;
  size_t out_to_ = 0;
  uint32_t reconnects_ = 0;
  // When a connection that pauses is tried again.
  uint64_t retry_at_ = 0;
  // When the last reply came, or the connection began.
  uint64_t heard_at_ = 0;
  uint64_t started_at_ = 0;
  uint64_t ended_at_ = 0;
  std::string complaint_;
};

}  // namespace apex::load
