// Addresses as the kernel and as people write them. Names are resolved elsewhere.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace apex::net {

struct Address {
  sockaddr_storage storage;
  socklen_t bytes;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// False: `ip` is neither an IPv4 nor an IPv6 address.
bool parse_address(const std::string& ip, uint16_t port, Address* address);

std::string ip_of(const Address& address);
uint16_t port_of(const Address& address);

// The address that a socket is bound to, or that it is connected to. False: it is not.
bool local_address(int fd, Address* address);
bool remote_address(int fd, Address* address);

}  // namespace apex::net
