#include "sim/live/relay.h"

namespace tickover::sim::live {

OptionList relay_options(RelayRequest& request) {
  turn::ServerConfig& config = request.config;
  constexpr std::uint64_t many = 100'000'000;
  OptionList options;
  options.group("Addresses")
      .texts("--listen", "ADDR[:PORT]",
             "where clients come in; repeatable; port 0 takes a free one, 0.0.0.0 and :: all "
             "addresses that the host has now (127.0.0.1:3478 and [::1]:3478)",
             request.listen)
      .texts("--relay-address", "ADDR",
             "where relayed addresses are allocated; repeatable (those listened on)",
             request.relay_addresses)
      .text("--ports", "LOW-HIGH", "of relayed addresses (49152-65535)", request.ports)
      .texts("--alternate-server", "ADDR[:PORT]",
             "send clients there instead of serving them; one of a family",
             request.alternate_servers);
  options.group("Users")
      .text("--users", "FILE", "lines name:password, # begins a comment; SIGHUP reads it again",
            request.users_file)
      .text("--rest-secret", "FILE", "the secret that makes users until a date",
            request.rest_secret_file)
      .text("--realm", "TEXT", "of the credentials (tickover)", config.realm)
      .texts("--password-algorithm", "sha-256|md5",
             "offered, the best first; repeatable (sha-256, then md5)", request.password_algorithms)
      .flag("--username-anonymity", "users are named by USERHASH", config.username_anonymity)
      .duration("--nonce-lifetime", "after which a nonce is stale (1h)", config.nonce_lifetime);
  options.group("Peers")
      .flag("--allow-private-peers",
            "relay to loopback, link-local, private and other internal addresses",
            config.allow_private_peers)
      .flag("--allow-own-addresses",
            "relay to this host's addresses, so that clients reach each other; never to a "
            "listening port",
            config.allow_own_addresses);
  options.group("Lifetimes")
      .duration("--default-lifetime", "of allocations (10min)", config.default_lifetime)
      .duration("--max-lifetime", "of allocations (1h)", config.max_lifetime)
      .duration("--permission-lifetime", "RFC 8656 says 5min (5min)", config.permission_lifetime)
      .duration("--channel-lifetime", "RFC 8656 says 10min (10min)", config.channel_lifetime)
      .duration("--reservation-lifetime", "of ports reserved by EVEN-PORT (30s)",
                config.reservation_lifetime);
  options.group("Limits")
      .count("--max-allocations", "508 beyond (16384)", config.max_allocations, 0, many)
      .count("--max-allocations-per-user", "486 beyond (1024)", config.max_allocations_per_user, 0,
             many)
      .count("--max-reservations", "508 beyond (1024)", config.max_reservations, 0, many)
      .count("--max-permissions", "per relayed address, 508 beyond (256)", config.max_permissions,
             0, many)
      .count("--max-channels", "per relayed address, 508 beyond (256)", config.max_channels, 0,
             many)
      .count("--max-bytes-per-second-per-user",
             "of data, with 28 bytes per datagram; 0 is no limit (125000000)",
             config.max_bytes_per_second_per_user, 0, 10'000'000'000)
      .count("--max-unsigned-answers-per-second",
             "to one IPv4 /24 or IPv6 /56, silence beyond (1000)",
             config.max_unsigned_answers_per_second, 0, 1'000'000'000)
      .count("--answer-budgets", "among which all networks are spread for that (1024)",
             config.answer_budgets, 1, many)
      .count("--max-icmp-per-second", "errors that one relayed address passes on (10)",
             config.max_icmp_per_second, 0, 10'000'000'000)
      .count("--max-remembered-requests", "that do nothing when they are repeated (16384)",
             config.max_remembered_requests, 0, many)
      .count("--max-port-attempts", "for one Allocate, while the system refuses ports (8)",
             config.max_port_attempts, 1, 65'536);
  options.group("Clients as they are deployed")
      .flag("--legacy-channels", "also channel numbers of RFC 5766, up to 0x7FFF",
            config.legacy_channel_numbers)
      .flag("--draft-address-families", "also 0x8032 for ADDITIONAL-ADDRESS-FAMILY",
            config.draft_address_families)
      .flag("--redirect-unauthenticated", "tell --alternate-server to anybody, unsigned",
            config.redirect_unauthenticated)
      .text("--software", "TEXT", "SOFTWARE of the responses (none)", config.software);
  add_network_options(options, request.network);
  options.group("Running")
      .text("--log", "FILE", "write a log as JSON Lines; - is stderr", request.log)
      .choice("--log-level", {"trace", "info", "warning", "error"},
              "the least that is logged; trace has every datagram (info)", request.log_level)
      .duration("--drain", "how long a first signal lets allocations live on, none new (0s)",
                request.drain)
      .flag("--once", "end when the first allocations are gone", request.once)
      .flag("--judge", "watch by the oracles of `run` that need one host: P1, P14, wire",
            request.judge)
      .flag("--json", "what is printed as JSON, one object a line", request.json);
  return options;
}

}  // namespace tickover::sim::live
