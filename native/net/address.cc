#include "net/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

namespace apex::net {

namespace {

const sockaddr_in& v4(const Address& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}

const sockaddr_in6& v6(const Address& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

}  // namespace

bool parse_address(const std::string& ip, uint16_t port, Address* address) {
  std::memset(address, 0, sizeof *address);
  auto& four = reinterpret_cast<sockaddr_in&>(address->storage);
  if (inet_pton(AF_INET, ip.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address->bytes = sizeof four;
    return true;
  }
  // A link-local address names its interface after a percent sign.
  const size_t percent = ip.find('%');
  auto& six = reinterpret_cast<sockaddr_in6&>(address->storage);
  if (inet_pton(AF_INET6, ip.substr(0, percent).c_str(), &six.sin6_addr) != 1) return false;
  if (percent != std::string::npos) {
    six.sin6_scope_id = if_nametoindex(ip.substr(percent + 1).c_str());
    if (six.sin6_scope_id == 0) return false;
  }
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  address->bytes = sizeof six;
  return true;
}

std::string ip_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.family() == AF_INET) {
    inet_ntop(AF_INET, &v4(address).sin_addr, text, sizeof text);
  } else if (address.family() == AF_INET6) {
    inet_ntop(AF_INET6, &v6(address).sin6_addr, text, sizeof text);
  }
  return text;
}

uint16_t port_of(const Address& address) {
  if (address.family() == AF_INET) return ntohs(v4(address).sin_port);
  if (address.family() == AF_INET6) return ntohs(v6(address).sin6_port);
  return 0;
}

bool local_address(int fd, Address* address) {
  address->bytes = sizeof address->storage;
  return getsockname(fd, address->get(), &address->bytes) == 0;
}

bool remote_address(int fd, Address* address) {
  address->bytes = sizeof address->storage;
  return getpeername(fd, address->get(), &address->bytes) == 0;
}

}  // namespace apex::net
