#include "core/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace tickover {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != text.size() || terminated.find('\0') != std::string::npos) return {};
  std::array<std::uint8_t, 4> four;
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen;
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return {};
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  const int family = family_ == AddressFamily::ipv4 ? AF_INET : AF_INET6;
  return inet_ntop(family, bytes_.data(), buffer, sizeof buffer);
}

IpAddress IpAddress::plus(std::uint32_t offset) const {
  IpAddress result = *this;
  std::uint64_t carry = offset;
  for (std::size_t i = size(); i-- > 0 && carry != 0;) {
    carry += result.bytes_[i];
    result.bytes_[i] = static_cast<std::uint8_t>(carry & 0xff);
    carry >>= 8;
  }
  return result;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  if (!ip || bracketed != (ip->family() == AddressFamily::ipv6)) return {};
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) return {};
  return Endpoint{*ip, port};
}

std::string Endpoint::text() const {
  const std::string host = ip.family() == AddressFamily::ipv6 ? "[" + ip.text() + "]" : ip.text();
  return host + ":" + std::to_string(port);
}

}  // namespace tickover
