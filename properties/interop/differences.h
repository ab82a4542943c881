#pragma once

#include <span>
#include <string_view>

#include "properties/interop/talk.h"

namespace tickover::interop {

/// What had happened between a client and both servers, which so far had answered alike.
struct Past {
  bool allocated = false;     // there is an allocation
  bool owned_by_bob = false;  // ... and it is not alice's
  bool deleted = false;       // there was one, and it was given back
  bool named_another =
      false;  // a request came in the name of bob, or with credentials that were refused
  bool named_nobody = false;  // a peer that is not there may have been sent to
};
/// What is so after that. A request that is sent again is told as what it was, but for its kind.
void remember(Past& past, const Ask& ask, const Seen& seen);

/// A way in which coturn 4.6.1 may answer otherwise than our relay does, and why it may.
struct Difference {
  std::string_view name;
  std::string_view clause;  // items of PROTOCOL, and the RFC behind them
  std::string_view ours;
  std::string_view theirs;
  bool (*applies)(const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs);
};

/// All that are allowed. Whatever is none of these is a bug of ours, until it is understood.
std::span<const Difference> differences();

/// Which one it is, or null.
const Difference* explain(const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs);

/// The rule by which answers are compared: what both servers say, but for the signature below an
/// error (PROTOCOL W3), which coturn leaves out of some.
bool agree(const Seen& ours, const Seen& theirs);

}  // namespace tickover::interop
