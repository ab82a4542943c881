#include "sim/live/places.h"

#include <fmt/core.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>

#include "sim/live/socket_address.h"
#include "sim/scenario/nearest.h"

namespace tickover::sim::live {

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::unexpected("expected a port, found " + quoted(text));
  }
  return port;
}

std::expected<Endpoint, std::string> parse_place(std::string_view text, std::uint16_t usual) {
  if (const auto ip = IpAddress::parse(text)) return Endpoint{*ip, usual};
  if (text.starts_with('[') && text.ends_with(']')) {
    const auto ip = IpAddress::parse(text.substr(1, text.size() - 2));
    if (ip && ip->family() == AddressFamily::ipv6) return Endpoint{*ip, usual};
  }
  if (const auto endpoint = Endpoint::parse(text)) return *endpoint;
  return std::unexpected(fmt::format(
      "expected an address such as 192.0.2.1:3478 or [2001:db8::1]:3478, found {}", quoted(text)));
}

std::expected<std::pair<std::uint16_t, std::uint16_t>, std::string> parse_ports(
    std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash != text.npos) {
    const auto first = parse_port(text.substr(0, dash));
    const auto last = parse_port(text.substr(dash + 1));
    if (first && last && *first <= *last) return std::pair(*first, *last);
  }
  return std::unexpected(
      fmt::format("expected two ports such as 49152-65535, found {}", quoted(text)));
}

std::expected<std::vector<Endpoint>, std::string> resolve(const std::string& host,
                                                          std::uint16_t port) {
  if (const auto ip = IpAddress::parse(host)) return std::vector{Endpoint{*ip, port}};
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* all = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &all);
  if (failed != 0) {
    return std::unexpected(fmt::format("{}: {}", quoted(host), ::gai_strerror(failed)));
  }
  std::vector<Endpoint> endpoints;
  for (const addrinfo* each = all; each != nullptr; each = each->ai_next) {
    const auto found = SocketAddress::endpoint_of(each->ai_addr);
    const bool is_known =
        found && std::ranges::count(endpoints, found->family(), &Endpoint::family) > 0;
    if (found && !is_known) endpoints.push_back({found->ip, port});
  }
  ::freeaddrinfo(all);
  if (endpoints.empty()) return std::unexpected(quoted(host) + " has no address");
  return endpoints;
}

}  // namespace tickover::sim::live
