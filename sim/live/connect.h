#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/turn/client/config.h"
#include "sim/live/network_file.h"
#include "sim/program/option.h"

namespace tickover::sim::live {

/// What `tickover connect` was told.
struct ConnectRequest {
  turn::ClientConfig config;  // but for the fields that stand below as they were written
  std::string server;
  std::string password;
  std::string password_file;
  std::string realm;
  std::size_t over = 0;                // any, ipv4, ipv6
  std::size_t family = 0;              // ipv4, ipv6, both
  std::size_t use = 0;                 // channels, permissions
  Duration lasting = Duration::max();  // without an end: until a signal
  bool echo = false;
  std::string peer;
  std::uint64_t size = 100;
  std::uint64_t rate = 10;

  NetworkRequest network;

  std::string log;  // path; "-": stderr; empty: none
  std::size_t log_level = 0;
  bool judge = false;
  bool json = false;
};

/// What its help ends with.
inline constexpr const char* connect_footer =
    "The password comes from --password-file, --password, or else the variable TICKOVER_PASSWORD.\n"
    "--echo sends to a peer of its own on this host, which answers through the relay; a relay "
    "that\n"
    "denies loopback peers gets another address of this host. SIGINT or SIGTERM gives the\n"
    "allocation back and ends it, a second one ends it at once; so does a reader of the output\n"
    "that has gone.\n"
    "Exit codes: 0 the allocation held until the relay took it back, and echoes came back; 1 an\n"
    "oracle of --judge broke; 2 bad usage, or nothing to write to; 3 there was no allocation at "
    "the\n"
    "end, the relay did not confirm it, or no echo came.";

/// The options of `connect`, bound to `request`.
OptionList connect_options(ConnectRequest& request);

/// `tickover connect`: keeps an allocation on a real relay and says what happens to it. Returns the
/// exit code.
int connect_verb(const ConnectRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim::live
