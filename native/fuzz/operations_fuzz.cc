// Any sequence of operations on three files does what a map of byte strings does.
//
// The input is read as a program: a byte for the kind, a byte for the files, two for offset and
// size. Durable writes of whole blocks, odd ones, renames and removals meet in every order, so that
// bytes written past the page cache and through it meet in the same file. What the disk answers,
// and what it finds when reading, must be the model's.
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "disk/performer.h"
#include "test/check.h"

namespace {

using apex::disk::AlignedBuffer;
using apex::disk::Kind;
using apex::disk::Operation;
using apex::disk::Performer;
using Bytes = std::vector<std::uint8_t>;
using Model = std::map<std::string, Bytes>;

constexpr std::size_t kOperationsMax = 64;
constexpr std::size_t kFileBytesMax = 64 * 1024;

class Program final {
 public:
  Program(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool has_more() const { return at_ + 4 <= size_; }
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
  std::string name() { return std::string(1, static_cast<char>('a' + byte() % 3)); }
  // Half of them whole blocks.
  std::size_t length() {
    const std::uint8_t low = byte();
    return low % 2 == 0 ? (low / 2 % 8) * apex::disk::kBlockBytes : low * 37U;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

const std::string& folder() {
  static const std::string path = [] {
    std::string pattern = "fuzz-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
  }();
  return path;
}

struct Run {
  Performer performer{folder(), "LOCK"};
  AlignedBuffer staging;
  Model model;

  int perform(Operation& operation) {
    performer.perform(operation, staging);
    return operation.outcome.error;
  }

  int on_file(Kind kind, const std::string& file) {
    Operation operation;
    operation.kind = kind;
    operation.file = file;
    return perform(operation);
  }

  int expected(const std::string& file) const { return model.count(file) == 0 ? ENOENT : 0; }

  void create(const std::string& file, std::size_t bytes) {
    Operation operation;
    operation.kind = Kind::kCreate;
    operation.file = file;
    operation.bytes = bytes;
    CHECK_EQUAL(perform(operation), 0);
    Bytes& content = model[file];
    if (content.size() < bytes) content.resize(bytes);
  }

  void write(const std::string& file, std::size_t offset, const Bytes& bytes, bool sync) {
    Operation operation;
    operation.kind = Kind::kWrite;
    operation.file = file;
    operation.offset = offset;
    operation.sync = sync;
    const std::size_t half = bytes.size() / 3;
    operation.parts = {{bytes.data(), half}, {bytes.data() + half, bytes.size() - half}};
    CHECK_EQUAL(perform(operation), expected(file));
    if (expected(file) != 0 || bytes.empty()) return;
    Bytes& content = model[file];
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<long>(offset));
  }

  void read(const std::string& file, std::size_t offset, std::size_t length, bool fresh) {
    // A read past the cache shows what is on the disk, which an unsynced write need not be yet.
    if (fresh && expected(file) == 0) CHECK_EQUAL(on_file(Kind::kSync, file), 0);
    Bytes into(length + 1, 0xee);
    Operation operation;
    operation.kind = Kind::kRead;
    operation.file = file;
    operation.offset = offset;
    operation.into = into.data();
    operation.length = length;
    operation.fresh = fresh;
    CHECK_EQUAL(perform(operation), expected(file));
    if (expected(file) != 0) return;
    const Bytes& content = model[file];
    const std::size_t end = std::min(content.size(), offset + length);
    const std::size_t found = end > offset ? end - offset : 0;
    CHECK_EQUAL(operation.found_bytes, found);
    for (std::size_t at = 0; at < found; at++) CHECK(into[at] == content[offset + at]);
    CHECK_EQUAL(static_cast<int>(into[length]), 0xee);
  }

  void rename(const std::string& source, const std::string& target) {
    Operation operation;
    operation.kind = Kind::kRename;
    operation.file = source;
    operation.target = target;
    CHECK_EQUAL(perform(operation), expected(source));
    if (expected(source) != 0 || source == target) return;
    model[target] = model[source];
    model.erase(source);
  }

  void list() {
    Operation operation;
    operation.kind = Kind::kList;
    CHECK_EQUAL(perform(operation), 0);
    CHECK_EQUAL(operation.found_files.size(), model.size());
    for (const auto& found : operation.found_files) {
      CHECK_EQUAL(found.bytes, model.at(found.name).size());
    }
  }

  void step(Program& program) {
    const std::uint8_t kind = program.byte();
    const std::string file = program.name();
    const std::size_t offset = program.length() % kFileBytesMax;
    const std::size_t length = program.length();
    switch (kind % 8) {
      case 0:
        return create(file, offset + length);
      case 1:
      case 2:
        return write(file, offset, Bytes(length, static_cast<std::uint8_t>(kind)), kind % 8 == 1);
      case 3:
      case 4:
        return read(file, offset, length, kind % 8 == 3);
      case 5:
        CHECK_EQUAL(on_file(Kind::kSync, file), expected(file));
        return;
      case 6:
        return rename(file, program.name());
      default:
        CHECK_EQUAL(on_file(Kind::kRemove, file), expected(file));
        model.erase(file);
        return list();
    }
  }
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run;
  Program program(data, size);
  for (std::size_t n = 0; n < kOperationsMax && program.has_more(); n++) run.step(program);
  run.list();
  for (const char* name : {"a", "b", "c"}) {
    run.read(name, 0, kFileBytesMax, false);
    run.read(name, 0, kFileBytesMax, true);
    if (run.model.count(name) != 0) CHECK_EQUAL(run.on_file(Kind::kRemove, name), 0);
  }
  return 0;
}
