#include "core/turn/server/config.h"

#include <algorithm>
#include <string_view>

#include "core/utf8.h"

namespace tickover::turn {

std::optional<std::string> problem_of(std::span<const User> users) {
  std::vector<std::string_view> names;
  for (const User& user : users) {
    if (user.name.empty() || user.name.size() > 508) return "a user name has 1 to 508 bytes";
    // RFC 8489, section 14.3; so no other name can ever authenticate (PROTOCOL K8).
    if (!is_utf8(user.name)) return "a user name is no UTF-8";
    names.push_back(user.name);
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) return "there are two users " + std::string(*twice);
  return {};
}

namespace {

std::optional<std::string> credentials_problem(const ServerConfig& config) {
  using enum stun::PasswordAlgorithm;
  for (const stun::PasswordAlgorithm algorithm : config.password_algorithms) {
    if (algorithm != md5 && algorithm != sha256) return "password algorithms are MD5 and SHA-256";
    if (std::ranges::count(config.password_algorithms, algorithm) > 1) {
      return "a password algorithm is offered twice";
    }
  }
  if (config.username_anonymity && !config.rest_secret.empty()) {
    return "USERHASH cannot name the users that a REST secret makes";
  }
  for (const Endpoint& server : config.alternate_server) {
    if (server.port == 0 || server.ip.is_unspecified()) {
      return "the alternate server " + server.text() + " cannot be reached";
    }
    if (std::ranges::count(config.alternate_server, server.family(), &Endpoint::family) > 1) {
      return "there are two alternate servers of one family";
    }
  }
  if (config.redirect_unauthenticated && config.alternate_server.empty()) {
    return "there is no alternate server to redirect to";
  }
  return {};
}

}  // namespace

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
  if (!is_utf8(realm)) return "the realm is no UTF-8";
  if (const auto problem = problem_of(users)) return problem;
  if (const auto problem = credentials_problem(*this)) return problem;
  const Duration second = std::chrono::seconds(1);
  if (default_lifetime < second || permission_lifetime < second || channel_lifetime < second ||
      nonce_lifetime < second) {
    return "lifetimes are at least one second";
  }
  if (reservation_lifetime < std::chrono::seconds(30)) {
    return "ports are reserved for 30 seconds at least";
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
