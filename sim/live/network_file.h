#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/live/impairment.h"
#include "sim/program/option.h"
#include "sim/role.h"

namespace tickover::sim::live {

/// What a program was told of the network that it is to have.
struct NetworkRequest {
  std::string file;  // a scenario; empty: the network as it is
  std::string as;    // the host of the file that the program plays; empty: the only one that fits
  std::string with;  // who is at the far end; empty: the only one that fits
  std::string seed;  // as `run` takes it
};

/// The group "Network" of a verb's options, bound to `request`.
void add_network_options(OptionList& options, NetworkRequest& request);

/// The links and faults of a scenario on real sockets.
struct LiveNetwork {
  std::string file;
  HostIndex self = no_index;
  std::unique_ptr<Impairment> passage;

  /// What the driver is called: the host that it plays.
  const std::string& name() const;
  /// Says on stderr, at the end, which faults could have touched something and never did.
  void complain() const;
};

/// For a program that plays a host of role `self_role` whose far end has `other_role`. What real
/// sockets cannot do is told by `warnings`, with file, line and column; what is wrong is returned.
/// The file may be planned with `registry`, which must outlive the result.
/// Nothing if no file is named.
std::expected<std::optional<LiveNetwork>, std::string> read_network(
    const NetworkRequest& request, std::string_view self_role, std::string_view other_role,
    std::vector<Endpoint> fronts, const RoleRegistry& registry, std::vector<std::string>& warnings);

}  // namespace tickover::sim::live
