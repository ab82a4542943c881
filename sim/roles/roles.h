#pragma once

#include "sim/role.h"

namespace tickover::sim {

/// A plain UDP endpoint on port 7000: sends what its application sends, tells it what arrives, and
/// echoes it if `echo = true`.
Role peer_role();

}  // namespace tickover::sim
