// One TCP connection, accepted or dialled.
//
//   sniffed ──first frame──► client | peer      what was accepted and has not yet told who it is
//   link                                        what we dialled; its bytes are not ours to read
//
// A row with no behaviour of its own: the poller is the only one who touches it.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "net/byte_queue.h"
#include "net/delimiter.h"

namespace apex::net {

enum class Role : uint8_t { sniffed, client, peer, link };

struct Connection {
  Connection(uint64_t number, base::UniqueFd socket, Role first, DelimiterLimits limits)
      : id(number), fd(std::move(socket)), delimiter(Protocol::client, limits), role(first) {}

  const uint64_t id;
  base::UniqueFd fd;
  Delimiter delimiter;
  // What the delimiter held back.
  std::vector<uint8_t> held;
  // What the kernel has not taken.
  ByteQueue queue;
  // Sent in the exchange under way, not yet tried; points into the order bytes.
  std::vector<iovec> gather;
  uint64_t reported_unsent = 0;
  uint32_t interest = 0;
  Role role;
  // The driver knows it under its number.
  bool is_known = false;
  bool is_connecting = false;
  bool is_paused = false;
  // The other end has said its last; what is queued still leaves.
  bool is_read_ended = false;
  // A flushing close: nothing is taken in or accepted for sending any more.
  bool is_closing = false;
  bool is_shut = false;
};

}  // namespace apex::net
