// A whole load against a server in this process: it counts, it times, and it meets what a server
// may do to it.
#include "load/load.h"

#include <arpa/inet.h>
#include <poll.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "load/clock.h"
#include "net/sockets.h"
#include "test/check.h"

namespace {

using apex::load::Finding;
using apex::load::Load;
using apex::load::Plan;
using apex::load::Share;
using apex::load::Wire;

// What becomes of a request, by its number.
enum class Fate : uint8_t { answer, refuse, close, stall };

// Serves PUT and GET in client frames, or SET and GET in RESP, from one thread.
class Server final {
 public:
  explicit Server(std::function<Fate(uint64_t)> fate_of = {}, Wire wire = Wire::client)
      : fate_of_(std::move(fate_of)), wire_(wire) {
    apex::net::Address address;
    CHECK(apex::net::parse_address("127.0.0.1", 0, &address));
    CHECK_EQUAL(apex::net::open_listener(address, &listener_), 0);
    CHECK(apex::net::local_address(listener_.get(), &address_));
    CHECK_EQUAL(thread_.start("server", [this] { serve(); }), 0);
  }
  ~Server() { stop(); }

  void stop() {
    is_stopping_.store(true);
    thread_.join();
    listener_.reset(-1);
  }

  const apex::net::Address& address() const { return address_; }
  // After `stop`.
  uint64_t requests = 0;
  uint64_t connections = 0;

 private:
  struct Peer {
    apex::base::UniqueFd fd;
    std::string in;
  };

  void serve() {
    while (!is_stopping_.load()) {
      std::vector<pollfd> waiting = {{listener_.get(), POLLIN, 0}};
      for (const auto& [fd, peer] : peers_) waiting.push_back({fd, POLLIN, 0});
      ::poll(waiting.data(), waiting.size(), 5);
      for (const pollfd& one : waiting) {
        if (one.revents == 0) continue;
        if (one.fd == listener_.get()) {
          accept();
        } else if (!hear(peers_[one.fd])) {
          peers_.erase(one.fd);
        }
      }
    }
  }

  void accept() {
    apex::net::Address caller;
    const int fd = apex::net::accept_one(listener_.get(), &caller);
    if (fd < 0) return;
    connections++;
    peers_[fd].fd.reset(fd);
  }

  bool hear(Peer& peer) {
    std::vector<uint8_t> chunk(65536);
    const ssize_t got = apex::net::receive(peer.fd.get(), chunk.data(), chunk.size());
    if (got == -EAGAIN) return true;
    if (got <= 0) return false;
    peer.in.append(chunk.begin(), chunk.begin() + got);
    std::string out;
    bool is_kept = true;
    while (is_kept) {
      const size_t size = request_bytes(peer.in);
      if (size == 0) break;
      is_kept = answer(peer.in.substr(0, size), &out);
      peer.in.erase(0, size);
    }
    for (size_t at = 0; at < out.size();) {
      iovec piece = {out.data() + at, out.size() - at};
      const ssize_t sent = apex::net::send_gathered(peer.fd.get(), &piece, 1);
      if (sent == -EAGAIN) continue;
      if (sent < 0) return false;
      at += static_cast<size_t>(sent);
    }
    return is_kept;
  }

  // Of the first request, if it is whole.
  size_t request_bytes(const std::string& in) const {
    if (wire_ == Wire::client) {
      if (in.size() < 16) return 0;
      const size_t size = 16 + static_cast<uint8_t>(in[10]) * 256U + static_cast<uint8_t>(in[11]);
      return in.size() >= size ? size : 0;
    }
    // Lines of a GET: 5; of a SET: 7.
    size_t at = 0;
    const int lines = in.size() > 1 && in[1] == '3' ? 7 : 5;
    for (int line = 0; line < lines; line++) {
      const size_t end = in.find('\n', at);
      if (end == std::string::npos) return 0;
      at = end + 1;
    }
    return at;
  }

  bool answer(const std::string& request, std::string* out) {
    switch (fate_of_ ? fate_of_(requests++) : (requests++, Fate::answer)) {
      case Fate::close:
        return false;
      case Fate::stall:
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        [[fallthrough]];
      case Fate::answer:
        *out += reply(request, false);
        return true;
      case Fate::refuse:
        *out += reply(request, true);
        return true;
    }
    return false;
  }

  std::string reply(const std::string& request, bool is_refusal) const {
    if (wire_ == Wire::resp) {
      if (is_refusal) return "-OOM no memory\r\n";
      return request[1] == '3' ? "+OK\r\n" : "$1\r\nv\r\n";
    }
    const std::string seq = request.substr(12, 4);
    std::string head = request.substr(0, 4) + std::string(8, '\0') + seq;
    std::string payload;
    if (is_refusal) {
      payload = std::string("\0\0\0\x0aOVERLOADED", 14);
    } else if (request[4] == 1) {
      payload = std::string("\0\0\0\x01v", 5);
    }
    head[4] = is_refusal ? '\x13' : request[4] == 1 ? '\x11' : '\x10';
    head[11] = static_cast<char>(payload.size());
    return head + payload;
  }

  std::function<Fate(uint64_t)> fate_of_;
  Wire wire_;
  apex::base::UniqueFd listener_;
  apex::net::Address address_ = {};
  std::map<int, Peer> peers_;
  std::atomic<bool> is_stopping_{false};
  apex::base::Thread thread_;
};

Plan plan_of(uint32_t operations) {
  Plan plan = {};
  plan.keys = 100;
  plan.pipeline = 16;
  plan.value_bytes = 20;
  plan.timeout_ms = 5000;
  plan.weights = {50, 50, 0};
  plan.operations = operations;
  return plan;
}

std::vector<Share> shares_of(const Plan& plan, const Server& server, uint32_t connections) {
  std::vector<Share> shares(connections);
  for (uint32_t at = 0; at < connections; at++) {
    shares[at].number = at;
    shares[at].address = server.address();
    shares[at].operations = uint64_t{plan.operations} * (at + 1) / connections -
                            uint64_t{plan.operations} * at / connections;
  }
  return shares;
}

// Runs it to its end, or stops it when `requests` are answered.
Finding run(const Plan& plan, const std::vector<Share>& shares, size_t threads,
            uint64_t stop_at = UINT64_MAX) {
  std::mutex guard;
  std::condition_variable ended;
  bool is_over = false;
  Load load(plan, shares, threads, [&] {
    const std::lock_guard<std::mutex> lock(guard);
    is_over = true;
    ended.notify_all();
  });
  CHECK_EQUAL(load.start(), 0);
  if (stop_at != UINT64_MAX) {
    while (load.answered() < stop_at) std::this_thread::yield();
    load.stop();
  }
  std::unique_lock<std::mutex> lock(guard);
  ended.wait(lock, [&] { return is_over; });
  return load.finding();
}

uint64_t succeeded(const Finding& finding) {
  uint64_t sum = 0;
  for (const auto& latency : finding.tally.latencies) sum += latency.total;
  return sum;
}

uint64_t failed(const Finding& finding) {
  uint64_t sum = 0;
  for (const uint64_t errors : finding.tally.errors) sum += errors;
  return sum;
}

// How many of an operation took at least so long.
uint64_t slower_than(const Finding& finding, uint64_t micros) {
  uint64_t count = 0;
  for (const auto& latency : finding.tally.latencies) {
    for (size_t at = apex::load::bucket_of(micros); at < apex::load::kBuckets; at++) {
      count += latency.counts[at];
    }
  }
  return count;
}

}  // namespace

TEST("every request is sent and counted, on several threads, on either wire") {
  for (const Wire wire : {Wire::client, Wire::resp}) {
    Server server({}, wire);
    Plan plan = plan_of(20'001);
    plan.wire = wire;
    const Finding finding = run(plan, shares_of(plan, server, 7), 3);
    server.stop();
    CHECK_EQUAL(server.requests, 20'001U);
    CHECK_EQUAL(server.connections, 7U);
    CHECK_EQUAL(succeeded(finding), 20'001U);
    CHECK_EQUAL(failed(finding), 0U);
    CHECK_EQUAL(finding.threads, 3U);
    CHECK(finding.complaint.empty());
    CHECK(finding.seconds > 0);
    CHECK(finding.tally.latencies[apex::load::kGet].total > 9000);
    CHECK(finding.tally.latencies[apex::load::kPut].total > 9000);
  }
}

TEST("values longer than what waits for the socket get through, with every request") {
  Server server;
  Plan plan = plan_of(2000);
  plan.value_bytes = 60'000;
  plan.weights = {0, 1, 0};
  const Finding finding = run(plan, shares_of(plan, server, 2), 1);
  CHECK_EQUAL(succeeded(finding), 2000U);
  CHECK_EQUAL(failed(finding), 0U);
}

TEST("refusals are errors under their code, and are not timed") {
  Server server([](uint64_t request) { return request % 4 == 0 ? Fate::refuse : Fate::answer; });
  const Plan plan = plan_of(1000);
  const Finding finding = run(plan, shares_of(plan, server, 1), 1);
  CHECK_EQUAL(failed(finding), 250U);
  CHECK_EQUAL(succeeded(finding), 750U);
  CHECK_EQUAL(finding.tally.reasons_used, 1U);
  CHECK_EQUAL(std::string(finding.tally.reasons[0].name()), std::string("OVERLOADED"));
}

TEST("what was in flight when a connection ended is an error; the rest goes on") {
  Server server([](uint64_t request) { return request == 100 ? Fate::close : Fate::answer; });
  const Plan plan = plan_of(1000);
  const Finding finding = run(plan, shares_of(plan, server, 1), 1);
  server.stop();
  CHECK_EQUAL(server.connections, 2U);
  CHECK(failed(finding) >= 1 && failed(finding) <= plan.pipeline);
  CHECK_EQUAL(succeeded(finding) + failed(finding), 1000U);
  CHECK_EQUAL(std::string(finding.tally.reasons[0].name()), std::string("connection lost"));
  CHECK(finding.complaint.empty());
}

TEST("with a rate, requests leave when they are due") {
  Server server;
  const Plan plan = plan_of(200);
  std::vector<Share> shares = shares_of(plan, server, 2);
  for (Share& share : shares) share.interval_ns = 2'000'000;
  const Finding finding = run(plan, shares, 1);
  CHECK_EQUAL(succeeded(finding), 200U);
  // A hundred each, the first at once: no machine is fast enough to need less.
  CHECK(finding.seconds >= 0.198);
}

TEST("with a rate, requests held up by a stall are timed from when they were due") {
  Server server([](uint64_t request) { return request == 0 ? Fate::stall : Fate::answer; });
  Plan plan = plan_of(80);
  plan.pipeline = 1;
  std::vector<Share> shares = shares_of(plan, server, 1);
  shares[0].interval_ns = 1'000'000;
  // One request met the stall; those that were due in its first half waited 50 ms or more.
  CHECK(slower_than(run(plan, shares, 1), 45'000) >= 45);
  // Without a rate it is one.
  Server other([](uint64_t request) { return request == 0 ? Fate::stall : Fate::answer; });
  const Finding closed = run(plan, shares_of(plan, other, 1), 1);
  CHECK(slower_than(closed, 90'000) >= 1);
  CHECK(slower_than(closed, 90'000) < 40);
}

TEST("filling writes its keys in order, and nothing else") {
  Server server;
  const Plan plan = plan_of(100);
  std::vector<Share> shares = shares_of(plan, server, 1);
  shares[0].is_filling = true;
  shares[0].fill_from = 7;
  const Finding finding = run(plan, shares, 1);
  CHECK_EQUAL(finding.tally.latencies[apex::load::kPut].total, 100U);
}

TEST("where nobody listens there is a complaint, and no load") {
  Server server;
  const Plan plan = plan_of(100);
  const std::vector<Share> shares = shares_of(plan, server, 4);
  server.stop();
  const Finding finding = run(plan, shares, 2);
  CHECK(!finding.has_begun);
  CHECK_EQUAL(finding.complaint, std::string("Connection refused"));
  CHECK_EQUAL(succeeded(finding) + failed(finding), 0U);
}

TEST("a server that is gone for good ends the load with a complaint") {
  Server server([](uint64_t request) { return request < 10 ? Fate::answer : Fate::close; });
  Plan plan = plan_of(100'000);
  plan.pipeline = 1;
  // Every new connection ends at its first request: fifty pauses of 100 ms.
  const Finding finding = run(plan, shares_of(plan, server, 1), 1);
  CHECK_EQUAL(succeeded(finding), 10U);
  CHECK_EQUAL(failed(finding), 51U);
  CHECK_EQUAL(finding.complaint, std::string("the connection was lost too often"));
}

TEST("a load that is stopped ends in the middle") {
  Server server;
  const Plan plan = plan_of(100'000'000);
  const Finding finding = run(plan, shares_of(plan, server, 3), 2, 1000);
  CHECK(succeeded(finding) >= 1000);
  CHECK(succeeded(finding) < 100'000'000);
}

int main() { return apex::test::run(); }
