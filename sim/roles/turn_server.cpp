#include "core/turn/server/server.h"

#include <algorithm>

#include "core/check.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

class TurnServer {
 public:
  using Event = Notice;

  TurnServer(turn::ServerConfig config, Random random, Instant now)
      : server_(std::move(config), random, now) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }

  void handle_input(const Input& input, Instant now) { server_.handle_input(input, now); }
  void handle_timeout(Instant now) { server_.handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    return server_.poll_transmit(buffer);
  }
  std::optional<Timeout> poll_timeout() const { return server_.poll_timeout(); }

  std::optional<Notice> poll_event() {
    const auto event = server_.poll_event();
    if (!event) return {};
    Notice notice{.name = turn::name(event->kind), .local = event->relayed.endpoint};
    if (notice.local == Endpoint{}) notice.local = event->local;
    notice.remote = event->peer ? event->peer->endpoint : event->client.endpoint;
    notice.number = event->channel ? event->channel->value() : 0;
    return notice;
  }

  /// Its tables, for oracles.
  RelayProbe probe() const {
    RelayProbe probe{.allocation_count = server_.allocation_count(),
                     .ports_in_use = server_.ports_in_use(),
                     .reserved_ports = server_.reservation_count(),
                     .is_consistent = server_.is_consistent()};
    for (turn::AllocationProbe& from : server_.allocations()) {
      RelayProbe::Allocation& to = probe.allocations.emplace_back();
      to.client = from.tuple.client.endpoint;
      to.server = from.tuple.server;
      to.relayed = from.relayed.endpoint;
      to.user = std::move(from.user);
      to.expiry = from.expiry;
      for (const auto& entry : from.permissions) to.permissions.push_back({entry.ip, entry.expiry});
      for (const auto& entry : from.channels) {
        to.channels.push_back({entry.number.value(), entry.peer, entry.expiry});
      }
    }
    return probe;
  }

  bool operator==(const TurnServer&) const = default;

 private:
  turn::Server server_;
};
static_assert(Machine<TurnServer>);

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
  if (config.users.empty()) config.users = {{"user", "password"}};
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
    for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
      const auto ip = std::ranges::find(other->addresses, family, &IpAddress::family);
      if (ip != other->addresses.end()) config.alternate_server.push_back({*ip, stun_port});
    }
  }
  config.nonce_lifetime = context.duration("nonce-lifetime", config.nonce_lifetime);
  config.default_lifetime = context.duration("default-lifetime", config.default_lifetime);
  config.max_lifetime = context.duration("max-lifetime", config.max_lifetime);
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

}  // namespace

Role turn_server_role() {
  return {.name = "turn-server",
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
                   {"nonce-lifetime", ValueType::duration, "after which a nonce is stale (1h)"},
                   {"default-lifetime", ValueType::duration, "of allocations (10min)"},
                   {"max-lifetime", ValueType::duration, "of allocations (1h)"},
                   {"permission-lifetime", ValueType::duration, "RFC 8656 says 5min"},
                   {"channel-lifetime", ValueType::duration, "RFC 8656 says 10min"},
                   {"first-port", ValueType::integer, "of relayed addresses (49152)"},
                   {"last-port", ValueType::integer, "of relayed addresses (65535)"},
                   {"max-allocations", ValueType::integer, "508 beyond"},
                   {"max-allocations-per-user", ValueType::integer, "486 beyond"},
                   {"max-reservations", ValueType::integer, "by EVEN-PORT, 508 beyond"},
                   {"max-permissions", ValueType::integer, "per allocation, 508 beyond"},
                   {"max-channels", ValueType::integer, "per allocation, 508 beyond"},
                   {"max-bytes-per-second-per-user", ValueType::integer,
                    "of data, with 28 bytes per datagram; 0 is no limit (125000000)"},
                   {"max-unsigned-answers-per-second", ValueType::integer,
                    "to one IPv4 /24 or IPv6 /56, silence beyond (1000)"},
                   {"max-icmp-per-second", ValueType::integer,
                    "errors that one relayed address passes on (10)"},
                   {"max-remembered-requests", ValueType::integer,
                    "that do nothing when they are repeated (16384)"},
                   {"draft-address-families", ValueType::flag,
                    "also 0x8032 for ADDITIONAL-ADDRESS-FAMILY (false)"},
                   {"legacy-channel-numbers", ValueType::flag,
                    "also those of RFC 5766, up to 0x7FFF (false)"},
                   {"allow-private-peers", ValueType::flag, "relay to private addresses (true)"},
                   {"allow-own-addresses", ValueType::flag, "relay to its own addresses (true)"},
                   {"software", ValueType::text, "SOFTWARE of its responses (none)"}},
          .make =
              [](const RoleContext& context) {
                return AnyMachine(TurnServer(config_of(context), context.random, context.now));
              },
          .port = stun_port,
          .messages = stun_messages(),
          .problem = [](const RoleContext& context) -> std::optional<std::string> {
            for (const std::string& user : context.texts("users")) {
              if (user.find(':') != std::string::npos) continue;
              return "its user \"" + user + "\" has no password: \"name:password\" is expected";
            }
            return config_of(context).problem();
          },
          .probe = [](const AnyMachine& machine) -> std::optional<RelayProbe> {
            const auto* server = machine.get<TurnServer>();
            return server ? std::optional(server->probe()) : std::nullopt;
          }};
}

}  // namespace tickover::sim
