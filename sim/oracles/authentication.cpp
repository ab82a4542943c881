#include "sim/oracles/authentication.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/wire_decoder.h"
#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// So many requests are judged one and all, and then one of so many.
constexpr std::uint64_t all_of_the_first = 8;
constexpr std::uint64_t then_one_of = 32;

bool needs_password(const StunGlance& message) {
  return message.type == stun_type::allocate || message.type == stun_type::refresh ||
         message.type == stun_type::create_permission || message.type == stun_type::channel_bind;
}

/// Notices of a relay that tell of a request that was carried out, and not of time that has passed.
bool tells_of_request(const Notice& notice) {
  const auto ends = [&](std::string_view word) { return notice.name.ends_with(word); };
  return ends("created") || ends("refreshed") || ends("deleted") || ends("installed") ||
         ends("bound");
}

/// Whether both know the secret that makes users for a limited time.
bool shares_secret(const HostPlan& client, const HostPlan& relay) {
  const auto secret = setting_or(client.settings, "rest-secret", std::string());
  return !secret.empty() && secret == setting_or(relay.settings, "rest-secret", std::string());
}

/// Whether anything on the way may change, or somebody may not know the password.
bool has_foul_play(const Plan& plan) {
  if (has_attacker(plan)) return true;
  const auto corrupts = [](const Conditions& c) {
    return c.corrupt.numerator() > 0 || c.truncate.numerator() > 0;
  };
  for (const DirectionPlan& direction : plan.directions) {
    if (corrupts(direction.conditions)) return true;
  }
  for (const FaultPlan& fault : plan.faults) {
    const FaultAction& action = fault.spec->action;
    if (std::holds_alternative<Forge>(action) || std::holds_alternative<Corrupt>(action) ||
        std::holds_alternative<Truncate>(action) ||
        std::ranges::any_of(fault.conditions, corrupts)) {
      return true;
    }
  }
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    const HostIndex relay = relay_of(plan, i);
    if (relay == no_index) continue;
    const Credentials own = credentials_of(plan.hosts[i]);
    const auto users = users_of(plan.hosts[relay]);
    const auto is_own = [&](const Credentials& user) {
      return user.name == own.name && user.password == own.password;
    };
    if (shares_secret(plan.hosts[i], plan.hosts[relay])) continue;
    if (std::ranges::none_of(users, is_own)) return true;
  }
  return false;
}

}  // namespace

bool is_signed_by(const Credentials& user, std::string_view realm, Bytes message) {
  const auto glance = glance_stun(message);
  if (!glance) return false;
  // An answer does not say whose it is, and a request may hide it.
  const auto username = find_attribute(*glance, stun_attribute::username);
  if (username && !std::ranges::equal(*username, as_bytes(user.name))) return false;
  const auto by = [&](WireKey key) {
    return integrity_sha256_matches(message, user.name, realm, user.password, key);
  };
  // Of two, the one that is seen first counts (PROTOCOL K13).
  return find_attribute(*glance, stun_attribute::message_integrity)
             ? integrity_matches(message, user.name, realm, user.password)
             : by(WireKey::sha256) || by(WireKey::md5);  // the likelier first
}

Authentication::Authentication(const Plan& plan) : judges_all_(has_foul_play(plan)) {
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    Host& host = hosts_.emplace_back();
    if (is_relay(plan.hosts[i])) {
      host.is_relay = true;
      host.realm = realm_of(plan.hosts[i]);
      host.users = users_of(plan.hosts[i]);
    } else if (const HostIndex relay = relay_of(plan, i); relay != no_index) {
      host.relay = relay;
      host.realm = realm_of(plan.hosts[relay]);
      host.users = {credentials_of(plan.hosts[i])};
      if (trusts_the_path(plan.hosts[i])) host.realm.clear();
    }
  }
  for (HostIndex i = 0; i < plan.hosts.size(); ++i) {
    const HostIndex relay = hosts_[i].relay;
    if (relay == no_index || !shares_secret(plan.hosts[i], plan.hosts[relay])) continue;
    hosts_[relay].users.push_back(credentials_of(plan.hosts[i]));
  }
}

void Authentication::observe(const Step& step, const World& world) {
  if (step.kind != StepKind::delivery || !step.touched || step.host == no_index) return;
  Host& host = hosts_[step.host];
  if (host.realm.empty()) return;
  if (host.is_relay) {
    judge_relay(step, world, host);
  } else if (!step.notices.empty()) {
    judge_client(step, world, host);
  }
}

bool Authentication::is_signed(const Host& host, Bytes message) {
  return std::ranges::any_of(
      host.users, [&](const Credentials& user) { return is_signed_by(user, host.realm, message); });
}

void Authentication::judge_relay(const Step& step, const World& world, Host& host) {
  const HostPlan& plan = world.plan().hosts[step.host];
  const auto request = glance_stun(step.arrived);
  const bool asks = request && step.destination.port == plan.role->port && request->is_request() &&
                    needs_password(*request);
  std::string_view did;
  for (const Notice& notice : step.notices) {
    if (tells_of_request(notice)) did = notice.name;
  }
  if (std::ranges::any_of(step.sockets, &SocketRecord::open)) did = "a port opened";
  if (asks && did.empty()) {
    for (const SentRecord& sent : step.sent) {
      const auto answer = glance_stun(step.payload(sent));
      if (answer && answer->is_success() && std::ranges::equal(answer->id, request->id)) {
        did = "success answered";
      }
    }
  }
  if (did.empty()) return;
  ++host.seen;
  if (!judges_all_ && host.seen > all_of_the_first && host.seen % then_one_of != 0) return;
  judged();
  if (asks && is_signed(host, step.arrived)) return;
  broken(step, fmt::format("{}: {}, because of {} bytes from {} that no user signed",
                           name_of(world.plan(), step.host), did, step.arrived.size(),
                           step.source.text()));
}

/// Only a challenge goes unsigned, and data; and the passing of time needs no signature.
void Authentication::judge_client(const Step& step, const World& world, const Host& host) {
  const bool is_late = step.deadline_before && step.deadline_before->at <= step.host_now;
  for (const Notice& notice : step.notices) {
    const bool is_added = notice.kind == Notice::Kind::candidate_added;
    if (notice.kind == Notice::Kind::received || notice.kind == Notice::Kind::other) continue;
    if (is_late && !is_added) continue;
    judged();
    const auto message = glance_stun(step.arrived);
    const std::uint32_t code = message && message->is_error() ? error_code_of(*message) : 0;
    const bool is_genuine = !step.forged && step.sender == host.relay;
    if (is_added ? message && message->type == (stun_type::allocate | 0x0100)
                 : message && message->is_answer()) {
      if (is_genuine && !is_added && (code == 401 || code == 438)) continue;
      if (is_genuine && is_signed(host, step.arrived)) continue;
    }
    return broken(step, fmt::format("{} says \"{}\" because of {} bytes from {} that its relay did "
                                    "not sign",
                                    name_of(world.plan(), step.host), notice.name,
                                    step.arrived.size(), step.source.text()));
  }
}

}  // namespace tickover::sim
