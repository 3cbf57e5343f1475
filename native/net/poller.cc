#include "net/poller.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace apex::net {

namespace {

constexpr int kEventsPerWake = 256;
constexpr uint32_t kBroken = EPOLLERR | EPOLLHUP;

base::UniqueFd open_reserve() { return base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

int Poller::open(const PollerConfig& config, const Tables& tables,
                 std::unique_ptr<Poller>* poller) {
  std::unique_ptr<Poller> made(new Poller(config, tables));
  made->epoll_ = base::UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!made->epoll_.is_open()) return -errno;
  made->reserve_ = open_reserve();
  if (!made->reserve_.is_open()) return -errno;
  if (const int error = made->deadlines_.open(); error != 0) return error;
  const int error = made->watch(made->deadlines_.fd(), kTimerId, EPOLLIN, true);
  if (error != 0) return error;
  *poller = std::move(made);
  return 0;
}

Poller::Poller(const PollerConfig& config, const Tables& tables)
    : config_(config),
      batch_({tables.records, tables.records_max, tables.in_bytes, tables.in_bytes_max}),
      tables_(tables),
      deadlines_(config.silent_ms, config.linger_ms, config.accept_pause_ms) {}

int Poller::watch(int fd, uint64_t id, uint32_t interest, bool is_new) {
  epoll_event event = {};
  event.events = interest;
  event.data.u64 = id;
  const int done = epoll_ctl(epoll_.get(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
  return done == 0 ? 0 : -errno;
}

size_t Poller::poll() {
  if (!batch_.has_record_room()) return batch_.count();
  epoll_event events[kEventsPerWake];
  // EINTR: nothing was ready as far as we know; the descriptor stays readable if something was.
  const int ready = epoll_wait(epoll_.get(), events, kEventsPerWake, 0);
  for (int at = 0; at < ready; at++) dispatch(events[at].data.u64, events[at].events);
  return batch_.count();
}

// Ids, never pointers: what an earlier event of the wake-up has ended is simply not found.
void Poller::dispatch(uint64_t id, uint32_t events) {
  if (id == kTimerId) {
    run_deadlines();
  } else if (id == kGossipId) {
    receive_datagrams();
  } else if (id == kDoorId || id == kDoorId + 1) {
    accept_some(static_cast<DoorName>(id - kDoorId));
  } else if (Connection* connection = find(id)) {
    dispatch_connection(*connection, events);
  }
}

void Poller::dispatch_connection(Connection& connection, uint32_t events) {
  if (connection.is_connecting) {
    finish_connecting(connection);
    return;
  }
  const bool is_broken = (events & kBroken) != 0;
  // Reading has stopped, so nobody would see the end in its place in the stream.
  if (is_broken && (connection.is_read_ended || connection.is_paused)) {
    drop(connection);
    return;
  }
  if ((events & EPOLLIN) != 0 || is_broken) {
    const bool is_read = connection.role != Role::link && !connection.is_closing;
    if (!(is_read ? read_some(connection) : discard(connection))) return;
  }
  if ((events & EPOLLOUT) != 0) flush(connection);
}

Connection* Poller::find(uint64_t id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

Connection& Poller::insert(uint64_t id, base::UniqueFd fd, Role role) {
  auto made = std::make_unique<Connection>(id, std::move(fd), role, config_.client_limits);
  return *(connections_[id] = std::move(made));
}

// The record comes first, so that nothing of a connection follows its end.
void Poller::drop(Connection& connection) {
  if (connection.is_known) batch_.add(RecordKind::closed, connection.id);
  connections_.erase(connection.id);
}

void Poller::update_interest(Connection& connection) {
  uint32_t wanted = 0;
  if (connection.is_connecting || !connection.queue.is_empty()) wanted |= EPOLLOUT;
  const bool is_still =
      connection.is_read_ended || (connection.is_paused && !connection.is_closing);
  if (!connection.is_connecting && !is_still) wanted |= EPOLLIN;
  if (wanted == connection.interest) return;
  connection.interest = wanted;
  watch(connection.fd.get(), connection.id, wanted, false);
}

size_t Poller::release() {
  batch_.release();
  return batch_.count();
}

void Poller::fill(const Room& room) { batch_.fill(room); }

NetStats Poller::stats() const {
  NetStats counted = stats_;
  counted.connections = connections_.size();
  return counted;
}

void Poller::shut_down(bool flushing) {
  close_door(DoorName::clients);
  close_door(DoorName::peers);
  close_gossip();
  std::vector<uint64_t> ids;
  ids.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const uint64_t id : ids) {
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    if (flushing && !connection->is_connecting) {
      start_closing(*connection);
    } else {
      drop(*connection);
    }
  }
}

void Poller::run_deadlines() {
  const uint64_t now = monotonic_ms();
  uint64_t id = 0;
  bool has_room = true;
  while ((has_room = batch_.has_record_room()) &&
         deadlines_.take_due(deadlines_.silent, now, &id)) {
    Connection* connection = find(id);
    if (connection != nullptr && !connection->is_known) announce(*connection);
  }
  while (deadlines_.take_due(deadlines_.linger, now, &id)) {
    if (Connection* connection = find(id)) drop(*connection);
  }
  while (deadlines_.take_due(deadlines_.pause, now, &id)) {
    Door& door = doors_[id];
    door.is_paused = false;
    if (door.fd.is_open()) watch(door.fd.get(), kDoorId + id, EPOLLIN, false);
  }
  deadlines_.arm();
  if (!has_room) deadlines_.arm_now();
}

// ---- doors

int Poller::open_door(DoorName name, const Address& address, bool may_be_peer) {
  Door door;
  if (const int error = open_listener(address, &door.fd); error != 0) return error;
  door.may_be_peer = may_be_peer;
  const uint64_t id = kDoorId + static_cast<uint64_t>(name);
  const uint32_t interest = is_started_ ? uint32_t{EPOLLIN} : 0;
  if (const int error = watch(door.fd.get(), id, interest, true); error != 0) return error;
  Address bound;
  if (!local_address(door.fd.get(), &bound)) return -errno;
  door_of(name) = std::move(door);
  return port_of(bound);
}

void Poller::close_door(DoorName name) { door_of(name) = Door(); }

void Poller::start() {
  is_started_ = true;
  for (uint64_t at = 0; at < 2; at++) {
    if (doors_[at].fd.is_open()) watch(doors_[at].fd.get(), kDoorId + at, EPOLLIN, false);
  }
}

void Poller::accept_some(DoorName name) {
  Door& door = door_of(name);
  for (uint32_t n = 0; n < config_.accepts_per_wake_max && door.fd.is_open(); n++) {
    Address address;
    const int fd = accept_one(door.fd.get(), &address);
    if (fd >= 0) {
      adopt(fd, door.may_be_peer);
    } else if (fd == -EAGAIN) {
      return;
    } else if (fd == -EMFILE && refuse_one(door)) {
      continue;
    } else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
      pause_door(name);
      return;
    } else {
      close_door(name);
      batch_.add(RecordKind::door_failed, static_cast<uint64_t>(name), static_cast<uint64_t>(-fd));
    }
  }
}

// No descriptor is left: the caller is told so by being closed, instead of waiting for ever while
// the door is ready all the time. False: nobody could be turned away.
bool Poller::refuse_one(Door& door) {
  if (!reserve_.is_open()) {
    reserve_ = open_reserve();
    if (!reserve_.is_open()) return false;
  }
  reserve_.reset(-1);
  Address address;
  base::UniqueFd caller(accept_one(door.fd.get(), &address));
  if (caller.is_open()) stats_.refused++;
  caller.reset(-1);
  reserve_ = open_reserve();
  return reserve_.is_open();
}

void Poller::pause_door(DoorName name) {
  Door& door = door_of(name);
  const auto at = static_cast<uint64_t>(name);
  stats_.accept_pauses++;
  door.is_paused = true;
  watch(door.fd.get(), kDoorId + at, 0, false);
  deadlines_.add(deadlines_.pause, at);
}

void Poller::adopt(int fd, bool may_be_peer) {
  base::UniqueFd socket(fd);
  if (connections_.size() >= config_.sockets_max) {
    stats_.refused++;
    return;
  }
  tune(fd, config_.accepted_keep_alive_seconds);
  Connection& connection =
      insert(++last_id_, std::move(socket), may_be_peer ? Role::sniffed : Role::client);
  connection.interest = EPOLLIN;
  if (watch(fd, connection.id, EPOLLIN, true) != 0) {
    stats_.refused++;
    drop(connection);
    return;
  }
  stats_.accepted++;
  if (may_be_peer) {
    deadlines_.add(deadlines_.silent, connection.id);
  } else {
    announce(connection);
  }
}

void Poller::announce(Connection& connection) {
  connection.is_known = true;
  Address address;
  std::string text = "?:0";
  if (remote_address(connection.fd.get(), &address)) {
    text = ip_of(address) + ":" + std::to_string(port_of(address));
  }
  batch_.add_text(RecordKind::connected, connection.id, text);
}

// ---- links

// Two bytes of port, then the address as text.
void Poller::dial(uint64_t id, const uint8_t* bytes, size_t size) {
  if (id < kDialledIds || find(id) != nullptr) return;
  Address address;
  const std::string ip(reinterpret_cast<const char*>(bytes) + 2, size < 2 ? 0 : size - 2);
  const auto port = static_cast<uint16_t>(size < 2 ? 0 : bytes[0] << 8 | bytes[1]);
  const bool is_begun = parse_address(ip, port, &address) && begin_dial(id, address) == 0;
  if (!is_begun) batch_.add(RecordKind::closed, id);
}

int Poller::begin_dial(uint64_t id, const Address& address) {
  base::UniqueFd fd;
  if (const int error = open_connection(address, &fd); error != 0) return error;
  const int raw = fd.get();
  tune(raw, config_.dialled_keep_alive_seconds);
  Connection& connection = insert(id, std::move(fd), Role::link);
  connection.is_connecting = true;
  connection.interest = EPOLLOUT;
  const int error = watch(raw, connection.id, EPOLLOUT, true);
  if (error != 0) {
    drop(connection);
    return error;
  }
  connection.is_known = true;
  return 0;
}

void Poller::finish_connecting(Connection& connection) {
  if (connect_result(connection.fd.get()) != 0) {
    drop(connection);
    return;
  }
  connection.is_connecting = false;
  Address address;
  const bool is_known = remote_address(connection.fd.get(), &address);
  update_interest(connection);
  batch_.add_text(RecordKind::link_up, connection.id, is_known ? ip_of(address) : "");
}

}  // namespace apex::net
