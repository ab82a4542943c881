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
  bool leave_out = false;  // what real sockets cannot do
};

/// The group "Network" of a verb's options, bound to `request`.
void add_network_options(OptionList& options, NetworkRequest& request);

/// The links and faults of a scenario on real sockets.
struct LiveNetwork {
  std::string file;
  std::unique_ptr<Impairment> passage;

  /// Says on stderr, at the end, which faults could have touched something and never did.
  void complain() const;
};

/// Whom a program can play.
struct Roles {
  std::string_view self;
  std::string_view other;             // at the far end
  std::vector<Endpoint> fronts = {};  // as in Part
};

/// Lays the network that was asked for over that of the driver, which gets the name of the host
/// that it plays. Nothing if no file is named. What is wrong is returned, with file, line and
/// column, and so is what real sockets cannot do, unless it is to be left out: then stderr says so.
/// `registry` must outlive the result, and the result the driver's work.
std::expected<std::optional<LiveNetwork>, std::string> lay_network(Driver& driver,
                                                                   const NetworkRequest& request,
                                                                   Roles roles,
                                                                   const RoleRegistry& registry);

}  // namespace tickover::sim::live
