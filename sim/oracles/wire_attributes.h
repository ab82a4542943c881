#pragma once

#include <cstddef>
#include <optional>

#include "sim/oracles/wire_decoder.h"

namespace tickover::sim::wire {

/// The part of the second decoder that judges one attribute; see wire_decoder.h.

using Verdict = std::optional<Complaint>;

/// The big-endian number in `size` bytes from `at` on.
unsigned long number(WireBytes d, std::size_t at, std::size_t size);
bool all_zero(WireBytes d, std::size_t at, std::size_t size);
/// A length with its padding to the next multiple of four.
std::size_t padded(std::size_t length);

/// RFC 8489, sections 14.1 and 14.2: an address attribute whose `length` bytes begin at `at`.
Verdict about_address(WireBytes d, std::size_t at, std::size_t length);
/// Any attribute of RFC 8489, section 18.3, RFC 8656, section 18 or RFC 8445, section 16.1.
Verdict about_value(WireBytes d, unsigned type, std::size_t at, std::size_t length);

}  // namespace tickover::sim::wire
