#include "load/load.h"

#include <algorithm>
#include <utility>

#include "load/worker.h"

namespace apex::load {

struct Load::Member {
  std::vector<Share> shares;
  std::atomic<uint64_t> answered{0};
  std::unique_ptr<Worker> worker;
  base::Thread thread;
};

Load::Load(const Plan& plan, std::vector<Share> shares, size_t threads,
           std::function<void()> on_end)
    : plan_(plan), on_end_(std::move(on_end)) {
  const size_t count = std::max<size_t>(1, std::min(threads, shares.size()));
  for (size_t at = 0; at < count; at++) members_.push_back(std::make_unique<Member>());
  for (size_t at = 0; at < shares.size(); at++) {
    members_[at % count]->shares.push_back(shares[at]);
  }
}

Load::~Load() { stop(); }

int Load::start() {
  running_.store(members_.size());
  for (const auto& member : members_) {
    Member* const own = member.get();
    const int error = own->thread.start("apex-load", [this, own] { run(*own); });
    if (error == 0) continue;
    // Those that run would wait for the others for ever.
    stop();
    return -error;
  }
  return 0;
}

void Load::stop() {
  {
    const std::lock_guard<std::mutex> lock(gate_);
    is_stopping_.store(true);
  }
  opened_.notify_all();
  for (const auto& member : members_) member->thread.join();
}

uint64_t Load::answered() const {
  uint64_t sum = 0;
  for (const auto& member : members_) sum += member->answered.load(std::memory_order_relaxed);
  return sum;
}

void Load::run(Member& member) {
  // Made here, so that its memory is first touched by the thread that uses it.
  member.worker = std::make_unique<Worker>(plan_, member.shares, &is_stopping_, &member.answered);
  const bool is_connected = member.worker->connect();
  if (wait_for_all(is_connected)) member.worker->run();
  end_if_last();
}

// True: all are connected.
bool Load::wait_for_all(bool is_connected) {
  std::unique_lock<std::mutex> lock(gate_);
  may_begin_ = may_begin_ && is_connected;
  arrived_++;
  if (arrived_ == members_.size()) opened_.notify_all();
  opened_.wait(
      lock, [this] { return arrived_ == members_.size() || !may_begin_ || is_stopping_.load(); });
  return may_begin_ && !is_stopping_.load();
}

// Everybody's last words are read by whoever is last: the counter publishes them.
void Load::end_if_last() {
  if (running_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  uint64_t first = UINT64_MAX;
  uint64_t last = 0;
  finding_.threads = members_.size();
  finding_.has_begun = may_begin_;
  for (const auto& member : members_) {
    const Worker& worker = *member->worker;
    finding_.tally.add(worker.tally());
    finding_.cpu_seconds += static_cast<double>(worker.cpu_ns()) / 1e9;
    if (finding_.complaint.empty()) finding_.complaint = worker.complaint();
    if (!may_begin_) continue;
    first = std::min(first, worker.started_at());
    last = std::max(last, worker.ended_at());
  }
  if (last > first) finding_.seconds = static_cast<double>(last - first) / 1e9;
  on_end_();
}

}  // namespace apex::load
