#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/check.h"
#include "core/stun/round_trip.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

/// Who sends a request more often than this waits for nothing that could still come.
constexpr std::int64_t most_sends = 10'000;

template <class T>
const T* find(const Settings& table, std::string_view key) {
  const Setting* setting = table.find(key);
  return setting ? &std::get<T>(setting->value) : nullptr;
}

}  // namespace

KeySpec time_key(std::string name, std::string help, Duration least, Duration most) {
  return {.name = std::move(name),
          .type = ValueType::duration,
          .help = std::move(help),
          .least = least.count(),
          .most = most.count()};
}

KeySpec integer_key(std::string name, std::string help, std::int64_t least, std::int64_t most) {
  return {.name = std::move(name),
          .type = ValueType::integer,
          .help = std::move(help),
          .least = least,
          .most = most};
}

bool is_no_relay(const HostInfo& host) {
  constexpr std::array roles = {std::string_view("turn-client"), std::string_view("stun-client"),
                                std::string_view("peer"), std::string_view("attacker")};
  return std::ranges::find(roles, host.role) != roles.end();
}

std::optional<std::string> text_problem(const RoleContext& context, std::string_view username) {
  constexpr std::size_t longest_name = 508;
  constexpr std::size_t longest_software = 509;
  if (username.empty() || username.size() > longest_name) return "its user name has 1 to 508 bytes";
  if (context.text("software", "").size() > longest_software) {
    return "its `software` has at most 509 bytes";
  }
  return {};
}

KeySpec backoff_key() {
  return {"backoff",
          ValueType::text_or_table,
          "retransmission: \"rfc8489\" (default), \"connlib\", or a table",
          {time_key("first", "the wait after the first send"),
           {"growth", ValueType::factor, "each wait is the one before times this"},
           time_key("cap", "no wait is longer"),
           integer_key("sends", "how many sends in all, the first included", 1, most_sends),
           time_key("last-wait", "the wait after the last send"),
           time_key("max-elapsed", "it ends this long after the first send"),
           {"jitter", ValueType::probability, "the share of a wait by which a send may be late"}},
          false,
          {"rfc8489", "connlib"}};
}

BackoffPolicy backoff_policy(const RoleContext& context) {
  const Setting* setting = context.settings.find("backoff");
  if (setting == nullptr) return BackoffPolicy::rfc8489();
  if (const auto* name = std::get_if<std::string>(&setting->value)) {
    if (*name == "connlib") {
      return BackoffPolicy::exponential(std::chrono::seconds(1), Ratio{3, 2},
                                        std::chrono::seconds(8));
    }
    CHECK(*name == "rfc8489");
    return BackoffPolicy::rfc8489();
  }
  const auto& table = std::get<Settings>(setting->value);
  BackoffPolicy policy;
  if (const auto* v = find<Range<Duration>>(table, "first")) policy.first_interval = v->low;
  if (const auto* v = find<Range<Ratio>>(table, "growth")) policy.growth = v->low;
  if (const auto* v = find<Range<Duration>>(table, "cap")) policy.interval_cap = v->low;
  if (const auto* v = find<Range<std::int64_t>>(table, "sends")) {
    policy.send_limit = static_cast<std::uint32_t>(v->low);
  }
  if (const auto* v = find<Range<Duration>>(table, "last-wait")) policy.last_wait = v->low;
  if (const auto* v = find<Range<Duration>>(table, "max-elapsed")) policy.max_elapsed = v->low;
  if (const auto* v = find<Range<Ratio>>(table, "jitter")) policy.jitter = v->low;
  // Without any end a request would wait for ever; then the RFC's number of sends holds.
  if (policy.send_limit == 0 && policy.max_elapsed == Duration::max()) policy.send_limit = 7;
  return policy;
}

std::optional<std::string> backoff_problem(const RoleContext& context) {
  Backoff backoff(backoff_policy(context), Instant{});
  Instant before;
  for (std::int64_t waits = 0; waits <= most_sends; ++waits) {
    if (backoff.is_expired(before)) return {};
    before = backoff.next_trigger();
    backoff.handle_timeout(before);
  }
  return "its `backoff` sends one request more than " + std::to_string(most_sends) + " times";
}

std::vector<KeySpec> round_trip_keys() {
  return {{"measure-round-trip", ValueType::flag, "whether answers decide on the RTO (true)"},
          time_key("longest-rto", "that they may lead to (1s)", stun::lowest_rto)};
}

bool measures_round_trip(const RoleContext& context) {
  return context.flag("measure-round-trip", true);
}

Duration longest_rto(const RoleContext& context) {
  return context.duration("longest-rto", stun::usual_longest_rto);
}

BackoffPolicy slowest_backoff(const RoleContext& context) {
  const BackoffPolicy policy = backoff_policy(context);
  if (!measures_round_trip(context)) return policy;
  return stun::with_rto(policy, Duration::max(), longest_rto(context));
}

BackoffBounds bounds_of(const BackoffPolicy& policy) {
  Backoff backoff(policy, Instant{});
  BackoffBounds bounds{Duration{}, backoff.expiry() - Instant{}};
  Instant before;
  while (!backoff.is_expired(before)) {
    const Instant next = backoff.next_trigger();
    bounds.longest_wait = std::max(bounds.longest_wait, next - before);
    backoff.handle_timeout(next);
    before = next;
  }
  return bounds;
}

}  // namespace tickover::sim
