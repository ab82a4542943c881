#include "sim/world/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/roles/roles.h"
#include "sim/scenario/nearest.h"

namespace tickover::sim {
namespace {

constexpr std::string_view relay_role = "turn-server";

/// Of which it is known that they say no more than their list.
bool is_built_in(const Role& role) {
  constexpr std::array names = {std::string_view("attacker"), std::string_view("peer"),
                                std::string_view("stun-client"), std::string_view("turn-client"),
                                relay_role};
  return std::ranges::find(names, role.name) != names.end() && !role.messages.empty();
}

std::string_view method_of(std::string_view name) {
  return name.substr(0, name.find(' '));
}

}  // namespace

std::vector<std::string> messages_of(const Plan& plan, const std::vector<HostIndex>& hosts) {
  const bool all_known =
      std::ranges::all_of(plan.hosts, [](const HostPlan& host) { return is_built_in(*host.role); });
  std::vector<std::string> all;
  const auto add = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (std::ranges::find(all, name) == all.end()) all.push_back(name);
    }
  };
  for (const HostIndex host : hosts) {
    const Role& role = *plan.hosts[host].role;
    if (role.messages.empty()) return {};
    add(role.messages);
    if (!all_known && role.name == relay_role) add(stun_messages());
  }
  return all;
}

bool is_message(std::string_view name, const std::vector<std::string>& messages) {
  return std::ranges::any_of(messages, [&](std::string_view each) {
    return each.starts_with(name) && (each.size() == name.size() || each[name.size()] == ' ');
  });
}

std::string message_hint(std::string_view name, const std::vector<std::string>& messages) {
  // "Refresh" alone is a good name, too.
  std::vector<std::string> good = messages;
  for (const std::string& each : messages) good.emplace_back(method_of(each));
  const std::string meant = nearest(name, good);
  if (!meant.empty()) return " (did you mean " + quoted(meant) + "?)";
  const std::string method = nearest(method_of(name), good);
  std::vector<std::string> alike;
  for (const std::string& each : messages) {
    if (method_of(each) == method) alike.push_back(each);
  }
  return "; there is " + listed(alike.empty() ? messages : alike);
}

std::string why_unanswered(std::string_view name, const Plan& plan,
                           const std::vector<HostIndex>& receivers) {
  const bool is_answer = name.ends_with(" success") || name.ends_with(" error");
  const auto spoofs = [](const HostPlan& host) { return host.role->spoofs; };
  // What is sent in another's name is answered to that other.
  if (!is_answer || std::ranges::any_of(plan.hosts, spoofs)) return {};
  const std::string request = std::string(method_of(name)) + " request";
  for (const HostIndex receiver : receivers) {
    const HostPlan& host = plan.hosts[receiver];
    // Who shares a NAT stands for all that are behind it.
    const bool shares = host.behind && plan.nats[*host.behind].name != host.info.name;
    if (shares || host.role->messages.empty()) return {};
    if (is_message(request, host.role->messages)) return {};
  }
  return fmt::format("nobody there sends the {} that it would answer", request);
}

}  // namespace tickover::sim
