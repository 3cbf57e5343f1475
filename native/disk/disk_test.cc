// What the conformance suite cannot see from JavaScript: threads, handles, and which way a write
// went.
#include "disk/disk.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "test/check.h"
#include "test/scratch.h"

using apex::disk::Disk;
using apex::disk::Kind;
using apex::test::create;
using apex::test::DiskUser;
using apex::test::move_file;
using apex::test::on_file;
using apex::test::read;
using apex::test::Scratch;
using apex::test::write;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes filled(std::size_t size, std::uint8_t byte) { return Bytes(size, byte); }

Bytes content(DiskUser& user, const std::string& file, std::uint64_t offset, std::size_t size,
              bool fresh) {
  Bytes bytes(size, 0xee);
  const auto done = user.run(read(file, offset, bytes, fresh));
  CHECK_EQUAL(done->outcome.error, 0);
  bytes.resize(done->found_bytes);
  return bytes;
}

int run(DiskUser& user, apex::disk::Operation operation) {
  return user.run(std::move(operation))->outcome.error;
}

// On a file system that knows it.
bool knows_direct(DiskUser& user) {
  const Bytes block = filled(4096, 1);
  CHECK_EQUAL(run(user, create("probe", 4096)), 0);
  CHECK_EQUAL(run(user, on_file(Kind::kSync, "probe")), 0);
  CHECK_EQUAL(run(user, write("probe", 0, block, true)), 0);
  CHECK_EQUAL(run(user, on_file(Kind::kRemove, "probe")), 0);
  if (user.disk().direct_writes() == 1) return true;
  std::printf("  (no O_DIRECT here: one way of writing is not tested)\n");
  return false;
}

}  // namespace

TEST("whole blocks go past the page cache once all else in the file is synced, and not before") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  if (!knows_direct(user)) return;
  const std::uint64_t before = user.disk().direct_writes();
  const auto direct = [&] { return user.disk().direct_writes() - before; };
  const Bytes block = filled(8192, 7);
  CHECK_EQUAL(run(user, create("a", 65536)), 0);
  CHECK_EQUAL(run(user, write("a", 0, block, true)), 0);
  CHECK_EQUAL(direct(), 0U);
  CHECK_EQUAL(run(user, write("a", 8192, block, true)), 0);
  CHECK_EQUAL(direct(), 1U);
  CHECK_EQUAL(run(user, write("a", 100, filled(10, 9), true)), 0);
  CHECK_EQUAL(direct(), 1U);
  CHECK_EQUAL(run(user, write("a", 16384, block, true)), 0);
  CHECK_EQUAL(direct(), 2U);
  CHECK_EQUAL(run(user, write("a", 32768, filled(10, 9), false)), 0);
  CHECK_EQUAL(run(user, write("a", 24576, block, true)), 0);
  CHECK_EQUAL(direct(), 2U);
  CHECK_EQUAL(run(user, create("a", 70000)), 0);
  CHECK_EQUAL(run(user, write("a", 24576, block, true)), 0);
  CHECK_EQUAL(direct(), 2U);
  CHECK_EQUAL(run(user, create("a", 100)), 0);
  CHECK_EQUAL(run(user, write("a", 24576, block, true)), 0);
  CHECK_EQUAL(direct(), 3U);
}

TEST("what was written in either way is read in either way") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  CHECK_EQUAL(run(user, create("a", 65536)), 0);
  CHECK_EQUAL(run(user, on_file(Kind::kSync, "a")), 0);
  CHECK(content(user, "a", 0, 65536, false) == filled(65536, 0));
  for (std::uint8_t n = 1; n <= 8; n++) {
    CHECK_EQUAL(run(user, write("a", n * 4096U, filled(4096, n), true)), 0);
    if (n % 2 == 0) {
      CHECK_EQUAL(run(user, write("a", n * 4096U + 5, filled(10, 99), false)), 0);
    }
  }
  for (const bool fresh : {false, true}) {
    for (std::uint8_t n = 1; n <= 8; n++) {
      CHECK(content(user, "a", n * 4096U + 15, 4081, fresh) == filled(4081, n));
      CHECK(content(user, "a", n * 4096U + 5, 10, fresh) == filled(10, n % 2 == 0 ? 99 : n));
    }
  }
}

TEST("a handle follows its file through renames, and a removed file's bytes are gone") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  CHECK_EQUAL(run(user, create("a", 8192)), 0);
  CHECK_EQUAL(run(user, create("b", 100)), 0);
  CHECK_EQUAL(run(user, on_file(Kind::kSync, "a")), 0);
  CHECK_EQUAL(run(user, move_file("a", "b")), 0);
  CHECK_EQUAL(run(user, write("b", 4096, filled(4096, 5), true)), 0);
  CHECK(content(user, "b", 4096, 5000, false) == filled(4096, 5));
  CHECK_EQUAL(run(user, write("a", 0, filled(1, 5), false)), ENOENT);
  CHECK_EQUAL(run(user, move_file("b", "b")), 0);
  CHECK_EQUAL(run(user, on_file(Kind::kRemove, "b")), 0);
  CHECK_EQUAL(run(user, create("b", 10)), 0);
  CHECK(content(user, "b", 0, 100, false) == filled(10, 0));
}

TEST("more files than handles: each keeps its bytes") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  for (int n = 0; n < 100; n++) {
    CHECK_EQUAL(run(user, create("f" + std::to_string(n), 10)), 0);
    const Bytes bytes = filled(10, static_cast<std::uint8_t>(n));
    CHECK_EQUAL(run(user, write("f" + std::to_string(n), 0, bytes, false)), 0);
  }
  for (int n = 0; n < 100; n++) {
    const Bytes bytes = filled(10, static_cast<std::uint8_t>(n));
    CHECK(content(user, "f" + std::to_string(n), 0, 10, false) == bytes);
  }
  const auto done = user.run(on_file(Kind::kList, ""));
  CHECK_EQUAL(done->found_files.size(), 100U);
}

TEST("a list has plain files with their sizes: no folder, and not the lock") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.path() + "/folder");
  std::ofstream(scratch.path() + "/LOCK") << "mine";
  DiskUser user(scratch.path());
  CHECK_EQUAL(run(user, create("a", 12345)), 0);
  const auto done = user.run(on_file(Kind::kList, ""));
  CHECK_EQUAL(done->found_files.size(), 1U);
  CHECK_EQUAL(done->found_files[0].name, "a");
  CHECK_EQUAL(done->found_files[0].bytes, 12345U);
}

TEST("operations on one file keep their order, and a rename stands between those on its names") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  const Bytes one = filled(4096, 1);
  const Bytes two = filled(4096, 2);
  for (int round = 0; round < 50; round++) {
    std::vector<double> tickets;
    tickets.push_back(user.submit(create("a", 4096)));
    tickets.push_back(user.submit(write("a", 0, one, false)));
    tickets.push_back(user.submit(move_file("a", "b")));
    tickets.push_back(user.submit(write("b", 0, two, round % 7 == 0)));
    tickets.push_back(user.submit(move_file("b", "a")));
    Bytes found(4096);
    tickets.push_back(user.submit(read("a", 0, found, false)));
    tickets.push_back(user.submit(on_file(Kind::kRemove, "a")));
    const std::size_t before = user.order().size();
    for (const double ticket : tickets) CHECK_EQUAL(user.await(ticket)->outcome.error, 0);
    CHECK(found == two);
    const std::vector<double> order(user.order().begin() + static_cast<long>(before),
                                    user.order().end());
    CHECK(order == tickets);
  }
}

TEST("a durable write does not wait for the zeros of other files") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  const Bytes block = filled(4096, 1);
  CHECK_EQUAL(run(user, create("log", 65536)), 0);
  CHECK_EQUAL(run(user, on_file(Kind::kSync, "log")), 0);
  std::vector<double> zeros;
  zeros.reserve(6);
  for (int n = 0; n < 6; n++) {
    zeros.push_back(user.submit(create("zeros" + std::to_string(n), 32 << 20)));
  }
  const double durable = user.submit(write("log", 0, block, true));
  CHECK_EQUAL(user.await(durable)->outcome.error, 0);
  // Two of the six may run beside it; the last is not even begun.
  const auto& order = user.order();
  CHECK(std::find(order.begin(), order.end(), zeros.back()) == order.end());
  for (const double ticket : zeros) CHECK_EQUAL(user.await(ticket)->outcome.error, 0);
}

TEST("free bytes are known from the start, and threads are seen to be up") {
  const Scratch scratch;
  DiskUser user(scratch.path());
  CHECK(user.disk().free_bytes() > 0);
  CHECK(user.disk().is_up());
  user.disk().stop();
  CHECK(!user.disk().is_up());
  user.disk().stop();
}

TEST("a directory that is not there is found out at the start") {
  Disk disk("there/is/none", "LOCK", [] {});
  CHECK_EQUAL(disk.start(), ENOENT);
}

TEST("a stop in the middle of many operations ends, and loses no memory") {
  const Scratch scratch;
  const Bytes block = filled(4096, 1);
  for (int round = 0; round < 5; round++) {
    DiskUser user(scratch.path());
    user.submit(create("a", 1 << 20));
    for (unsigned n = 0; n < 200; n++) user.submit(write("a", n * 4096U, block, n % 3 == 0));
    user.disk().stop();
  }
}

int main() { return apex::test::run(); }
