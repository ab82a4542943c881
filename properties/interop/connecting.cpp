#include "properties/interop/connecting.h"

#include <fmt/format.h>

#include <cstdlib>

#include "properties/interop/servers.h"
#include "properties/paths.h"

namespace tickover::interop {

std::vector<std::string> connect_command(const Endpoint& server, std::vector<std::string> more) {
  std::vector<std::string> command{TICKOVER_PROGRAM, "connect", server.text(), "--user",
                                   "alice",          "--json",  "--judge"};
  const bool has_password = std::ranges::find(more, "--password") != more.end();
  if (!has_password) {
    command.emplace_back("--password");
    command.emplace_back(alice_password);
  }
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

long long Connected::number(std::string_view key) const {
  const std::string name = fmt::format("\"{}\":", key);
  const std::size_t at = output.find(name);
  if (at == std::string::npos) return -1;
  const char* const begin = output.c_str() + at + name.size();
  char* end = nullptr;
  const long long value = std::strtoll(begin, &end, 10);
  return end == begin ? -1 : value;
}

std::string Connected::text(std::string_view key) const {
  const std::string name = fmt::format("\"{}\":\"", key);
  const std::size_t at = output.find(name);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size();
  return output.substr(begin, output.find('"', begin) - begin);
}

Connected result_of(Process& process, std::chrono::seconds within) {
  Connected result;
  result.exit = process.wait(within);
  result.output = process.output();
  return result;
}

Connected connect(const Endpoint& server, std::vector<std::string> more,
                  std::chrono::seconds within) {
  Process process(connect_command(server, std::move(more)));
  return result_of(process, within);
}

}  // namespace tickover::interop
