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
// 6. Connections that were accepted are numbered here, from 1; those that are dialled, by whoever
//    orders it, from kDialledIds.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/batch.h"
#include "net/connection.h"
#include "net/deadlines.h"
#include "net/net.h"
#include "net/sockets.h"

namespace apex::net {

// What epoll calls that which is no connection; connections count from 1.
inline constexpr uint64_t kTimerId = ~uint64_t{0};
inline constexpr uint64_t kGossipId = kTimerId - 1;
inline constexpr uint64_t kDoorId = kTimerId - 3;  // and the one after it

class Poller final : public Net {
 public:
  // 0, or a negative errno.
  static int open(const PollerConfig& config, const Tables& tables,
                  std::unique_ptr<Poller>* poller);

  int fd() const override { return epoll_.get(); }
  bool is_up() override { return true; }

  int open_door(DoorName name, const Address& address, bool may_be_peer) override;
  void close_door(DoorName name) override;
  bool is_door_open(DoorName name) const override { return door_of(name).fd.is_open(); }
  int open_gossip(const Address& address) override;
  void close_gossip() override { gossip_.reset(-1); }
  bool is_gossip_open() const override { return gossip_.is_open(); }
  void set_target(uint32_t number, const Address& address) override;
  void start() override;

  size_t poll() override;
  size_t exchange(size_t orders) override;
  size_t release() override;
  void shut_down(bool flush) override;
  NetStats stats() const override;

  size_t connections() const { return connections_.size(); }

  // The same, for who brings orders in memory of their own.
  void carry_out(const Orders& orders);
  // From now on records and bytes go there; late ones at once. With no room nothing is read.
  void fill(const Room& room);
  const Batch& batch() const { return batch_; }

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
  Connection& insert(uint64_t id, base::UniqueFd fd, Role role);
  void announce(Connection& connection);

  // False: the connection is gone.
  bool read_some(Connection& connection);
  bool discard(Connection& connection);
  void deliver(Connection& connection, size_t size);
  size_t sniff(Connection& connection, const uint8_t* bytes, size_t size);
  bool end_reading(Connection& connection);

  Connection* find(uint64_t id);
  void obey(const double* order, const Orders& orders);
  void dial(uint64_t id, const uint8_t* bytes, size_t size);
  int begin_dial(uint64_t id, const Address& address);
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
