#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/time.h"

namespace tickover::sim {

/// A relay's tables as it shows them itself. Times are those of its own clock; what has expired but
/// was not cleared away yet may still be there.
struct RelayProbe {
  struct Permission {
    IpAddress ip;
    Instant expiry;
    bool operator==(const Permission&) const = default;
  };
  struct Channel {
    std::uint16_t number = 0;
    Endpoint peer;
    Instant expiry;
    bool operator==(const Channel&) const = default;
  };
  /// One relayed address of one client.
  struct Allocation {
    Endpoint client;
    Endpoint server;
    Endpoint relayed;
    std::string user;
    Instant expiry;
    std::vector<Permission> permissions;
    std::vector<Channel> channels;
    bool operator==(const Allocation&) const = default;
  };

  std::vector<Allocation> allocations;  // that have their port
  std::size_t allocation_count = 0;     // with those that still wait for it
  std::size_t ports_in_use = 0;
  std::size_t reserved_ports = 0;  // of those, kept for the holder of a token
  bool is_consistent = false;      // whether it finds its own indexes in order

  bool operator==(const RelayProbe&) const = default;
};

}  // namespace tickover::sim
