#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

class World;

// What oracles of TURN read in a plan: settings by their names in scenarios, never what the roles
// make of them.

/// The drawn value of a setting; `usual` if the scenario is silent about it.
template <class T>
T setting_or(const Settings& settings, std::string_view key, T usual) {
  const Setting* found = settings.find(key);
  if (found == nullptr) return usual;
  if constexpr (std::is_same_v<T, Duration> || std::is_same_v<T, std::int64_t>) {
    const auto* range = std::get_if<Range<T>>(&found->value);
    return range ? range->low : usual;
  } else {
    const auto* value = std::get_if<T>(&found->value);
    return value ? *value : usual;
  }
}

inline bool is_relay(const HostPlan& host) {
  return host.info.role == "turn-server";
}
/// The relay of a turn-client, or the one that it sends its clients to; no_index for every other
/// host, and where a relay sends clients away on cue.
HostIndex relay_of(const Plan& plan, HostIndex client);
/// Whether some host sends in the name of others.
bool has_attacker(const Plan& plan);
/// Whether a turn-client's relay listens there.
bool is_listener(const HostPlan& relay, const Endpoint& endpoint);

struct Credentials {
  std::string name;
  std::string password;
};
/// Those that a relay lists, and the one that a client uses. A relay with a `rest-secret` also
/// accepts clients with the same one.
std::vector<Credentials> users_of(const HostPlan& relay);
Credentials credentials_of(const HostPlan& client);
/// Whether a client was told to believe what nobody signed.
bool trusts_the_path(const HostPlan& client);
std::string realm_of(const HostPlan& relay);

/// The addresses that a host has after a fault that moves it; nothing after any other step. Between
/// two networks it has none.
std::optional<std::vector<IpAddress>> addresses_after(const Step& step, const World& world);

/// No datagram is under way for longer than this, whatever links and faults do to it.
Duration longest_flight(const Plan& plan);
/// How much two clocks can come to differ within `span`.
Duration drift_within(const HostClock& a, const HostClock& b, Duration span);
/// How much later than its deadline a host may be woken, on its own clock.
Duration longest_oversleep(const HostPlan& host);

}  // namespace tickover::sim
