#include "sim/program/new.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "sim/report/json.h"

namespace tickover::sim {
namespace {

constexpr std::string_view suffix = ".toml";
constexpr int no_file = 2;

constexpr std::string_view text =
    R"(# Say in one sentence what must hold: alice reaches bob through the relay, bad weather or not.
#
# scenarios/README.md teaches the rest, `tickover check` says what is wrong with a file, `tickover
# explain` what it does, and `tickover schema` tells an editor all keys.
format   = 1
duration = "5min"        # times carry units: ns us ms s min h d
# seed   = "0x2a"        # pins the file to one seed; without it, every seed is another run

# Hosts: a name, a role, and what the role understands. Addresses are given if none are said.
[[host]]
name = "relay"
role = "turn-server"

[[host]]
name  = "alice"
role  = "turn-client"
relay = "relay"
nat   = { mapping = "address-and-port", filtering = "address-and-port", timeout = "2min" }

[[host]]
name = "bob"
role = "peer"

# Links: a range is drawn from once per run, by the seed; jitter and loss are per packet.
[[link]]
between = ["alice", "relay"]
latency = "20ms..80ms"
jitter  = "0ms..15ms"
loss    = "1%"
# preset     = "lte"                            # or wired, wifi, crowded-wifi, 3g, satellite, ...
# burst-loss = { good = "20s", bad = "500ms" }  # nothing passes for half a second now and then

[[link]]
between = ["bob", "relay"]
latency = "10ms"

# Traffic: payloads that say their flow and number, so that each can be followed.
[[traffic]]
from  = "alice"
to    = "bob"
every = "1s"
start = "10s"

# Faults: each does one thing, from `at` on, as long as `for` says.
[[fault]]
at        = "1min"
for       = "20s"
partition = ["alice", "relay"]

# [[fault]]
# at     = "2s after alice has an allocation"
# for    = "5s"
# reboot = "relay"

# [[fault]]
# drop = { from = "relay", to = "alice", message = "Refresh success", transaction = 1 }

# Expectations are sentences, too: states that hold `finally`, events that happen `never`.
[expect]
finally = ["alice has an allocation"]
# never = ["alice loses its allocation"]
# heal  = { at = "2min", within = "policy" }  # faults end, and all is well again soon after
)";

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string_view new_scenario_text() {
  return text;
}

int new_scenario(const std::string& name, std::ostream& out, std::ostream& err, bool json) {
  if (name.empty() || name == suffix || name.ends_with('/')) {
    err << "new: a name is expected, such as `scenarios/fast/lossy-refresh`\n";
    return no_file;
  }
  const std::string path = name.ends_with(suffix) ? name : name + std::string(suffix);
  // "x": the file is made by this call or not at all.
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "wx"));
  if (!file) {
    err << path << ": " << (errno == EEXIST ? "there is such a file already" : std::strerror(errno))
        << '\n';
    return no_file;
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fflush(file.get()) == 0;
  if (!written) {
    err << path << ": " << std::strerror(errno) << '\n';
    return no_file;
  }
  if (json) {
    std::string object;
    JsonWriter(object).begin_object().member("file", std::string_view(path)).end_object();
    out << object << '\n';
  } else {
    out << path << '\n';
  }
  return 0;
}

}  // namespace tickover::sim
