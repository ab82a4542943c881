#pragma once

#include <vector>

#include "core/address.h"
#include "core/random.h"
#include "core/time.h"

namespace tickover::sim::live {

/// What only the operating system knows.

/// The monotonic clock, since an origin of no meaning.
Instant steady_now();
WallTime wall_now();

/// This host's addresses in ascending order, loopback included; without those that say nothing
/// without an interface (link-local IPv6).
std::vector<IpAddress> local_addresses();

/// Lets this process have as many sockets as the system allows it, and not just the usual 1,024.
void allow_many_sockets();

/// A generator with a key of the system's own. Ends the process if there is none to be had.
Random secure_random();

}  // namespace tickover::sim::live
