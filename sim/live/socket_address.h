#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/address.h"

namespace tickover::sim::live {

/// An endpoint as the system wants it. Scopes of link-local IPv6 addresses are not known here.
class SocketAddress {
 public:
  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint) {
    if (endpoint.family() == AddressFamily::ipv4) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(endpoint.port);
      std::memcpy(&in.sin_addr, endpoint.ip.bytes().data(), 4);
      std::memcpy(&storage_, &in, size_ = sizeof in);
    } else {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(endpoint.port);
      std::memcpy(&in.sin6_addr, endpoint.ip.bytes().data(), 16);
      std::memcpy(&storage_, &in, size_ = sizeof in);
    }
  }

  /// To be filled by the system, which then says `size`.
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  static constexpr socklen_t capacity = sizeof(sockaddr_storage);

  /// Nothing if it is of no family that we know.
  std::optional<Endpoint> endpoint() const { return endpoint_of(data()); }
  static std::optional<Endpoint> endpoint_of(const sockaddr* address) {
    if (address == nullptr) return {};
    if (address->sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, address, sizeof in);
      std::array<std::uint8_t, 4> bytes{};
      std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
      return Endpoint{IpAddress::v4(bytes), ntohs(in.sin_port)};
    }
    if (address->sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, address, sizeof in);
      std::array<std::uint8_t, 16> bytes{};
      std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
      return Endpoint{IpAddress::v6(bytes), ntohs(in.sin6_port)};
    }
    return {};
  }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace tickover::sim::live
