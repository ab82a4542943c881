#include "sim/roles/turn_server.h"

#include <algorithm>

#include "core/check.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

constexpr Duration second = std::chrono::seconds(1);
/// Of any of its tables: more would fill the memory before a limit.
constexpr std::int64_t most_entries = 1'000'000;
constexpr std::int64_t most_a_second = 1'000'000'000;

/// Where clients of each family come in.
std::vector<Endpoint> listening_addresses(const HostInfo& relay) {
  std::vector<Endpoint> addresses;
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    const auto ip = std::ranges::find(relay.addresses, family, &IpAddress::family);
    if (ip != relay.addresses.end()) addresses.push_back({*ip, stun_port});
  }
  return addresses;
}

turn::ServerConfig config_of(const RoleContext& context) {
  turn::ServerConfig config;
  for (const IpAddress& ip : context.self.addresses) {
    config.listen.push_back({ip, stun_port});
    config.relay_addresses.push_back(ip);
  }
  config.realm = context.text("realm", "example.org");
  for (const std::string& user : context.texts("users")) {
    const std::size_t colon = user.find(':');
    config.users.push_back(
        {user.substr(0, colon), colon == std::string::npos ? "" : user.substr(colon + 1)});
  }
  if (!context.settings.find("users")) config.users = {{"user", "password"}};
  const auto port = [&](std::string_view key, std::uint16_t usual) {
    return static_cast<std::uint16_t>(context.integer(key, usual));
  };
  const auto limit = [&](std::string_view key, std::size_t usual) {
    return static_cast<std::size_t>(context.integer(key, static_cast<std::int64_t>(usual)));
  };
  config.first_relay_port = port("first-port", config.first_relay_port);
  config.last_relay_port = port("last-port", config.last_relay_port);
  config.software = context.text("software", "");
  if (context.settings.find("password-algorithms")) {
    config.password_algorithms.clear();
    for (const std::string& algorithm : context.texts("password-algorithms")) {
      config.password_algorithms.push_back(algorithm == "md5" ? stun::PasswordAlgorithm::md5
                                                              : stun::PasswordAlgorithm::sha256);
    }
  }
  config.username_anonymity = context.flag("username-anonymity", false);
  config.rest_secret = context.text("rest-secret", "");
  if (const HostInfo* other = context.host(context.text("alternate", ""))) {
    config.alternate_server = listening_addresses(*other);
  }
  config.nonce_lifetime = context.duration("nonce-lifetime", config.nonce_lifetime);
  // Those that are told in LIFETIME are whole seconds (RFC 8656, section 18.2), also where a range
  // was drawn from.
  const auto lifetime = [&](std::string_view key, Duration otherwise) {
    const Duration drawn = context.duration(key, otherwise);
    return drawn < second ? drawn : drawn - drawn % second;
  };
  config.default_lifetime = lifetime("default-lifetime", config.default_lifetime);
  config.max_lifetime = lifetime("max-lifetime", config.max_lifetime);
  config.permission_lifetime = context.duration("permission-lifetime", config.permission_lifetime);
  config.channel_lifetime = context.duration("channel-lifetime", config.channel_lifetime);
  config.max_allocations = limit("max-allocations", config.max_allocations);
  config.max_allocations_per_user =
      limit("max-allocations-per-user", config.max_allocations_per_user);
  config.max_reservations = limit("max-reservations", config.max_reservations);
  config.max_permissions = limit("max-permissions", config.max_permissions);
  config.max_channels = limit("max-channels", config.max_channels);
  const auto rate = [&](std::string_view key, std::uint64_t usual) {
    return static_cast<std::uint64_t>(context.integer(key, static_cast<std::int64_t>(usual)));
  };
  config.max_bytes_per_second_per_user =
      rate("max-bytes-per-second-per-user", config.max_bytes_per_second_per_user);
  config.max_unsigned_answers_per_second =
      rate("max-unsigned-answers-per-second", config.max_unsigned_answers_per_second);
  config.max_icmp_per_second = rate("max-icmp-per-second", config.max_icmp_per_second);
  config.max_remembered_requests = limit("max-remembered-requests", config.max_remembered_requests);
  config.legacy_channel_numbers = context.flag("legacy-channel-numbers", false);
  config.draft_address_families = context.flag("draft-address-families", false);
  // Simulated networks are made of private and benchmark addresses, and relays talk to themselves
  // when two of their clients talk to each other; a scenario about policy switches it off.
  config.allow_private_peers = context.flag("allow-private-peers", true);
  config.allow_own_addresses = context.flag("allow-own-addresses", true);
  return config;
}

std::vector<ScriptedAnswers::Relay> relays_of(const RoleContext& context) {
  std::vector<ScriptedAnswers::Relay> relays;
  for (const HostInfo& host : context.hosts) {
    if (host.role == context.self.role) relays.push_back({host.name, listening_addresses(host)});
  }
  return relays;
}

}  // namespace

Role turn_server_role() {
  return {
      .name = "turn-server",
      .help = "a TURN relay that also answers STUN Binding (RFC 8656, RFC 8489)",
      .keys = {{"realm", ValueType::text, "of its credentials (example.org)"},
               {"users", ValueType::texts, "\"name:password\" (user:password)"},
               {"password-algorithms",
                ValueType::texts,
                "offered, the best first (both)",
                {},
                false,
                {"sha-256", "md5"}},
               {"username-anonymity", ValueType::flag, "users are named by USERHASH (false)"},
               {"rest-secret", ValueType::text, "makes users until a date (none)"},
               {"alternate", ValueType::host, "the relay to send all clients to (none)"},
               time_key("nonce-lifetime", "after which a nonce is stale (1h)", second),
               time_key("default-lifetime", "of allocations (10min)", second, longest_lifetime),
               time_key("max-lifetime", "of allocations (1h)", second, longest_lifetime),
               time_key("permission-lifetime", "RFC 8656 says 5min", second),
               time_key("channel-lifetime", "RFC 8656 says 10min", second),
               integer_key("first-port", "of relayed addresses (49152)", 1'024, 65'535),
               integer_key("last-port", "of relayed addresses (65535)", 1'024, 65'535),
               integer_key("max-allocations", "508 beyond", 0, most_entries),
               integer_key("max-allocations-per-user", "486 beyond", 0, most_entries),
               integer_key("max-reservations", "by EVEN-PORT, 508 beyond", 0, most_entries),
               integer_key("max-permissions", "per allocation, 508 beyond", 0, most_entries),
               integer_key("max-channels", "per allocation, 508 beyond", 0, most_entries),
               integer_key("max-bytes-per-second-per-user",
                           "of data, with 28 bytes per datagram; 0 is no limit (125000000)", 0,
                           10 * most_a_second),
               integer_key("max-unsigned-answers-per-second",
                           "to one IPv4 /24 or IPv6 /56, silence beyond (1000)", 0, most_a_second),
               integer_key("max-icmp-per-second", "errors that one relayed address passes on (10)",
                           0, most_a_second),
               integer_key("max-remembered-requests",
                           "that do nothing when they are repeated (16384)", 0, most_entries),
               {"draft-address-families", ValueType::flag,
                "also 0x8032 for ADDITIONAL-ADDRESS-FAMILY (false)"},
               {"legacy-channel-numbers", ValueType::flag,
                "also those of RFC 5766, up to 0x7FFF (false)"},
               {"answers", ValueType::texts,
                "errors on cue: \"Refresh 2: 438\" is for the second Refresh, \"Allocate 1: 300 "
                "west\" sends to another relay (none)"},
               {"same-after-reboot", ValueType::flag,
                "nonces outlive its reboots, and the same ports are given again (false)"},
               {"allow-private-peers", ValueType::flag, "relay to private addresses (true)"},
               {"allow-own-addresses", ValueType::flag, "relay to its own addresses (true)"},
               {"software", ValueType::text, "SOFTWARE of its responses (none)"}},
      .make =
          [](const RoleContext& context) {
            const turn::ServerConfig config = config_of(context);
            const bool same = context.flag("same-after-reboot", false);
            std::vector<ScriptedAnswers::User> users;
            for (const auto& [name, password] : config.users) users.push_back({name, password});
            return AnyMachine(TurnServer(
                config, same ? context.first_random : context.random,
                same ? context.first_boot : context.now,
                ScriptedAnswers(context.texts("answers"), std::move(users), relays_of(context))));
          },
      .port = stun_port,
      .messages = turn_server_messages(),
      .problem = [](const RoleContext& context) -> std::optional<std::string> {
        for (const std::string& user : context.texts("users")) {
          if (user.find(':') != std::string::npos) continue;
          return "its user \"" + user + "\" has no password: \"name:password\" is expected";
        }
        if (config_of(context).users.empty() && context.text("rest-secret", "").empty()) {
          return "its `users` are none, so nobody can have an allocation; without the key there is "
                 "user:password";
        }
        if (const HostInfo* other = context.host(context.text("alternate", ""))) {
          if (other->name == context.self.name) return "its `alternate` is itself";
          if (is_no_relay(*other)) {
            return "its `alternate` is \"" + other->name + "\", a host of role \"" + other->role +
                   "\"";
          }
        }
        for (const std::string& line : context.texts("answers")) {
          if (auto problem = ScriptedAnswers::problem_of(line, relays_of(context))) {
            return problem;
          }
        }
        return config_of(context).problem();
      },
      .probe = [](const AnyMachine& machine) -> std::optional<RelayProbe> {
        const auto* server = machine.get<TurnServer>();
        return server ? std::optional(server->probe()) : std::nullopt;
      }};
}

}  // namespace tickover::sim
