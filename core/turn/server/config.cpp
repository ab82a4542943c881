#include "core/turn/server/config.h"

#include <algorithm>

namespace tickover::turn {

std::optional<std::string> ServerConfig::problem() const {
  // RFC 8489, sections 14.3, 14.9 and 14.14 bound what may be sent.
  constexpr std::size_t longest_text = 509;

  if (listen.empty()) return "a TURN server needs an address to listen on";
  for (const Endpoint& endpoint : listen) {
    if (endpoint.port == 0) return "the listening address " + endpoint.text() + " has no port";
    if (std::ranges::count(listen, endpoint) > 1) return endpoint.text() + " is listened on twice";
  }
  if (relay_addresses.empty()) return "a TURN server needs an address to relay from";
  for (const IpAddress& ip : relay_addresses) {
    if (ip.is_unspecified()) return "a relay address must say where peers can reach it";
    if (std::ranges::count(relay_addresses, ip) > 1) return ip.text() + " relays twice";
  }
  if (first_relay_port < 1024) return "relay ports below 1024 are reserved";
  if (first_relay_port > last_relay_port) return "the range of relay ports is empty";
  if (realm.empty() || realm.size() > longest_text) return "the realm has 1 to 509 bytes";
  if (software.size() > longest_text) return "the software text has at most 509 bytes";
  for (const User& user : users) {
    if (user.name.empty() || user.name.size() > 508) return "a user name has 1 to 508 bytes";
    const auto same = [&](const User& other) { return other.name == user.name; };
    if (std::ranges::count_if(users, same) > 1) return "there are two users " + user.name;
  }
  const Duration second = std::chrono::seconds(1);
  if (default_lifetime < second || permission_lifetime < second || channel_lifetime < second ||
      nonce_lifetime < second) {
    return "lifetimes are at least one second";
  }
  if (max_lifetime < default_lifetime) return "the maximum lifetime is below the default";
  constexpr std::uint64_t most = 10'000'000'000;
  if (max_bytes_per_second_per_user > most) return "a user's data rate is at most 10^10 bytes/s";
  if (max_unsigned_answers_per_second > most / 10 || max_icmp_per_second > most) {
    return "more than 10^9 answers a second are no limit";
  }
  if (answer_budgets == 0) return "unsigned answers need at least one budget";
  if (max_port_attempts == 0) return "at least one port must be tried";
  return {};
}

}  // namespace tickover::turn
