// native/net for JavaScript: a poller driven from the event loop, through its epoll descriptor, or
// one on a thread of its own, through its bell.
//
// 1. One call into JavaScript a wake-up, with the number of records in the tables; one call out of
//    it a turn. The tables are arrays that JavaScript made and this side holds on to.
// 2. src/runtime/native/net-binding.ts describes each function. Errors are negative errnos.
#include <uv.h>

#include <array>
#include <memory>
#include <string>

#include "addon/doors.h"
#include "addon/napi.h"
#include "net/net_thread.h"
#include "net/poller.h"

namespace apex::addon {
namespace {

constexpr std::size_t kConfigNumbers = 14;
constexpr std::size_t kTables = 4;

struct Driven {
  napi_env env = nullptr;
  std::unique_ptr<net::Net> poller;
  uv_poll_t watcher = {};
  std::array<napi_ref, kTables> tables = {};
  napi_ref on_batch = nullptr;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle cleanup = nullptr;
  bool is_ending = false;
  bool is_closing = false;
};

template <typename Item>
Item* items_of(napi_env env, napi_value value, std::size_t* count) {
  void* data = nullptr;
  must(napi_get_typedarray_info(env, value, nullptr, count, &data, nullptr, nullptr), "items_of");
  return static_cast<Item*>(data);
}

Driven& driven_of(napi_env env, napi_value value) {
  void* data = nullptr;
  must(napi_get_value_external(env, value, &data), "driven_of");
  return *static_cast<Driven*>(data);
}

// Never null, for whoever asks what has been closed.
net::Net& poller_of(napi_env env, napi_value value) {
  Driven& driven = driven_of(env, value);
  if (driven.poller == nullptr) die("net", "used after it was closed");
  return *driven.poller;
}

std::string text_of(napi_env env, napi_value value) {
  std::array<char, 128> text = {};
  std::size_t size = 0;
  must(napi_get_value_string_utf8(env, value, text.data(), text.size(), &size), "text_of");
  return {text.data(), size};
}

bool is_true(napi_env env, napi_value value) {
  bool result = false;
  must(napi_get_value_bool(env, value, &result), "is_true");
  return result;
}

net::PollerConfig config_of(const double* numbers) {
  const auto u32 = [numbers](std::size_t at) { return static_cast<std::uint32_t>(numbers[at]); };
  net::PollerConfig config = {};
  config.silent_ms = u32(0);
  config.linger_ms = u32(1);
  config.accept_pause_ms = u32(2);
  config.sockets_max = u32(3);
  config.accepts_per_wake_max = u32(4);
  config.read_bytes_max = u32(5);
  config.queue_bytes_max = static_cast<std::uint64_t>(numbers[6]);
  config.client_limits = {u32(7), u32(8)};
  config.peer_limits = {u32(9), u32(10)};
  config.peer_version = static_cast<std::uint8_t>(numbers[11]);
  config.accepted_keep_alive_seconds = static_cast<std::uint16_t>(numbers[12]);
  config.dialled_keep_alive_seconds = static_cast<std::uint16_t>(numbers[13]);
  return config;
}

// Everything that belongs to the environment goes with the watcher; the rest is already gone.
void closed(uv_handle_t* handle) {
  std::unique_ptr<Driven> driven(static_cast<Driven*>(handle->data));
  for (napi_ref table : driven->tables) napi_delete_reference(driven->env, table);
  napi_delete_reference(driven->env, driven->on_batch);
  napi_async_destroy(driven->env, driven->context);
  napi_remove_async_cleanup_hook(driven->cleanup);
}

void close_driven(Driven& driven) {
  if (driven.is_closing) return;
  driven.is_closing = true;
  uv_poll_stop(&driven.watcher);
  driven.poller.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&driven.watcher), closed);
}

void call_back(Driven& driven, std::size_t count) {
  napi_env env = driven.env;
  napi_handle_scope scope = nullptr;
  must(napi_open_handle_scope(env, &scope), "call_back");
  napi_value function = nullptr;
  napi_value receiver = nullptr;
  must(napi_get_reference_value(env, driven.on_batch, &function), "call_back");
  must(napi_get_global(env, &receiver), "call_back");
  napi_value argument = number(env, static_cast<double>(count));
  const napi_status status =
      napi_make_callback(env, driven.context, receiver, function, 1, &argument, nullptr);
  if (status == napi_pending_exception) {
    napi_value error = nullptr;
    must(napi_get_and_clear_last_exception(env, &error), "call_back");
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

void ready(uv_poll_t* watcher, int status, int) {
  Driven& driven = *static_cast<Driven*>(watcher->data);
  if (status < 0) die("net", "the poller's descriptor cannot be watched");
  const std::size_t count = driven.poller->poll();
  // One that is ending is over when no connection is left, of which no record need tell.
  if (count > 0 || driven.is_ending) call_back(driven, count);
}

int open_net(const net::PollerConfig& config, const net::Tables& tables, bool is_threaded,
             std::unique_ptr<net::Net>* made) {
  if (is_threaded) return net::NetThread::open(config, tables, made);
  std::unique_ptr<net::Poller> poller;
  const int error = net::Poller::open(config, tables, &poller);
  *made = std::move(poller);
  return error;
}

// open(config, records, inBytes, orders, outBytes, onBatch, isThreaded) → the poller, or a
// negative errno
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments<7> arguments(env, info, "net.open");
  std::size_t count = 0;
  const double* numbers = items_of<double>(env, arguments[0], &count);
  if (count != kConfigNumbers) die("net.open", "a config of another length");
  net::Tables tables = {};
  tables.records = items_of<double>(env, arguments[1], &count);
  tables.records_max = count / net::kRecordDoubles;
  tables.in_bytes = items_of<std::uint8_t>(env, arguments[2], &tables.in_bytes_max);
  tables.orders = items_of<double>(env, arguments[3], &count);
  tables.orders_max = count / net::kRecordDoubles;
  tables.out_bytes = items_of<std::uint8_t>(env, arguments[4], &tables.out_bytes_max);
  auto driven = std::make_unique<Driven>();
  const bool is_threaded = is_true(env, arguments[6]);
  const int error = open_net(config_of(numbers), tables, is_threaded, &driven->poller);
  if (error != 0) return number(env, error);

  driven->env = env;
  uv_loop_t* loop = nullptr;
  must(napi_get_uv_event_loop(env, &loop), "net.open");
  if (uv_poll_init(loop, &driven->watcher, driven->poller->fd()) != 0) {
    die("net.open", "the poller's descriptor cannot be watched");
  }
  driven->watcher.data = driven.get();
  for (std::size_t at = 0; at < kTables; at++) {
    must(napi_create_reference(env, arguments[at + 1], 1, &driven->tables[at]), "net.open");
  }
  must(napi_create_reference(env, arguments[5], 1, &driven->on_batch), "net.open");
  napi_value name = nullptr;
  must(napi_create_string_utf8(env, "apex.net", NAPI_AUTO_LENGTH, &name), "net.open");
  must(napi_async_init(env, nullptr, name, &driven->context), "net.open");
  must(napi_add_async_cleanup_hook(
           env,
           [](napi_async_cleanup_hook_handle, void* data) {
             close_driven(*static_cast<Driven*>(data));
           },
           driven.get(), &driven->cleanup),
       "net.open");
  uv_poll_start(&driven->watcher, UV_READABLE, ready);
  napi_value handle = nullptr;
  must(napi_create_external(env, driven.release(), nullptr, nullptr, &handle), "net.open");
  return handle;
}

// The poller is gone afterwards: whoever closes it lets go of the handle.
napi_value close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "net.close");
  close_driven(driven_of(env, arguments[0]));
  return nullptr;
}

napi_value start(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "net.start");
  poller_of(env, arguments[0]).start();
  return nullptr;
}

net::DoorName door_of(napi_env env, napi_value value) {
  return static_cast<net::DoorName>(number_of(env, value));
}

bool address_of(napi_env env, napi_value ip, napi_value port, net::Address* address) {
  const auto number = static_cast<std::uint16_t>(number_of(env, port));
  return net::parse_address(text_of(env, ip), number, address);
}

// openDoor(poller, door, ip, port, mayBePeer) → the port, or a negative errno
napi_value open_door(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info, "net.openDoor");
  net::Address address;
  if (!address_of(env, arguments[2], arguments[3], &address)) return number(env, -EINVAL);
  net::Net& poller = poller_of(env, arguments[0]);
  const bool may_be_peer = is_true(env, arguments[4]);
  return number(env, poller.open_door(door_of(env, arguments[1]), address, may_be_peer));
}

napi_value close_door(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "net.closeDoor");
  poller_of(env, arguments[0]).close_door(door_of(env, arguments[1]));
  return nullptr;
}

napi_value is_door_open(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "net.isDoorOpen");
  return boolean(env, poller_of(env, arguments[0]).is_door_open(door_of(env, arguments[1])));
}

// openGossip(poller, ip, port) → the port, or a negative errno
napi_value open_gossip(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info, "net.openGossip");
  net::Address address;
  if (!address_of(env, arguments[1], arguments[2], &address)) return number(env, -EINVAL);
  return number(env, poller_of(env, arguments[0]).open_gossip(address));
}

napi_value close_gossip(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "net.closeGossip");
  poller_of(env, arguments[0]).close_gossip();
  return nullptr;
}

napi_value is_gossip_open(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "net.isGossipOpen");
  return boolean(env, poller_of(env, arguments[0]).is_gossip_open());
}

// setTarget(poller, number, ip, port) → 0, or a negative errno
napi_value set_target(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info, "net.setTarget");
  net::Address address;
  if (!address_of(env, arguments[2], arguments[3], &address)) return number(env, -EINVAL);
  const auto target = static_cast<std::uint32_t>(number_of(env, arguments[1]));
  poller_of(env, arguments[0]).set_target(target, address);
  return number(env, 0);
}

// isUp(poller): whether whoever moves the bytes still does
napi_value is_up(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "net.isUp");
  return boolean(env, poller_of(env, arguments[0]).is_up());
}

// exchange(poller, orders) → records
napi_value exchange(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "net.exchange");
  const auto orders = static_cast<std::size_t>(number_of(env, arguments[1]));
  return number(env, static_cast<double>(poller_of(env, arguments[0]).exchange(orders)));
}

// release(poller) → records
napi_value release(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info, "net.release");
  return number(env, static_cast<double>(poller_of(env, arguments[0]).release()));
}

// shutDown(poller, flush)
napi_value shut_down(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "net.shutDown");
  driven_of(env, arguments[0]).is_ending = true;
  poller_of(env, arguments[0]).shut_down(is_true(env, arguments[1]));
  return nullptr;
}

// stats(poller, into): what it has counted, in the order of net-binding.ts
napi_value stats(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info, "net.stats");
  const net::NetStats counted = poller_of(env, arguments[0]).stats();
  std::size_t count = 0;
  double* into = items_of<double>(env, arguments[1], &count);
  const std::array<std::uint64_t, 7> values = {counted.connections,       counted.accepted,
                                               counted.refused,           counted.accept_pauses,
                                               counted.queues_overflowed, counted.datagrams_sent,
                                               counted.datagrams_dropped};
  if (count != values.size()) die("net.stats", "a table of another length");
  for (std::size_t at = 0; at < count; at++) into[at] = static_cast<double>(values[at]);
  return nullptr;
}

}  // namespace

void register_net(napi_env env, napi_value exports) {
  napi_value net = nullptr;
  must(napi_create_object(env, &net), "net");
  set_function(env, net, "open", open);
  set_function(env, net, "close", close);
  set_function(env, net, "start", start);
  set_function(env, net, "openDoor", open_door);
  set_function(env, net, "closeDoor", close_door);
  set_function(env, net, "isDoorOpen", is_door_open);
  set_function(env, net, "openGossip", open_gossip);
  set_function(env, net, "closeGossip", close_gossip);
  set_function(env, net, "isGossipOpen", is_gossip_open);
  set_function(env, net, "setTarget", set_target);
  set_function(env, net, "isUp", is_up);
  set_function(env, net, "exchange", exchange);
  set_function(env, net, "release", release);
  set_function(env, net, "shutDown", shut_down);
  set_function(env, net, "stats", stats);
  must(napi_set_named_property(env, exports, "net", net), "net");
}

}  // namespace apex::addon
