// native/load for JavaScript: a benchmark's load on threads of its own
// (src/cli/bench/native-run.ts).
//
//   loadStart(plan, shares, hosts, onEnd)  → a handle, or the number of an error
//   loadAnswered(handle)                   requests that have found their end so far
//   loadRead(handle, into)                 → texts; once, when `onEnd` has been called
//   loadClose(handle)                      ends what still runs; `onEnd` is not called any more
//
// 1. `plan` is a Float64Array of kPlanNumbers, `shares` one of kShareNumbers a share, `hosts` an
//    array with an IP address a share; the tables are at `plan_of` and `shares_of`.
// 2. `into` is a Float64Array: seconds, CPU seconds, threads, has begun; then for each operation
//    misses, errors, total, maximum and the buckets. `texts` is flat: the complaint, then each
//    reason for errors and how often it was seen.
// 3. A load that nobody closed is stopped when its environment ends.
#include "load/load.h"

#include <uv.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "addon/doors.h"
#include "addon/napi.h"

namespace apex::addon {
namespace {

constexpr std::size_t kPlanNumbers = 16;
constexpr std::size_t kShareNumbers = 5;
constexpr std::size_t kHeadNumbers = 4;
constexpr std::size_t kOperationNumbers = 4 + load::kBuckets;
constexpr std::size_t kFindingNumbers = kHeadNumbers + load::kOperations * kOperationNumbers;

struct LoadDoor {
  napi_env env = nullptr;
  napi_ref on_end = nullptr;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle cleanup = nullptr;
  uv_async_t wake{};
  std::unique_ptr<load::Load> load;
  bool is_closed = false;
};

struct Numbers {
  double* data = nullptr;
  std::size_t count = 0;
};

Numbers numbers_of(napi_env env, napi_value value) {
  Numbers numbers;
  void* data = nullptr;
  must(napi_get_typedarray_info(env, value, nullptr, &numbers.count, &data, nullptr, nullptr),
       "load");
  numbers.data = static_cast<double*>(data);
  return numbers;
}

// wire, stale, zipfian, its four constants, keys, pipeline, value bytes, timeout in ms, weights of
// get, put and del, operations, threads
load::Plan plan_of(const double* numbers) {
  const auto u32 = [numbers](std::size_t at) { return static_cast<std::uint32_t>(numbers[at]); };
  load::Plan plan = {};
  plan.wire = static_cast<load::Wire>(u32(0));
  plan.is_stale = numbers[1] != 0;
  plan.is_zipfian = numbers[2] != 0;
  plan.zipf = {numbers[3], numbers[4], numbers[5], numbers[6]};
  plan.keys = u32(7);
  plan.pipeline = u32(8);
  plan.value_bytes = u32(9);
  plan.timeout_ms = u32(10);
  plan.weights = {u32(11), u32(12), u32(13)};
  plan.operations = u32(14);
  return plan;
}

// number, port, operations, nanoseconds between two requests, first key to fill or -1
std::vector<load::Share> shares_of(napi_env env, Numbers rows, napi_value hosts) {
  std::vector<load::Share> shares(rows.count / kShareNumbers);
  for (std::size_t at = 0; at < shares.size(); at++) {
    const double* const row = rows.data + at * kShareNumbers;
    load::Share& share = shares[at];
    napi_value host = nullptr;
    must(napi_get_element(env, hosts, static_cast<std::uint32_t>(at), &host), "loadStart");
    std::array<char, 64> text = {};
    std::size_t size = 0;
    must(napi_get_value_string_utf8(env, host, text.data(), text.size(), &size), "loadStart");
    const auto port = static_cast<std::uint16_t>(row[1]);
    if (!net::parse_address({text.data(), size}, port, &share.address)) {
      die("loadStart", "a host is no IP address");
    }
    share.number = static_cast<std::uint32_t>(row[0]);
    share.operations = static_cast<std::uint64_t>(row[2]);
    share.interval_ns = row[3];
    share.is_filling = row[4] >= 0;
    share.fill_from = share.is_filling ? static_cast<std::uint64_t>(row[4]) : 0;
  }
  return shares;
}

void on_wake(uv_async_t* handle) {
  auto& door = *static_cast<LoadDoor*>(handle->data);
  if (door.is_closed) return;
  napi_env env = door.env;
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function = nullptr;
  napi_value global = nullptr;
  must(napi_get_reference_value(env, door.on_end, &function), "on_wake");
  must(napi_get_global(env, &global), "on_wake");
  const napi_status status =
      napi_make_callback(env, door.context, global, function, 0, nullptr, nullptr);
  if (status == napi_pending_exception) {
    napi_value error = nullptr;
    must(napi_get_and_clear_last_exception(env, &error), "on_wake");
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

// Ends the threads; the door itself goes when the loop has let go of the handle.
void close_door(LoadDoor& door) {
  if (door.is_closed) return;
  door.is_closed = true;
  door.load->stop();
  uv_close(reinterpret_cast<uv_handle_t*>(&door.wake), [](uv_handle_t* handle) {
    auto* const closed = static_cast<LoadDoor*>(handle->data);
    napi_remove_async_cleanup_hook(closed->cleanup);
    delete closed;
  });
}

LoadDoor& door_of(napi_env env, napi_value handle) {
  void* data = nullptr;
  must(napi_get_value_external(env, handle, &data), "door_of");
  auto& door = *static_cast<LoadDoor*>(data);
  if (door.is_closed) die("load", "used after it was closed");
  return door;
}

napi_value load_start(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info, "loadStart");
  const Numbers plan = numbers_of(env, arguments[0]);
  if (plan.count != kPlanNumbers) die("loadStart", "a plan of another length");
  auto door = std::make_unique<LoadDoor>();
  LoadDoor* const opened = door.get();
  const auto threads = static_cast<std::size_t>(plan.data[kPlanNumbers - 1]);
  door->env = env;
  door->load = std::make_unique<load::Load>(
      plan_of(plan.data), shares_of(env, numbers_of(env, arguments[1]), arguments[2]), threads,
      [opened] { uv_async_send(&opened->wake); });
  uv_loop_t* loop = nullptr;
  must(napi_get_uv_event_loop(env, &loop), "loadStart");
  if (const int error = uv_async_init(loop, &door->wake, on_wake); error != 0) {
    return number(env, -error);
  }
  door->wake.data = opened;
  must(napi_create_reference(env, arguments[3], 1, &door->on_end), "loadStart");
  napi_value name = nullptr;
  must(napi_create_string_utf8(env, "apex-load", NAPI_AUTO_LENGTH, &name), "loadStart");
  must(napi_async_init(env, nullptr, name, &door->context), "loadStart");
  must(napi_add_async_cleanup_hook(
           env,
           [](napi_async_cleanup_hook_handle, void* data) {
             close_door(*static_cast<LoadDoor*>(data));
           },
           opened, &door->cleanup),
       "loadStart");
  (void)door.release();
  if (const int error = opened->load->start(); error != 0) {
    close_door(*opened);
    return number(env, -error);
  }
  napi_value handle = nullptr;
  must(napi_create_external(env, opened, nullptr, nullptr, &handle), "loadStart");
  return handle;
}

napi_value load_answered(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "loadAnswered");
  return number(env, static_cast<double>(door_of(env, arguments[0]).load->answered()));
}

void fill(const load::Finding& finding, double* into) {
  *into++ = finding.seconds;
  *into++ = finding.cpu_seconds;
  *into++ = static_cast<double>(finding.threads);
  *into++ = finding.has_begun ? 1 : 0;
  for (std::size_t at = 0; at < load::kOperations; at++) {
    const load::Histogram& latency = finding.tally.latencies[at];
    *into++ = static_cast<double>(finding.tally.misses[at]);
    *into++ = static_cast<double>(finding.tally.errors[at]);
    *into++ = static_cast<double>(latency.total);
    *into++ = static_cast<double>(latency.maximum);
    for (const std::uint64_t count : latency.counts) *into++ = static_cast<double>(count);
  }
}

napi_value load_read(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "loadRead");
  const load::Finding& finding = door_of(env, arguments[0]).load->finding();
  const Numbers into = numbers_of(env, arguments[1]);
  if (into.count != kFindingNumbers) die("loadRead", "room of another size");
  fill(finding, into.data);
  napi_value texts = nullptr;
  must(napi_create_array(env, &texts), "loadRead");
  std::uint32_t at = 0;
  const auto add = [&](napi_value value) {
    must(napi_set_element(env, texts, at++, value), "loadRead");
  };
  const auto add_text = [&](std::string_view text) {
    napi_value value = nullptr;
    must(napi_create_string_utf8(env, text.data(), text.size(), &value), "loadRead");
    add(value);
  };
  add_text(finding.complaint);
  for (std::size_t reason = 0; reason < finding.tally.reasons_used; reason++) {
    add_text(finding.tally.reasons[reason].name());
    add(number(env, static_cast<double>(finding.tally.reasons[reason].times)));
  }
  return texts;
}

napi_value load_close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "loadClose");
  LoadDoor& door = door_of(env, arguments[0]);
  must(napi_delete_reference(env, door.on_end), "loadClose");
  must(napi_async_destroy(env, door.context), "loadClose");
  close_door(door);
  return nullptr;
}

}  // namespace

void register_load(napi_env env, napi_value exports) {
  set_function(env, exports, "loadStart", load_start);
  set_function(env, exports, "loadAnswered", load_answered);
  set_function(env, exports, "loadRead", load_read);
  set_function(env, exports, "loadClose", load_close);
}

}  // namespace apex::addon
