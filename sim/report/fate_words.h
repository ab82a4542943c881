#pragma once

#include <string>

#include "sim/network/link.h"

namespace tickover::sim {

/// What befell a datagram, as the end of the line that tells who sent it: ": lost (fault)",
/// ": cut to 12 bytes: duplicated". Empty if nothing did.
std::string fate_words(const Fate& fate);

}  // namespace tickover::sim
