// The delimiter under bytes and cuts of the fuzzer's choice: what it hands over is the stream, in
// order, whatever the stream is; and however it is cut, as much of it is handed over in the end.
//
// Input: one byte of choice (client or peer, bounds), then the stream; each piece is as long as the
// byte at its beginning says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "net/delimiter.h"

namespace {

using apex::net::Delimiter;
using apex::net::DelimiterLimits;
using apex::net::Protocol;

void must(bool claim) {
  if (!claim) std::abort();
}

size_t show(Delimiter& delimiter, const uint8_t* from, const uint8_t* to) {
  // A copy of exactly these bytes, so that reading past them is found.
  const std::vector<uint8_t> bytes(from, to);
  const size_t whole = delimiter.take(bytes.data(), bytes.size());
  must(whole <= bytes.size());
  must((whole == bytes.size()) == (delimiter.wanted_bytes() == 0));
  must(whole == bytes.size() || delimiter.wanted_bytes() > bytes.size() - whole);
  must(!delimiter.is_raw() || whole == bytes.size());
  return whole;
}

// How much of the stream has been handed over once `delimiter` has seen all of it.
size_t feed(Delimiter& delimiter, const uint8_t* stream, size_t size, bool is_cut) {
  size_t taken = 0;
  size_t shown = 0;
  while (shown < size) {
    const size_t piece = is_cut ? size_t{1} + stream[shown] : size;
    shown = size - shown < piece ? size : shown + piece;
    // As the poller does: nothing new can come of less than what is wanted.
    if (shown < size && shown - taken < delimiter.wanted_bytes()) continue;
    taken += show(delimiter, stream + taken, stream + shown);
  }
  return taken;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Protocol protocol = (data[0] & 1) == 0 ? Protocol::client : Protocol::peer;
  const DelimiterLimits limits = {(data[0] & 2) == 0 ? 64U : 65'536U,
                                  (data[0] & 4) == 0 ? 1'024U : 16U << 20};
  Delimiter whole(protocol, limits);
  Delimiter cut(protocol, limits);
  const size_t from_whole = feed(whole, data + 1, size - 1, false);
  const size_t from_cut = feed(cut, data + 1, size - 1, true);
  must(whole.is_raw() == cut.is_raw());
  must(from_whole == from_cut);
  (void)apex::net::read_hello(data + 1, size - 1, 1);
  return 0;
}
