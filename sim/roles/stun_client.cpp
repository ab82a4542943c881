#include "core/stun/binding_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

/// A Binding client whose mapped address is its candidate.
class StunClient {
 public:
  using Event = Notice;

  StunClient(const stun::BindingConfig& config, Random random) : client_(config, random) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }

  void handle_input(const Input& input, Instant now) { client_.handle_input(input, now); }
  void handle_timeout(Instant now) { client_.handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    return client_.poll_transmit(buffer);
  }
  std::optional<Timeout> poll_timeout() const { return client_.poll_timeout(); }

  std::optional<Notice> poll_event() {
    if (changed_to_) {
      // Two notices for one event: the old candidate is gone, the new one is there.
      mapped_ = std::exchange(changed_to_, std::nullopt);
      return added(*mapped_);
    }
    const auto event = client_.poll_event();
    if (!event) return {};
    if (const auto* learned = std::get_if<stun::MappedAddressLearned>(&*event)) {
      mapped_ = learned->mapped;
      return added(learned->mapped);
    }
    if (const auto* changed = std::get_if<stun::MappedAddressChanged>(&*event)) {
      changed_to_ = changed->mapped;
      return Notice{.kind = Notice::Kind::candidate_removed,
                    .name = "mapped address changed",
                    .local = changed->before};
    }
    const auto& failed = std::get<stun::BindingFailed>(*event);
    if (mapped_) {
      const Endpoint before = *mapped_;
      mapped_.reset();
      return Notice{.kind = Notice::Kind::candidate_removed,
                    .name = stun::text(failed.why),
                    .local = before,
                    .number = static_cast<std::uint64_t>(failed.code)};
    }
    return Notice{.kind = Notice::Kind::failed,
                  .name = stun::text(failed.why),
                  .number = static_cast<std::uint64_t>(failed.code)};
  }

  bool operator==(const StunClient&) const = default;

 private:
  Notice added(const Endpoint& mapped) const {
    return {.kind = Notice::Kind::candidate_added,
            .name = "mapped address learned",
            .local = mapped,
            .remote = client_.socket().value_or(Endpoint{})};
  }

  stun::BindingClient client_;
  std::optional<Endpoint> mapped_;
  std::optional<Endpoint> changed_to_;
};
static_assert(Machine<StunClient>);

/// The first address of the server that it has a family in common with; none if there is none.
Endpoint server_of(const RoleContext& context) {
  const HostInfo* const server = context.host(context.text("server", ""));
  if (server == nullptr) return {};
  for (const IpAddress& ip : context.self.addresses) {
    for (const IpAddress& theirs : server->addresses) {
      if (ip.family() == theirs.family()) return {theirs, stun_port};
    }
  }
  return {};
}

}  // namespace

Role stun_client_role() {
  Role role = {
      .name = "stun-client",
      .help = "asks a STUN server for its own address, again and again (Binding)",
      .keys = {{"server", ValueType::host, "the host to ask", {}, true},
               time_key("query-interval", "from one query to the next (25s)"),
               {"fingerprint", ValueType::flag, "whether requests end in FINGERPRINT (false)"},
               backoff_key()},
      .make =
          [](const RoleContext& context) {
            stun::BindingConfig config;
            config.server = server_of(context);
            config.query_interval = context.duration("query-interval", config.query_interval);
            config.fingerprint = context.flag("fingerprint", false);
            config.backoff = backoff_policy(context);
            config.measure_round_trip = measures_round_trip(context);
            config.longest_rto = longest_rto(context);
            return AnyMachine(StunClient(config, context.random));
          },
      .recovery_bound =
          [](const RoleContext& context, Duration round_trip) {
            const stun::BindingConfig usual;
            const BackoffBounds bounds = bounds_of(slowest_backoff(context));
            // At worst a copy went out just before the network healed; if it was the last, the
            // next query follows the give-up.
            return bounds.longest_wait + context.duration("query-interval", usual.query_interval) +
                   round_trip;
          },
      .messages = {"Binding request"},
      .problem = [](const RoleContext& context) -> std::optional<std::string> {
        if (server_of(context) == Endpoint{}) {
          return "it has no address of a family that its server has";
        }
        return backoff_problem(context);
      }};
  std::ranges::copy(round_trip_keys(), std::back_inserter(role.keys));
  return role;
}

}  // namespace tickover::sim
