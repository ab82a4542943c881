#include "sim/roles/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/keys.h"
#include "sim/scenario/nearest.h"

namespace tickover::sim {
namespace {

constexpr std::string_view usual_user = "user";
constexpr std::string_view usual_password = "password";

struct Account {
  std::string user;
  std::string password;
  bool operator==(const Account&) const = default;
};

std::string text_of(const HostSpec& host, std::string_view key, std::string_view otherwise = {}) {
  const Setting* const setting = host.settings.find(key);
  const auto* text = setting ? std::get_if<std::string>(&setting->value) : nullptr;
  return text ? *text : std::string(otherwise);
}

std::vector<std::string> texts_of(const HostSpec& host, std::string_view key) {
  const Setting* const setting = host.settings.find(key);
  const auto* texts = setting ? std::get_if<std::vector<std::string>>(&setting->value) : nullptr;
  return texts ? *texts : std::vector<std::string>{};
}

Account account_of(const HostSpec& host) {
  return {text_of(host, "username", usual_user), text_of(host, "password", usual_password)};
}

/// The host whose name that key says, if it is the name of one and not of a member of a group.
const HostSpec* host_under(std::string_view key, const HostSpec& host, const Scenario& scenario) {
  const auto found = std::ranges::find(scenario.hosts, text_of(host, key), &HostSpec::name);
  return found == scenario.hosts.end() ? nullptr : &*found;
}

bool knows(const HostSpec& relay, const Account& account) {
  if (!relay.settings.find("users")) {
    return account == Account{std::string(usual_user), std::string(usual_password)};
  }
  const std::vector<std::string> users = texts_of(relay, "users");
  return std::ranges::find(users, account.user + ":" + account.password) != users.end();
}

/// Where the account is said, or else the host.
Place place_of(const HostSpec& host) {
  for (const char* key : {"username", "password", "rest-secret"}) {
    if (const Setting* setting = host.settings.find(key)) return setting->place;
  }
  return host.place;
}

void warn_of_stranger(const HostSpec& host, const HostSpec& relay, Problems& problems) {
  const Account account = account_of(host);
  if (knows(relay, account)) return;
  problems.warning(place_of(host),
                   fmt::format("{} has no user {} with this password in its `users`: all that {} "
                               "asks is refused (401)",
                               quoted(relay.name), quoted(account.user), quoted(host.name)));
}

void check_client(const HostSpec& host, const Scenario& scenario, Problems& problems) {
  const HostSpec* const relay = host_under("relay", host, scenario);
  if (!relay || relay->role != "turn-server") return;
  const std::string secret = text_of(host, "rest-secret");
  if (secret.empty()) return warn_of_stranger(host, *relay, problems);
  if (secret == text_of(*relay, "rest-secret")) return;
  problems.warning(place_of(host), fmt::format("{} has not this `rest-secret`: all that {} asks is "
                                               "refused (401)",
                                               quoted(relay->name), quoted(host.name)));
}

void check_attacker(const HostSpec& host, const Scenario& scenario, Problems& problems) {
  const std::vector<std::string> attacks = texts_of(host, "attack");
  const auto makes = [&](std::string_view attack) {
    return std::ranges::find(attacks, attack) != attacks.end();
  };
  const HostSpec* const victim = host_under("victim", host, scenario);
  const std::string user = account_of(host).user;
  if (makes("usurp") && victim && victim->role == "turn-client" &&
      text_of(*victim, "rest-secret").empty() && account_of(*victim).user == user) {
    return problems.error(
        place_of(host),
        fmt::format(
            "{} usurps as the user {}, who is its victim {} itself: give it a `username` of "
            "its own, and that user to its target's `users`",
            quoted(host.name), quoted(user), quoted(victim->name)));
  }
  const HostSpec* const relay = host_under("target", host, scenario);
  const bool asks = makes("usurp") || makes("exhaust") || makes("peer-scan");
  if (asks && relay && relay->role == "turn-server") warn_of_stranger(host, *relay, problems);
}

}  // namespace

void check_accounts(const Scenario& scenario, const RoleRegistry& registry, Problems& problems) {
  // A relay of somebody's own has accounts of its own kind.
  const Role* const relay = registry.find("turn-server");
  if (!relay || !find_key(relay->keys, "users")) return;
  for (const HostSpec& host : scenario.hosts) {
    if (host.role == "turn-client") check_client(host, scenario, problems);
    if (host.role == "attacker") check_attacker(host, scenario, problems);
  }
}

}  // namespace tickover::sim
