// What the one who owns the sockets offers to the one who decides: the poller itself, or the same
// poller on a thread of its own (net_thread.h). Tables and rules are batch.h's.
//
// 1. Records stand in the tables until `release`; `poll`, `exchange` and `release` answer how many
//    there are now, those included that were there before.
// 2. All functions are called from one thread, the one that reads the tables.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/address.h"
#include "net/batch.h"
#include "net/delimiter.h"

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

enum class DoorName : uint8_t { clients = 0, peers = 1 };

struct NetStats {
  uint64_t connections = 0;
  uint64_t accepted = 0;
  // Closed at once: beyond `sockets_max`, or no descriptor was left.
  uint64_t refused = 0;
  uint64_t accept_pauses = 0;
  uint64_t queues_overflowed = 0;
  uint64_t datagrams_sent = 0;
  uint64_t datagrams_dropped = 0;
};

class Net {
 public:
  Net() = default;
  Net(const Net&) = delete;
  Net& operator=(const Net&) = delete;
  virtual ~Net() = default;

  // Readable while there is something to `poll` for.
  virtual int fd() const = 0;
  // False: whoever moves the bytes is gone; nothing comes and nothing leaves any more.
  virtual bool is_up() = 0;

  // The port, or a negative errno. Who calls waits in the kernel until `start`.
  virtual int open_door(DoorName name, const Address& address, bool may_be_peer) = 0;
  virtual void close_door(DoorName name) = 0;
  virtual bool is_door_open(DoorName name) const = 0;
  virtual int open_gossip(const Address& address) = 0;
  virtual void close_gossip() = 0;
  virtual bool is_gossip_open() const = 0;
  // Where orders of kind gossip with this number go.
  virtual void set_target(uint32_t number, const Address& address) = 0;
  virtual void start() = 0;

  // Shows what has become ready.
  virtual size_t poll() = 0;
  // Takes the orders over: their tables are free afterwards.
  virtual size_t exchange(size_t orders) = 0;
  // Records and bytes have been read.
  virtual size_t release() = 0;

  // Closes doors and gossip, and every connection: after what is queued has left, or at once.
  virtual void shut_down(bool flush) = 0;
  virtual NetStats stats() const = 0;
};

}  // namespace apex::net
