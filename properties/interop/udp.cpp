#include "properties/interop/udp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace tickover::interop {
namespace {

socklen_t to_system(const Endpoint& endpoint, sockaddr_storage& out) {
  out = {};
  if (endpoint.family() == AddressFamily::ipv4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.ip.bytes().data(), 4);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  std::memcpy(&v6.sin6_addr, endpoint.ip.bytes().data(), 16);
  return sizeof v6;
}

Endpoint from_system(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &v4.sin_addr, 4);
    return {IpAddress::v4(bytes), ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, 16);
  return {IpAddress::v6(bytes), ntohs(v6.sin6_port)};
}

}  // namespace

Udp::Udp(std::string_view ip) {
  const IpAddress address = IpAddress::parse(ip).value();
  sockaddr_storage name;
  socklen_t size = to_system({address, 0}, name);
  descriptor_ = ::socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto* const any = reinterpret_cast<sockaddr*>(&name);
  if (descriptor_ < 0 || ::bind(descriptor_, any, size) != 0 ||
      ::getsockname(descriptor_, any, &size) != 0) {
    throw std::runtime_error("no UDP socket on " + std::string(ip));
  }
  local_ = from_system(name);
}

Udp::~Udp() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Udp::connect(const Endpoint& to) const {
  sockaddr_storage name;
  const socklen_t size = to_system(to, name);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&name), size) != 0) {
    throw std::runtime_error("cannot connect to " + to.text());
  }
}

bool Udp::send(const Endpoint& to, Bytes bytes) const {
  sockaddr_storage name;
  const socklen_t size = to_system(to, name);
  return ::sendto(descriptor_, bytes.data(), bytes.size(), 0,
                  reinterpret_cast<const sockaddr*>(&name),
                  size) == static_cast<ssize_t>(bytes.size());
}

std::optional<std::pair<Endpoint, Buffer>> Udp::receive(std::chrono::milliseconds patience) const {
  pollfd one{.fd = descriptor_, .events = POLLIN, .revents = 0};
  if (::poll(&one, 1, static_cast<int>(patience.count())) <= 0) return {};
  Buffer bytes(max_datagram_size);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  const ssize_t got = ::recvfrom(descriptor_, bytes.data(), bytes.size(), 0,
                                 reinterpret_cast<sockaddr*>(&name), &size);
  if (got < 0) return {};
  bytes.resize(static_cast<std::size_t>(got));
  return std::pair(from_system(name), std::move(bytes));
}

}  // namespace tickover::interop
