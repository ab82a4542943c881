#include "sim/oracles/turn_plan.h"

#include <algorithm>
#include <span>

#include "sim/oracles/naive_digest.h"
#include "sim/world/world.h"

namespace tickover::sim {

namespace {

/// Whom such a relay keeps hangs on the order in which its clients ask.
bool sends_away_on_cue(const Settings& relay) {
  const auto answers = setting_or(relay, "answers", std::vector<std::string>());
  return std::ranges::any_of(
      answers, [](const std::string& line) { return line.find(": 300 ") != std::string::npos; });
}

}  // namespace

HostIndex relay_of(const Plan& plan, HostIndex client) {
  const HostPlan& host = plan.hosts[client];
  if (host.info.role != "turn-client") return no_index;
  auto relay = plan.host_named(setting_or(host.settings, "relay", std::string()));
  if (!relay || !is_relay(plan.hosts[*relay])) return no_index;
  for (std::size_t hops = 0; hops < plan.hosts.size(); ++hops) {
    const Settings& settings = plan.hosts[*relay].settings;
    if (sends_away_on_cue(settings)) return no_index;
    const auto other = plan.host_named(setting_or(settings, "alternate", std::string()));
    if (!other) return *relay;
    relay = other;
  }
  return no_index;  // they send each other's clients around
}

bool has_attacker(const Plan& plan) {
  return std::ranges::any_of(plan.hosts, [](const HostPlan& host) { return host.role->spoofs; });
}

bool is_listener(const HostPlan& relay, const Endpoint& endpoint) {
  return endpoint.port == relay.role->port &&
         std::ranges::find(relay.info.addresses, endpoint.ip) != relay.info.addresses.end();
}

namespace {

/// RFC 4648, section 4, six bits after the other.
std::string base64(std::span<const std::uint8_t> bytes) {
  const auto bit = [&](std::size_t i) {
    return i < 8 * bytes.size() ? bytes[i / 8] >> (7 - i % 8) & 1 : 0;
  };
  std::string text;
  for (std::size_t i = 0; i < 8 * bytes.size(); i += 6) {
    int value = 0;
    for (std::size_t k = i; k < i + 6; ++k) value = 2 * value + bit(k);
    text += static_cast<char>(value < 26    ? 'A' + value
                              : value < 52  ? 'a' + value - 26
                              : value < 62  ? '0' + value - 52
                              : value == 62 ? '+'
                                            : '/');
  }
  while (text.size() % 4 != 0) text += '=';
  return text;
}

}  // namespace

std::vector<Credentials> users_of(const HostPlan& relay) {
  std::vector<Credentials> users;
  for (const std::string& user : setting_or(relay.settings, "users", std::vector<std::string>())) {
    const std::size_t colon = user.find(':');
    users.push_back({user.substr(0, colon),
                     colon == std::string::npos ? std::string() : user.substr(colon + 1)});
  }
  if (users.empty()) users = {{"user", "password"}};
  return users;
}

Credentials credentials_of(const HostPlan& client) {
  const auto name = setting_or(client.settings, "username", std::string("user"));
  const auto secret = setting_or(client.settings, "rest-secret", std::string());
  if (secret.empty()) {
    return {name, setting_or(client.settings, "password", std::string("password"))};
  }
  const Duration valid_for =
      setting_or(client.settings, "valid-for", Duration(std::chrono::hours(24)));
  const std::int64_t end = (HostClock::epoch + valid_for).count() / 1'000'000'000;
  const std::string dated = std::to_string(end) + ":" + name;
  return {dated, base64(naive_hmac_sha1({secret.begin(), secret.end()}, as_bytes(dated)))};
}

bool trusts_the_path(const HostPlan& client) {
  return setting_or(client.settings, "accept-unsigned-errors", false) ||
         setting_or(client.settings, "follow-unsigned-redirect", false);
}

std::string realm_of(const HostPlan& relay) {
  return setting_or(relay.settings, "realm", std::string("example.org"));
}

std::optional<std::vector<IpAddress>> addresses_after(const Step& step, const World& world) {
  const Plan& plan = world.plan();
  if (step.kind != StepKind::fault || step.fault == no_index) return {};
  const FaultPlan* fault = &plan.faults[step.fault];
  if (!std::holds_alternative<Move>(fault->spec->action)) return {};
  // Who is awake and hears nothing of it stays where it is: it is elsewhere for another reason.
  if (!step.touched && world.is_up(fault->host)) return {};
  bool is_there = step.fault_begins;
  for (std::size_t i = 0; !is_there && i < plan.faults.size(); ++i) {
    const FaultPlan& other = plan.faults[i];
    is_there = world.is_active(i) && other.host == fault->host &&
               std::holds_alternative<Move>(other.spec->action);
    if (is_there) fault = &other;
  }
  if (fault->amount > Duration{}) return std::vector<IpAddress>();
  return is_there ? std::get<Move>(fault->spec->action).addresses
                  : plan.hosts[fault->host].info.addresses;
}

namespace {

Duration longest_flight(const Conditions& c) {
  const Duration held = c.reorder.numerator() > 0 ? c.reorder_high : Duration();
  const Duration spaced = c.duplicate.numerator() > 0 ? c.spacing_high * c.copies_high : Duration();
  return c.longest() + held + spaced;
}

/// Faults that degrade one link at a time mix: each part of the delay is of one of them.
Conditions slowest_of(Conditions a, const Conditions& b) {
  const auto latency_alone = [](Conditions c) {
    c.jitter_high = {};
    c.wander = {};
    c.bandwidth = 0;
    return c.longest();
  };
  a.latency = std::max(latency_alone(a), latency_alone(b));
  a.percentiles.clear();
  a.trace = {};
  a.jitter_high = std::max(a.jitter_high, b.jitter_high);
  a.wander.high = std::max(a.wander.high, b.wander.high);
  if (a.bandwidth == 0 || (b.bandwidth > 0 && b.bandwidth < a.bandwidth)) a.bandwidth = b.bandwidth;
  a.queue_bytes = std::max(a.room(), b.room());
  a.queue_packets = 0;
  a.reorder = std::max(a.reorder, b.reorder);
  a.reorder_high = std::max(a.reorder_high, b.reorder_high);
  a.duplicate = std::max(a.duplicate, b.duplicate);
  a.copies_high = std::max(a.copies_high, b.copies_high);
  a.spacing_high = std::max(a.spacing_high, b.spacing_high);
  return a;
}

}  // namespace

Duration longest_flight(const Plan& plan) {
  Duration longest = std::chrono::milliseconds(1);
  std::vector<std::optional<Conditions>> slowest(plan.directions.size());
  for (const DirectionPlan& direction : plan.directions) {
    longest = std::max(longest, longest_flight(direction.conditions));
  }
  for (const FaultPlan& fault : plan.faults) {
    for (std::size_t i = 0; i < fault.conditions.size(); ++i) {
      std::optional<Conditions>& others = slowest[fault.directions[i]];
      others = others ? slowest_of(*others, fault.conditions[i]) : fault.conditions[i];
      longest = std::max(longest, longest_flight(*others));
    }
  }
  return longest + plan.longest_hold();
}

Duration drift_within(const HostClock& a, const HostClock& b, Duration span) {
  const auto error = [&](const HostClock& clock) {
    const Duration measured = clock.read(Instant::at(span)) - clock.read(Instant());
    return measured > span ? measured - span : span - measured;
  };
  const Duration both = error(a) + error(b);
  return both == Duration() ? both : both + Duration::nanoseconds(2);
}

Duration longest_oversleep(const HostPlan& host) {
  const bool drifts = drift_within(host.clock, host.clock, std::chrono::seconds(1)) != Duration();
  const Duration slack = host.driver == DriverKind::oversleeping ? host.driver_every : Duration();
  // A clock that runs fast skips readings; it never doubles its speed.
  return drifts ? slack * 2 + Duration::nanoseconds(2) : slack;
}

}  // namespace tickover::sim
