// The system calls on sockets, each in one place: EINTR is met here and nowhere else.
//
// An int that may be an error is a negative errno.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "base/unique_fd.h"
#include "net/address.h"

namespace apex::net {

// Listening, non-blocking. SO_REUSEADDR, so that a restarted node gets its port back.
int open_listener(const Address& address, base::UniqueFd* fd);

// Bound, non-blocking; the port is nobody else's.
int open_datagrams(const Address& address, base::UniqueFd* fd);

// Connecting; ready for writing when that has succeeded or failed (see `connect_result`).
int open_connection(const Address& address, base::UniqueFd* fd);
int connect_result(int fd);

// No delay, and keep-alive after `keep_alive_seconds` of silence.
void tune(int fd, int keep_alive_seconds);

// The connection, or a negative errno; -EAGAIN: nobody waits.
int accept_one(int listener, Address* address);

// Bytes read, 0 at the end of the stream, or a negative errno.
ssize_t receive(int fd, uint8_t* bytes, size_t size);

// Bytes taken, perhaps fewer than given, or a negative errno. Never raises SIGPIPE.
ssize_t send_gathered(int fd, iovec* pieces, size_t count);

// Makes the next close of `fd` a reset.
void reset_on_close(int fd);

}  // namespace apex::net
