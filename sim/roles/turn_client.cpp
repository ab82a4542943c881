#include "sim/roles/turn_client.h"

#include <algorithm>
#include <iterator>

#include "core/check.h"
#include "core/turn/rest_credentials.h"
#include "sim/roles/roles.h"
#include "sim/world/host_clock.h"

namespace tickover::sim {
namespace {

turn::ClientConfig config_of(const RoleContext& context) {
  turn::ClientConfig config;
  const HostInfo* relay = context.host(context.text("relay", ""));
  // One endpoint per family that both sides have.
  for (const AddressFamily family : {AddressFamily::ipv6, AddressFamily::ipv4}) {
    const auto has = [&](const HostInfo& host) {
      return std::ranges::find(host.addresses, family, &IpAddress::family);
    };
    if (relay == nullptr || has(context.self) == context.self.addresses.end()) continue;
    const auto theirs = has(*relay);
    if (theirs != relay->addresses.end()) config.server.push_back({*theirs, stun_port});
  }
  config.username = context.text("username", "user");
  config.password = context.text("password", "password");
  if (const std::string secret = context.text("rest-secret", ""); !secret.empty()) {
    const Duration end = HostClock::epoch + context.duration("valid-for", std::chrono::hours(24));
    config.username =
        std::to_string(end / Duration(std::chrono::seconds(1))) + ":" + config.username;
    const auto password =
        turn::rest_password(stun::IntegrityKey::raw(as_bytes(secret)), config.username);
    config.password = {password.begin(), password.end()};
  }
  config.hide_username = context.flag("hide-username", false);
  config.accept_unsigned_errors = context.flag("accept-unsigned-errors", false);
  config.follow_unsigned_redirect = context.flag("follow-unsigned-redirect", false);
  if (context.settings.find("realm")) config.expected_realm = context.text("realm", "");
  const std::string family = context.text("relay-family", "ipv4");
  if (family == "ipv6") config.relay_family = AddressFamily::ipv6;
  config.additional_ipv6 = family == "both";
  config.backoff = backoff_policy(context);
  config.measure_round_trip = measures_round_trip(context);
  config.longest_rto = longest_rto(context);
  config.start_gap = context.duration("start-gap", config.start_gap);
  config.server_error_pause = context.duration("server-error-pause", config.server_error_pause);
  config.requested_lifetime = context.duration("lifetime", config.requested_lifetime);
  config.keep_alive = context.duration("keep-alive", config.keep_alive);
  config.channel_refresh = context.duration("channel-refresh", config.channel_refresh);
  config.permission_refresh = context.duration("permission-refresh", config.permission_refresh);
  config.first_pause = context.duration("first-pause", config.first_pause);
  config.longest_pause = context.duration("longest-pause", config.longest_pause);
  if (const Setting* jitter = context.settings.find("pause-jitter")) {
    config.pause_jitter = std::get<Range<Ratio>>(jitter->value).low;
  }
  config.capacity_pause = context.duration("capacity-pause", config.capacity_pause);
  config.mismatch_pause = context.duration("mismatch-pause", config.mismatch_pause);
  config.refused_pause = context.duration("refused-pause", config.refused_pause);
  config.fingerprint = context.flag("fingerprint", false);
  config.software = context.text("software", "");
  return config;
}

/// Everything that may stand between a clean network and a working allocation, one after the other:
/// the silence before a probe, giving up on what was under way, the pause before a new attempt, the
/// pause before a peer is asked for again, and the exchanges of the attempt itself. Fixed pauses
/// are drawn longer by up to half of the share that is drawn.
Duration bound_of(const RoleContext& context, Duration round_trip) {
  const turn::ClientConfig config = config_of(context);
  const BackoffBounds bounds = bounds_of(slowest_backoff(context));
  const Duration pause =
      std::max({config.longest_pause, config.capacity_pause, config.mismatch_pause});
  constexpr std::int64_t exchanges = 4;  // challenge, Allocate, a stale nonce, ChannelBind
  const Duration pauses = pause + config.capacity_pause;
  return config.keep_alive + bounds.give_up + pauses + pauses / 2 * config.pause_jitter +
         (round_trip + config.start_gap) * exchanges;
}

}  // namespace

Role turn_client_role() {
  Role role = {
      .name = "turn-client",
      .help = "keeps one allocation on a relay alive, and the peers that it is asked for",
      .keys = {{"relay", ValueType::host, "the relay's host", {}, true},
               {"username", ValueType::text, "(user)"},
               {"password", ValueType::text, "(password)"},
               {"rest-secret", ValueType::text, "makes the user until a date (none)"},
               {"valid-for", ValueType::duration, "from the start of the run to that date (24h)"},
               {"hide-username", ValueType::flag, "wants a relay that takes USERHASH (false)"},
               {"accept-unsigned-errors", ValueType::flag, "believes unsigned 437, 441 (false)"},
               {"follow-unsigned-redirect", ValueType::flag, "follows an unsigned 300 (false)"},
               {"realm", ValueType::text, "the only realm it trusts (any)"},
               {"relay-family",
                ValueType::text,
                "family of the relayed address, or one of each (ipv4)",
                {},
                false,
                {"ipv4", "ipv6", "both"}},
               {"use",
                ValueType::text,
                "how peers are reached (channels)",
                {},
                false,
                {"channels", "permissions"}},
               {"start-gap", ValueType::duration, "from one request to the next (5ms)"},
               time_key("server-error-pause", "before a 5xx is met again (5s)"),
               time_key("lifetime", "to ask for (left to the relay)", std::chrono::seconds(1),
                        longest_lifetime),
               time_key("keep-alive", "longest silence before a Refresh (25s)"),
               time_key("channel-refresh", "from one ChannelBind to the next"),
               time_key("permission-refresh", "likewise for CreatePermission"),
               time_key("first-pause", "before a second attempt (1s)"),
               time_key("longest-pause", "the pause doubles up to this (1min)"),
               {"pause-jitter", ValueType::probability, "the share of each that is drawn (50%)"},
               time_key("capacity-pause", "after 486 and 508 (1min)"),
               time_key("mismatch-pause", "after 437 on three ports (2min)"),
               time_key("refused-pause", "after refused credentials (5min)"),
               {"fingerprint", ValueType::flag, "whether requests carry FINGERPRINT (false)"},
               {"software", ValueType::text, "SOFTWARE of its requests (none)"},
               backoff_key()},
      .make =
          [](const RoleContext& context) {
            const bool channels = context.text("use", "channels") == "channels";
            return AnyMachine(
                TurnClient(config_of(context), channels, context.random, context.now));
          },
      .recovery_bound = bound_of,
      .messages = turn_client_messages(),
      .problem = [](const RoleContext& context) -> std::optional<std::string> {
        const HostInfo* const relay = context.host(context.text("relay", ""));
        if (relay && is_no_relay(*relay)) {
          return "its relay is \"" + relay->name + "\", a host of role \"" + relay->role + "\"";
        }
        if (config_of(context).server.empty()) {
          return "it has no address of a family that its relay has";
        }
        if (auto problem = backoff_problem(context)) return problem;
        if (context.settings.find("valid-for") && !context.settings.find("rest-secret")) {
          return "`valid-for` needs a `rest-secret`: a listed user has no date";
        }
        return text_problem(context, config_of(context).username);
      }};
  std::ranges::copy(round_trip_keys(), std::back_inserter(role.keys));
  return role;
}

}  // namespace tickover::sim
