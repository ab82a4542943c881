#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "properties/interop/process.h"

namespace tickover::interop {

/// The command `tickover connect` for alice at that server; the result is one line of JSON.
std::vector<std::string> connect_command(const Endpoint& server, std::vector<std::string> more);

/// What it came to.
struct Connected {
  int exit = -1;
  std::string output;

  /// A number of the result, wherever it stands; -1 if it is not there.
  long long number(std::string_view key) const;
  std::string text(std::string_view key) const;
};

/// Runs it to its end.
Connected connect(const Endpoint& server, std::vector<std::string> more,
                  std::chrono::seconds within = std::chrono::seconds(90));
/// Of a process that was started with connect_command.
Connected result_of(Process& process, std::chrono::seconds within = std::chrono::seconds(90));

}  // namespace tickover::interop
