#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/turn/server/config.h"
#include "sim/live/network_file.h"
#include "sim/program/option.h"
#include "sim/report/story.h"

namespace tickover::sim::live {

/// What `tickover relay` was told. What only the system knows is settled when it starts.
struct RelayRequest {
  turn::ServerConfig config;  // but for the fields that stand below as they were written
  std::vector<std::string> listen;
  std::vector<std::string> relay_addresses;
  std::string ports;
  std::string users_file;
  std::string rest_secret_file;
  std::vector<std::string> alternate_servers;
  std::vector<std::string> password_algorithms;

  NetworkRequest network;

  std::string log;  // path; "-": stderr; empty: none
  std::size_t log_level = static_cast<std::size_t>(Weight::info);
  Duration drain;
  bool once = false;
  bool judge = false;
  bool json = false;
};

/// What its help ends with.
inline constexpr const char* relay_footer =
    "Prints `listening on ADDR:PORT` for each address when it is ready, and what it did at the "
    "end.\n"
    "SIGINT or SIGTERM ends it, a second one at once; SIGHUP reads the users again, and a bad "
    "file\n"
    "changes nothing. By default it serves this host alone, and relays to no internal address.\n"
    "Exit codes: 0 it ended as asked; 1 an oracle of --judge broke; 2 bad usage, a bad file or an "
    "address that is taken.";

/// The options of `relay`, bound to `request`.
OptionList relay_options(RelayRequest& request);

/// `tickover relay`: serves until a signal ends it, then prints what it did. Returns the exit code.
int relay_verb(const RelayRequest& request, const RoleRegistry& registry);

}  // namespace tickover::sim::live
