#include "sim/live/say.h"

#include <fmt/core.h>

#include <boost/system/system_error.hpp>
#include <csignal>

namespace tickover::sim::live {

bool say(std::FILE* to, std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), to) == text.size();
  return std::fflush(to) == 0 && written;
}

int run_live(std::string_view program, const std::function<int()>& verb) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return verb();
  } catch (const boost::system::system_error& error) {
    say(stderr,
        fmt::format("{}: the system refuses what it takes: {}\n", program, error.code().message()));
    return 2;
  }
}

}  // namespace tickover::sim::live
