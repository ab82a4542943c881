#pragma once

#include "sim/role.h"

namespace tickover::sim {

/// The program `tickover` with the roles of `registry`. A user's own program is a main() that adds
/// its roles to RoleRegistry::built_in() and calls this. Returns the exit code.
int run_program(int argc, char** argv, const RoleRegistry& registry);

}  // namespace tickover::sim
