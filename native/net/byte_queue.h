// What one connection has yet to send: appended at the end, taken from the front.
//
// One stretch of memory, so that it leaves in one piece of a gathered write. It is let go when it
// is empty, so that a connection that waits for nothing holds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace apex::net {

class ByteQueue final {
 public:
  size_t size() const { return bytes_.size() - head_; }
  bool is_empty() const { return size() == 0; }
  const uint8_t* data() const { return bytes_.data() + head_; }

  void append(const uint8_t* bytes, size_t size) {
    // Moving the rest down costs less than what has been taken since the last time.
    if (head_ > bytes_.size() / 2) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(head_));
      head_ = 0;
    }
    bytes_.insert(bytes_.end(), bytes, bytes + size);
  }

  void take(size_t size) {
    head_ += size;
    if (is_empty()) clear();
  }

  void clear() {
    bytes_ = std::vector<uint8_t>();
    head_ = 0;
  }

 private:
  std::vector<uint8_t> bytes_;
  size_t head_ = 0;
};

}  // namespace apex::net
