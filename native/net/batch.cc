#include "net/batch.h"

#include <algorithm>

namespace apex::net {

void Batch::add(RecordKind kind, uint64_t id, uint64_t a, uint64_t b) {
  if (count_ == tables_.records_max) {
    late_.push_back({kind, id, a, b});
    return;
  }
  double* row = tables_.records + count_++ * kRecordDoubles;
  row[0] = static_cast<double>(kind);
  row[1] = static_cast<double>(id);
  row[2] = static_cast<double>(a);
  row[3] = static_cast<double>(b);
}

void Batch::add_text(RecordKind kind, uint64_t id, const std::string& text) {
  const size_t size = std::min(text.size(), bytes_left());
  if (size > 0) std::memcpy(cursor(), text.data(), size);
  const size_t at = keep(size);
  add(kind, id, at, size);
}

void Batch::release() {
  count_ = 0;
  used_ = 0;
  // Late records point at no bytes: whoever has bytes to tell of looks for room first.
  std::vector<Late> late;
  late.swap(late_);
  for (const Late& row : late) add(row.kind, row.id, row.a, row.b);
}

}  // namespace apex::net
