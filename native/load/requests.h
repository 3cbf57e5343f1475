// Requests as templates: an operation's bytes, with the places of what changes from one to the
// next.
//
// So that a request costs one copy, twelve digits and a number, whichever wire it is for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "load/plan.h"

namespace apex::load {

class Requests final {
 public:
  explicit Requests(const Plan& plan);

  // The longest of them.
  size_t bytes_max() const { return bytes_max_; }

  // Writes one; answers its length. There is room for `bytes_max`.
  size_t write(uint8_t* into, size_t operation, uint64_t key, uint32_t seq) const;

 private:
  struct Template {
    std::vector<uint8_t> bytes;
    size_t digits_at = 0;
    // 0: this wire has none.
    size_t seq_at = 0;
  };

  static Template frame(const Plan& plan, size_t operation);
  static Template resp(const Plan& plan, size_t operation);

  std::array<Template, kOperations> templates_;
  size_t bytes_max_ = 0;
};

}  // namespace apex::load
