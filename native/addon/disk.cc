// native/disk for JavaScript: a data directory served by threads (src/runtime/native/disk.ts).
//
//   diskOpen(directory, hiddenFile, results, deliver)   → a handle, or the number of an error
//   diskSubmit(handle, operations)                      operations, in one call
//   diskFreeBytes(handle), diskIsUp(handle), diskDirectWrites(handle)
//   diskClose(handle)                  waits for what is running; nothing comes after
//
// 1. `operations` is flat: kind, ticket, then what the kind needs (the table at `read_operation`).
// 2. `results` is a Float64Array of kRows rows of kColumns: ticket, error, call, bytes found,
//    seconds of the sync. `deliver(count, files)` says how many rows are filled; `files` is flat: for each
//    list among them its ticket, how many files, and name and size of each.
// 3. Memory of a submission is read and written by threads until its completion is delivered or the
//    disk is closed: JavaScript keeps it alive and, of a write, as it is.
// 4. A disk that nobody closed is closed when its environment ends.
#include "disk/disk.h"

#include <uv.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/doors.h"
#include "addon/napi.h"

namespace apex::addon {
namespace {

using disk::Disk;
using disk::Kind;
using disk::Operation;

constexpr std::size_t kColumns = 5;

std::string string_of(napi_env env, napi_value value) {
  std::size_t size = 0;
  must(napi_get_value_string_utf8(env, value, nullptr, 0, &size), "string_of");
  std::string text(size, '\0');
  must(napi_get_value_string_utf8(env, value, text.data(), size + 1, &size), "string_of");
  return text;
}

// One open disk: its threads, the handle that wakes the loop, and where completions go.
struct DiskDoor {
  napi_env env = nullptr;
  napi_ref results = nullptr;
  napi_ref deliver = nullptr;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle cleanup = nullptr;
  uv_async_t wake{};
  std::unique_ptr<Disk> disk;
  // Submitted, and not delivered yet: while there are any the loop must not end.
  std::size_t in_flight = 0;
  bool is_closed = false;
};

// Walks a flat array.
class Cursor final {
 public:
  Cursor(napi_env env, napi_value array) : env_(env), array_(array) {
    must(napi_get_array_length(env, array, &length_), "Cursor");
  }
  bool has_more() const { return at_ < length_; }
  napi_value value() {
    napi_value element = nullptr;
    must(napi_get_element(env_, array_, at_++, &element), "Cursor");
    return element;
  }
  double number() { return number_of(env_, value()); }
  std::string text() { return string_of(env_, value()); }
  Span bytes() { return bytes_of(env_, value()); }

 private:
  napi_env env_;
  napi_value array_;
  std::uint32_t at_ = 0;
  std::uint32_t length_ = 0;
};

// | kind | what follows kind and ticket |
// |---|---|
// | create | file, bytes |
// | write | file, offset, sync, count of parts, the parts |
// | read | file, offset, fresh, a Uint8Array to fill |
// | sync, remove | file |
// | rename | source, target |
// | sync-directory, list | |
std::unique_ptr<Operation> read_operation(Cursor& cursor) {
  auto operation = std::make_unique<Operation>();
  operation->kind = static_cast<Kind>(cursor.number());
  operation->ticket = cursor.number();
  switch (operation->kind) {
    case Kind::kCreate:
      operation->file = cursor.text();
      operation->bytes = static_cast<std::uint64_t>(cursor.number());
      break;
    case Kind::kWrite: {
      operation->file = cursor.text();
      operation->offset = static_cast<std::uint64_t>(cursor.number());
      operation->sync = cursor.number() != 0;
      const auto count = static_cast<std::size_t>(cursor.number());
      operation->parts.reserve(count);
      for (std::size_t at = 0; at < count; at++) {
        const Span part = cursor.bytes();
        operation->parts.push_back({part.data, part.size});
      }
      break;
    }
    case Kind::kRead: {
      operation->file = cursor.text();
      operation->offset = static_cast<std::uint64_t>(cursor.number());
      operation->fresh = cursor.number() != 0;
      const Span into = cursor.bytes();
      operation->into = into.data;
      operation->length = into.size;
      break;
    }
    case Kind::kSync:
    case Kind::kRemove:
      operation->file = cursor.text();
      break;
    case Kind::kRename:
      operation->file = cursor.text();
      operation->target = cursor.text();
      break;
    case Kind::kSyncDirectory:
    case Kind::kList:
      break;
  }
  return operation;
}

// Appends what a list found to the flat array.
void add_files(napi_env env, napi_value files, const Operation& operation) {
  std::uint32_t at = 0;
  must(napi_get_array_length(env, files, &at), "add_files");
  const auto add = [&](napi_value value) {
    must(napi_set_element(env, files, at++, value), "add_files");
  };
  add(number(env, operation.ticket));
  add(number(env, static_cast<double>(operation.found_files.size())));
  for (const disk::Found& found : operation.found_files) {
    napi_value name = nullptr;
    must(napi_create_string_utf8(env, found.name.data(), found.name.size(), &name), "add_files");
    add(name);
    add(number(env, static_cast<double>(found.bytes)));
  }
}

napi_value value_of(napi_env env, napi_ref reference) {
  napi_value value = nullptr;
  must(napi_get_reference_value(env, reference, &value), "value_of");
  return value;
}

// Fills as many rows as there are, or as fit; answers how many. What is left stays in `completed`.
std::size_t fill_rows(napi_env env, std::unique_ptr<Operation>& completed, Span rows,
                      napi_value files) {
  auto* const table = reinterpret_cast<double*>(rows.data);
  const std::size_t rows_max = rows.size / sizeof(double) / kColumns;
  std::size_t count = 0;
  while (completed != nullptr && count < rows_max) {
    double* const row = table + count++ * kColumns;
    row[0] = completed->ticket;
    row[1] = completed->outcome.error;
    row[2] = static_cast<double>(completed->outcome.call);
    row[3] = static_cast<double>(completed->found_bytes);
    row[4] = completed->sync_seconds;
    if (completed->kind == Kind::kList) add_files(env, files, *completed);
    completed.reset(static_cast<Operation*>(completed->next));
  }
  return count;
}

void deliver_rows(DiskDoor& door, std::size_t count, napi_value files) {
  const napi_env env = door.env;
  door.in_flight -= count;
  if (door.in_flight == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&door.wake));
  napi_value global = nullptr;
  must(napi_get_global(env, &global), "deliver");
  const napi_value arguments[] = {number(env, static_cast<double>(count)), files};
  const napi_status status = napi_make_callback(env, door.context, global,
                                                value_of(env, door.deliver), 2, arguments, nullptr);
  if (status == napi_ok) return;
  // What the receiver throws is its own bug; it is reported as any other uncaught exception.
  napi_value error = nullptr;
  bool is_thrown = false;
  if (napi_is_exception_pending(env, &is_thrown) == napi_ok && is_thrown &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
}

void on_wake(uv_async_t* handle) {
  auto& door = *static_cast<DiskDoor*>(handle->data);
  if (door.is_closed) return;
  const napi_env env = door.env;
  std::unique_ptr<Operation> completed(door.disk->take_completed());
  while (completed != nullptr) {
    napi_handle_scope scope = nullptr;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    napi_value files = nullptr;
    must(napi_create_array(env, &files), "on_wake");
    Span rows;
    std::size_t length = 0;
    void* data = nullptr;
    must(napi_get_typedarray_info(env, value_of(env, door.results), nullptr, &length, &data,
                                  nullptr, nullptr),
         "on_wake");
    rows.data = static_cast<std::uint8_t*>(data);
    rows.size = length * sizeof(double);
    const std::size_t count = fill_rows(env, completed, rows, files);
    deliver_rows(door, count, files);
    must(napi_close_handle_scope(env, scope), "on_wake");
    if (door.is_closed) break;
  }
  while (completed != nullptr) completed.reset(static_cast<Operation*>(completed->next));
}

// Ends threads and wake-ups; the door itself goes when the loop has let go of the handle.
void close_door(DiskDoor& door) {
  if (door.is_closed) return;
  door.is_closed = true;
  door.disk->stop();
  uv_close(reinterpret_cast<uv_handle_t*>(&door.wake), [](uv_handle_t* handle) {
    auto* const closed = static_cast<DiskDoor*>(handle->data);
    napi_remove_async_cleanup_hook(closed->cleanup);
    delete closed;
  });
}

DiskDoor& door_of(napi_env env, napi_value handle) {
  void* data = nullptr;
  must(napi_get_value_external(env, handle, &data), "door_of");
  return *static_cast<DiskDoor*>(data);
}

napi_value disk_open(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info, "diskOpen");
  auto door = std::make_unique<DiskDoor>();
  DiskDoor* const opened = door.get();
  door->env = env;
  door->disk = std::make_unique<Disk>(string_of(env, arguments[0]), string_of(env, arguments[1]),
                                      [opened] { uv_async_send(&opened->wake); });
  uv_loop_t* loop = nullptr;
  must(napi_get_uv_event_loop(env, &loop), "diskOpen");
  if (const int error = uv_async_init(loop, &door->wake, on_wake); error != 0) {
    return number(env, -error);
  }
  door->wake.data = opened;
  uv_unref(reinterpret_cast<uv_handle_t*>(&door->wake));
  must(napi_create_reference(env, arguments[2], 1, &door->results), "diskOpen");
  must(napi_create_reference(env, arguments[3], 1, &door->deliver), "diskOpen");
  napi_value name = nullptr;
  must(napi_create_string_utf8(env, "apex-disk", NAPI_AUTO_LENGTH, &name), "diskOpen");
  must(napi_async_init(env, nullptr, name, &door->context), "diskOpen");
  must(napi_add_async_cleanup_hook(
           env,
           [](napi_async_cleanup_hook_handle, void* data) {
             close_door(*static_cast<DiskDoor*>(data));
           },
           opened, &door->cleanup),
       "diskOpen");
  door.release();
  if (const int error = opened->disk->start(); error != 0) {
    close_door(*opened);
    return number(env, error);
  }
  napi_value handle = nullptr;
  must(napi_create_external(env, opened, nullptr, nullptr, &handle), "diskOpen");
  return handle;
}

napi_value disk_submit(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "diskSubmit");
  DiskDoor& door = door_of(env, arguments[0]);
  std::vector<std::unique_ptr<Operation>> operations;
  Cursor cursor(env, arguments[1]);
  while (cursor.has_more()) operations.push_back(read_operation(cursor));
  if (door.in_flight == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&door.wake));
  door.in_flight += operations.size();
  door.disk->submit(std::move(operations));
  return nullptr;
}

napi_value disk_free_bytes(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "diskFreeBytes");
  return number(env, static_cast<double>(door_of(env, arguments[0]).disk->free_bytes()));
}

napi_value disk_direct_writes(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "diskDirectWrites");
  return number(env, static_cast<double>(door_of(env, arguments[0]).disk->direct_writes()));
}

napi_value disk_is_up(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "diskIsUp");
  return number(env, door_of(env, arguments[0]).disk->is_up() ? 1 : 0);
}

napi_value disk_close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "diskClose");
  DiskDoor& door = door_of(env, arguments[0]);
  must(napi_delete_reference(env, door.results), "diskClose");
  must(napi_delete_reference(env, door.deliver), "diskClose");
  must(napi_async_destroy(env, door.context), "diskClose");
  close_door(door);
  return nullptr;
}

}  // namespace

void register_disk(napi_env env, napi_value exports) {
  set_function(env, exports, "diskOpen", disk_open);
  set_function(env, exports, "diskSubmit", disk_submit);
  set_function(env, exports, "diskFreeBytes", disk_free_bytes);
  set_function(env, exports, "diskDirectWrites", disk_direct_writes);
  set_function(env, exports, "diskIsUp", disk_is_up);
  set_function(env, exports, "diskClose", disk_close);
}

}  // namespace apex::addon
