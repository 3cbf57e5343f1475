// All sockets of a node behind one epoll descriptor: clients, peers, links, gossip.
//
//   doors ──accept──► connections ──read──► whole frames ──► records   (poll)
//   orders ──► gathered writes ──► connections                         (exchange)
//
// 1. It moves bytes and decides nothing: it answers no request, sends no heartbeat, dials only when
//    it is told to, and reads only when it is driven. When its driver stands still, so does the
//    node.
// 2. One `poll` a wake-up, with all that was ready; one `exchange` a turn, with all that is sent.
//    Nothing is read beyond the room that the batch has: the rest stays in the kernel, which stops
//    the sender.
// 3. `closed` is the last record of a connection and comes once; its number is never used again.
// 4. It blocks nowhere and throws nothing. A descriptor that cannot be had costs the caller its
//    connection, never the node its listener.
// 5. One thread at a time.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/batch.h"
#include "net/connection.h"
#include "net/deadlines.h"
#include "net/sockets.h"

namespace apex::net {

struct PollerConfig {
  // Who has said nothing for so long is announced as a client.
  uint32_t silent_ms;
  // A client that does not take its last bytes for so long loses them.
  uint32_t linger_ms;
  // How long nobody is accepted when descriptors have run out and none could be spared.
  uint32_t accept_pause_ms;
  // A connection more is closed as soon as it comes.
  uint32_t sockets_max;
  // A storm of callers does not keep the others waiting for longer than this.
  uint32_t accepts_per_wake_max;
  // Of one connection in one wake-up.
  uint32_t read_bytes_max;
  // A connection with more that nobody takes is reset.
  uint64_t queue_bytes_max;
  DelimiterLimits client_limits;
  DelimiterLimits peer_limits;
  uint8_t peer_version;
  uint16_t accepted_keep_alive_seconds;
  uint16_t dialled_keep_alive_seconds;
};

// What epoll calls that which is no connection; connections count from 1.
inline constexpr uint64_t kTimerId = ~uint64_t{0};
inline constexpr uint64_t kGossipId = kTimerId - 1;
inline constexpr uint64_t kDoorId = kTimerId - 3;  // and the one after it

enum class DoorName : uint8_t { clients = 0, peers = 1 };

struct NetStats {
  uint64_t accepted = 0;
  // Closed at once: beyond `sockets_max`, or no descriptor was left.
  uint64_t refused = 0;
  uint64_t accept_pauses = 0;
  uint64_t queues_overflowed = 0;
  uint64_t datagrams_sent = 0;
  uint64_t datagrams_dropped = 0;
};

class Poller final {
 public:
  // 0, or a negative errno.
  static int open(const PollerConfig& config, const Tables& tables,
                  std::unique_ptr<Poller>* poller);

  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller() = default;

  // Readable while there is something to `poll` for.
  int fd() const { return epoll_.get(); }

  // The port, or a negative errno. Who calls waits in the kernel until `start`.
  int open_door(DoorName name, const Address& address, bool may_be_peer);
  void close_door(DoorName name);
  bool is_door_open(DoorName name) const { return door_of(name).fd.is_open(); }
  int open_gossip(const Address& address);
  void close_gossip() { gossip_.reset(-1); }
  bool is_gossip_open() const { return gossip_.is_open(); }
  // Where orders of kind gossip with this number go.
  void set_target(uint32_t number, const Address& address);
  void start();

  // The number of a connection under way, or a negative errno. `link_up` or `closed` follows.
  int64_t dial(const Address& address);

  // Reads what is ready. How many records there are now, those included that were there before.
  size_t poll();
  // Carries out the orders. How many records there are now.
  size_t exchange(size_t orders);
  // Records and bytes have been read. How many records there are now: late ones.
  size_t release();

  // Closes doors and gossip, and every connection: after what is queued has left, or at once.
  void shut_down(bool flush);

  size_t connections() const { return connections_.size(); }
  const NetStats& stats() const { return stats_; }

 private:
  struct Door {
    base::UniqueFd fd;
    bool may_be_peer = false;
    bool is_paused = false;
  };

  Poller(const PollerConfig& config, const Tables& tables);

  int watch(int fd, uint64_t id, uint32_t interest, bool is_new);
  void dispatch(uint64_t id, uint32_t events);
  void dispatch_connection(Connection& connection, uint32_t events);

  Door& door_of(DoorName name) { return doors_[static_cast<size_t>(name)]; }
  const Door& door_of(DoorName name) const { return doors_[static_cast<size_t>(name)]; }
  void accept_some(DoorName name);
  bool refuse_one(Door& door);
  void pause_door(DoorName name);
  void adopt(int fd, bool may_be_peer);
  Connection& insert(base::UniqueFd fd, Role role);
  void announce(Connection& connection);

  // False: the connection is gone.
  bool read_some(Connection& connection);
  bool discard(Connection& connection);
  void deliver(Connection& connection, size_t size);
  size_t sniff(Connection& connection, const uint8_t* bytes, size_t size);
  bool end_reading(Connection& connection);

  Connection* find(uint64_t id);
  void obey(const double* order);
  void enqueue(Connection& connection, const uint8_t* bytes, size_t size);
  void send_datagram(uint64_t target, const uint8_t* bytes, size_t size);
  bool flush(Connection& connection);
  bool write_queued(Connection& connection);
  void start_closing(Connection& connection);
  void finish_connecting(Connection& connection);
  void update_interest(Connection& connection);
  void drop(Connection& connection);

  void receive_datagrams();
  void run_deadlines();

  const PollerConfig config_;
  Batch batch_;
  const Tables tables_;
  Deadlines deadlines_;
  base::UniqueFd epoll_;
  // Spent to turn a caller away when no other descriptor is left.
  base::UniqueFd reserve_;
  base::UniqueFd gossip_;
  Door doors_[2];
  std::unordered_map<uint32_t, Address> targets_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<uint64_t> touched_;
  NetStats stats_;
  uint64_t last_id_ = 0;
  bool is_started_ = false;
};

}  // namespace apex::net
