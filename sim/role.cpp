#include "sim/role.h"

#include <algorithm>

#include "core/check.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

template <class T>
const T* value_of(const Settings& settings, std::string_view key) {
  const Setting* setting = settings.find(key);
  if (setting == nullptr) return nullptr;
  const T* value = std::get_if<T>(&setting->value);
  // The reader has checked the type against the role's own keys.
  CHECK(value != nullptr);
  return value;
}

}  // namespace

const HostInfo* RoleContext::host(std::string_view name) const {
  const auto at = std::ranges::find(hosts, name, &HostInfo::name);
  return at == hosts.end() ? nullptr : &*at;
}

bool RoleContext::flag(std::string_view key, bool otherwise) const {
  const bool* value = value_of<bool>(settings, key);
  return value ? *value : otherwise;
}

std::int64_t RoleContext::integer(std::string_view key, std::int64_t otherwise) const {
  const auto* value = value_of<Range<std::int64_t>>(settings, key);
  return value ? value->low : otherwise;
}

Duration RoleContext::duration(std::string_view key, Duration otherwise) const {
  const auto* value = value_of<Range<Duration>>(settings, key);
  return value ? value->low : otherwise;
}

std::string RoleContext::text(std::string_view key, std::string_view otherwise) const {
  const auto* value = value_of<std::string>(settings, key);
  return value ? *value : std::string(otherwise);
}

std::vector<std::string> RoleContext::texts(std::string_view key) const {
  const auto* value = value_of<std::vector<std::string>>(settings, key);
  return value ? *value : std::vector<std::string>{};
}

void RoleRegistry::add(Role role) {
  std::string name = role.name;
  roles_.insert_or_assign(std::move(name), std::move(role));
}

const Role* RoleRegistry::find(std::string_view name) const {
  const auto at = roles_.find(name);
  return at == roles_.end() ? nullptr : &at->second;
}

std::vector<std::string> RoleRegistry::names() const {
  std::vector<std::string> result;
  for (const auto& [name, role] : roles_) result.push_back(name);
  return result;
}

RoleRegistry RoleRegistry::built_in() {
  RoleRegistry registry;
  registry.add(attacker_role());
  registry.add(peer_role());
  registry.add(stun_client_role());
  registry.add(turn_client_role());
  registry.add(turn_server_role());
  return registry;
}

}  // namespace tickover::sim
