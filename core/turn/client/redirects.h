#pragma once

#include <optional>
#include <vector>

#include "core/address.h"
#include "core/stun/message_view.h"
#include "core/time.h"

namespace tickover::turn::client {

/// Where 300 answers lead, and never in circles: a server that was tried within five minutes is
/// not gone to again (RFC 8489, section 10; PROTOCOL X3). An allocation ends that memory. Same
/// address family only, and never to this host itself, unless a server on this host says so (X4).
class Redirects {
 public:
  /// The ALTERNATE-SERVER to go to from the server that answered; nothing if there is none that
  /// may be followed. Both count as tried now.
  std::optional<Endpoint> follow(const stun::MessageView& answer, const Endpoint& from,
                                 Instant now);

  bool operator==(const Redirects&) const = default;

 private:
  struct Tried {
    Endpoint server;
    Instant at;
    bool operator==(const Tried&) const = default;
  };
  bool was_tried(const Endpoint& server) const;
  void remember(const Endpoint& server, Instant now);

  std::vector<Tried> tried_;  // each once
};

}  // namespace tickover::turn::client
