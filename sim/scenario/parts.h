#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/role.h"
#include "sim/scenario/fields.h"
#include "sim/scenario/names.h"
#include "sim/scenario/scenario.h"

namespace tickover::sim {

/// The reader's parts: each turns one kind of table into its value, and reports all that is wrong
/// with it. What could not be read keeps its default; the scenario is discarded then anyway.

/// What all parts share.
struct Reading {
  const RoleRegistry& registry;
  Names& names;
  Problems& problems;
  std::string file = {};  // what is read, for the files beside it
};

/// First of all, because every other part speaks of names.
void read_names(const Fields& top, Reading& reading);

void read_hosts(const Fields& top, Scenario& scenario, Reading& reading);
void read_links(const Fields& top, Scenario& scenario, Reading& reading);
void read_traffic(const Fields& top, Scenario& scenario, Reading& reading);
void read_faults(const Fields& top, Scenario& scenario, Reading& reading);
void read_expect(const Fields& top, Scenario& scenario, Reading& reading);

LinkConditions read_conditions(const Fields& fields, Reading& reading);
/// Reports settings that do nothing without another; `parts` are what one link says anywhere.
void check_effects(const Fields& fields, const std::vector<const LinkConditions*>& parts,
                   Problems& problems);

/// Those under `address`.
std::vector<IpAddress> read_addresses(const Fields& fields);

/// The name under `key`; reports it if it stands for nothing that is accepted there.
std::string read_name(const Fields& fields, std::string_view key, Names::Accept accept,
                      Reading& reading);

/// The two names under `key` of type pair; nothing if they cannot be used.
struct Ends {
  std::string a, b;
};
std::optional<Ends> read_ends(const Fields& fields, std::string_view key, Names::Accept accept,
                              Reading& reading);

/// After all parts: what only shows across tables.
void check_addresses(const Scenario& scenario, Problems& problems);
void check_reach(const Scenario& scenario, const Names& names, Problems& problems);
/// Warns of what comes too late to happen, and of a heal that has nothing to judge.
void check_times(const Scenario& scenario, Problems& problems);

}  // namespace tickover::sim
