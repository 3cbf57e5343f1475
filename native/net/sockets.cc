#include "net/sockets.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>

namespace apex::net {

namespace {

constexpr int kBacklog = 511;
constexpr int kKeepAliveEverySeconds = 1;
constexpr int kKeepAliveTries = 10;

void set_int(int fd, int level, int name, int value) {
  // A socket that cannot be tuned works all the same.
  (void)setsockopt(fd, level, name, &value, sizeof value);
}

int open_bound(const Address& address, int type, base::UniqueFd* fd) {
  base::UniqueFd opened(socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!opened.is_open()) return -errno;
  if (type == SOCK_STREAM) set_int(opened.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(opened.get(), address.get(), address.bytes) != 0) return -errno;
  *fd = std::move(opened);
  return 0;
}

}  // namespace

int open_listener(const Address& address, base::UniqueFd* fd) {
  base::UniqueFd opened;
  const int error = open_bound(address, SOCK_STREAM, &opened);
  if (error != 0) return error;
  if (listen(opened.get(), kBacklog) != 0) return -errno;
  *fd = std::move(opened);
  return 0;
}

int open_datagrams(const Address& address, base::UniqueFd* fd) {
  return open_bound(address, SOCK_DGRAM, fd);
}

int open_connection(const Address& address, base::UniqueFd* fd) {
  base::UniqueFd opened(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!opened.is_open()) return -errno;
  // EINTR leaves a connection attempt under way, as EINPROGRESS does.
  if (connect(opened.get(), address.get(), address.bytes) != 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return -errno;
  }
  *fd = std::move(opened);
  return 0;
}

int connect_result(int fd) {
  int error = 0;
  socklen_t bytes = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return -errno;
  return -error;
}

void tune(int fd, int keep_alive_seconds) {
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_seconds);
  set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEverySeconds);
  set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveTries);
}

int accept_one(int listener, Address* address) {
  for (;;) {
    address->bytes = sizeof address->storage;
    const int fd = accept4(listener, address->get(), &address->bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    // A caller that has gone before we came is no news of the listener; the next one may wait.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    return errno == EWOULDBLOCK ? -EAGAIN : -errno;
  }
}

ssize_t receive(int fd, uint8_t* bytes, size_t size) {
  for (;;) {
    const ssize_t got = recv(fd, bytes, size, 0);
    if (got >= 0) return got;
    if (errno != EINTR) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
  }
}

ssize_t send_gathered(int fd, iovec* pieces, size_t count) {
  msghdr message = {};
  message.msg_iov = pieces;
  message.msg_iovlen = count < IOV_MAX ? count : IOV_MAX;
  for (;;) {
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno != EINTR) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
  }
}

void reset_on_close(int fd) {
  const linger now = {1, 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace apex::net
