// What passes between the poller and whoever drives it: two pairs of tables, in memory that both
// see.
//
//   in:   records [kind, id, a, b] as doubles, and the bytes they point at
//   out:  orders  [kind, id, a, b] as doubles, and the bytes they point at
//
// 1. Records and bytes of the in-pair stay where they are until `release`; they are filled from the
//    beginning again then, so a batch that fits the cache stays in it.
// 2. A record that finds no room waits in `late_` and comes first in the next batch: none is lost.
// 3. Doubles, because that is what the other side counts in: ids and offsets below 2^53 are exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace apex::net {

// src/runtime/native/net-binding.ts has the same numbers.
enum class RecordKind : uint8_t {
  connected = 1,      // id; a, b: where its address stands, as text
  received = 2,       // id; a, b: where the bytes stand
  closed = 3,         // id
  unsent = 4,         // id; a: bytes that the kernel has not taken
  peer_opened = 5,    // id; a: the node that calls
  peer_received = 6,  // id; a, b: where the bytes stand
  link_up = 7,        // id; a, b: where the address stands, as text
  gossip = 8,         // a, b: where the datagram stands
  gossip_failed = 9,  // a: errno
  door_failed = 10,   // id: which listener; a: errno
};

enum class OrderKind : uint8_t {
  send = 1,    // id; a, b: where the bytes stand
  pause = 2,   // id
  resume = 3,  // id
  close = 4,   // id
  reset = 5,   // id
  gossip = 6,  // id: the target; a, b: where the datagram stands
  dial = 7,    // id: from kDialledIds on; a, b: where port (u16 BE) and address (text) stand
};

inline constexpr uint64_t kDialledIds = uint64_t{1} << 40;

inline constexpr size_t kRecordDoubles = 4;

struct Tables {
  double* records;
  size_t records_max;
  uint8_t* in_bytes;
  size_t in_bytes_max;
  const double* orders;
  size_t orders_max;
  const uint8_t* out_bytes;
  size_t out_bytes_max;
};

// Where records and their bytes go: the in-pair of Tables.
struct Room {
  double* records;
  size_t records_max;
  uint8_t* in_bytes;
  size_t in_bytes_max;
};

// The out-pair, of which `count` rows are orders.
struct Orders {
  const double* rows;
  size_t count;
  const uint8_t* bytes;
  size_t bytes_max;
};

class Batch final {
 public:
  explicit Batch(const Room& room) : tables_(room) {}

  size_t count() const { return count_; }
  bool has_late() const { return !late_.empty(); }
  // Whether a wake-up's worth of records has room.
  bool has_record_room() const { return count_ < tables_.records_max / 2 && late_.empty(); }
  size_t bytes_left() const { return tables_.in_bytes_max - used_; }
  size_t bytes_max() const { return tables_.in_bytes_max; }
  // Where the next bytes may be written.
  uint8_t* cursor() { return tables_.in_bytes + used_; }

  void add(RecordKind kind, uint64_t id, uint64_t a = 0, uint64_t b = 0);

  // `size` bytes stand at the cursor and stay there; answers where that is.
  size_t keep(size_t size) {
    const size_t at = used_;
    used_ += (size + 7) & ~size_t{7};
    if (used_ > tables_.in_bytes_max) used_ = tables_.in_bytes_max;
    return at;
  }

  // A record with a text; the text is cut where the room ends.
  void add_text(RecordKind kind, uint64_t id, const std::string& text);

  // The other side is done with all records and bytes.
  void release();
  // Goes on in another room, from its beginning.
  void fill(const Room& room) {
    tables_ = room;
    release();
  }
  size_t used_bytes() const { return used_; }

 private:
  struct Late {
    RecordKind kind;
    uint64_t id, a, b;
  };

  Room tables_;
  size_t count_ = 0;
  size_t used_ = 0;
  std::vector<Late> late_;
};

}  // namespace apex::net
