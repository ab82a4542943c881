#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/machine.h"
#include "core/random.h"
#include "sim/any_machine.h"
#include "sim/relay_probe.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

class Oracle;
struct Plan;

/// What every host of a run can know of the others before it starts.
struct HostInfo {
  std::string name;
  std::string role;
  std::vector<IpAddress> addresses;
};

/// What a factory makes a machine of. Settings hold drawn values only: every range is fixed.
struct RoleContext {
  const HostInfo& self;
  const std::vector<HostInfo>& hosts;
  const Settings& settings;
  Random random;  // another one at each boot
  Instant now;
  Random first_random;  // that of the first boot, and when that was
  Instant first_boot;

  const HostInfo* host(std::string_view name) const;
  bool flag(std::string_view key, bool otherwise) const;
  std::int64_t integer(std::string_view key, std::int64_t otherwise) const;
  Duration duration(std::string_view key, Duration otherwise) const;
  std::string text(std::string_view key, std::string_view otherwise) const;
  std::vector<std::string> texts(std::string_view key) const;
};

/// One entry of the registry: how a word in `role = "…"` becomes a machine.
struct Role {
  std::string name;
  std::string help;           // one line
  std::vector<KeySpec> keys;  // what a host of this role may set besides the common keys
  std::function<AnyMachine(const RoleContext&)> make;
  /// The port on which traffic to such a host arrives; 0 if it announces an address itself.
  std::uint16_t port = 0;
  /// How long after the network is clean such a host needs at most to work again, for the given
  /// longest round trip; absent: it has nothing to recover.
  std::function<Duration(const RoleContext&, Duration round_trip)> recovery_bound = {};
  /// What faults may call this role's datagrams, as its kind_name does; empty: anything.
  std::vector<std::string> messages = {};
  /// Why no machine can be made of these settings; nothing if one can. Asked before `make`.
  std::function<std::optional<std::string>(const RoleContext&)> problem = {};
  /// What must hold where such hosts are, beside what must hold anywhere; judged in every verb.
  std::function<std::unique_ptr<Oracle>(const Plan&)> oracle = {};
  /// The tables of such a machine, for oracles that compare them with what the network saw; absent
  /// or empty: it shows none.
  std::function<std::optional<RelayProbe>(const AnyMachine&)> probe = {};
  /// Whether such a host sends with whatever source address it likes. Who does is an attacker:
  /// oracles take nothing for granted that comes in another's name.
  bool spoofs = false;
  /// The two hosts between which such a machine hears every datagram at the instant of its sending,
  /// lost or not; absent or nothing: it hears what is sent to it. A datagram that it overhears
  /// comes with the ends that it has on the link, none of which is a socket of its own.
  std::function<std::optional<std::pair<std::string, std::string>>(const RoleContext&)> overhears =
      {};
};

/// Role names to factories. The built-in roles are there from the start; a user's test adds its
/// own.
class RoleRegistry {
 public:
  /// With turn-client, turn-server, stun-client, peer and attacker.
  static RoleRegistry built_in();
  /// Replaces a role of the same name.
  void add(Role role);
  const Role* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, Role, std::less<>> roles_;
};

}  // namespace tickover::sim
