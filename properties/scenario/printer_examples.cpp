#include <gtest/gtest.h>

#include "properties/scenario/registry.h"
#include "sim/scenario/printer.h"
#include "sim/scenario/reader.h"

namespace tickover::sim {
namespace {

constexpr const char* by_hand = R"(# A TURN client has its allocation back soon.
format   = 1
duration = "15min"
seed     = "0xdecafbad"

[[host]]
name    = "relay"
role    = "turn-server"
address = ["192.0.2.1", "2001:db8::1"]

[[host]]
name    = "alice"
role    = "turn-client"
relay   = "relay"
backoff = { factor = "3/2", first = "250ms" }
nat     = { mapping = "address", filtering = "address-and-port", timeout = "30s..2min" }

[[link]]
between = ["alice", "relay"]
latency = "20ms..80ms"
loss    = "1%"
back    = { loss = "12.5%" }

[[traffic]]
from  = "alice"
to    = "relay"
every = "1s"

[[fault]]
at        = "4min"
for       = "40s"
partition = ["alice", "relay"]

[[fault]]
drop = { from = "relay", message = "Refresh success", transaction = 2, copy = "1..3" }

[expect]
finally = [
  "alice has an allocation",
  "alice has an allocation that every one of its peers knows",
]
heal    = { at = "5min", within = "policy" }

[found]
oracle = "C7"
event  = "12"
)";

TEST(ScenarioPrinter, writes_what_a_person_would) {
  const auto read = read_scenario_text(by_hand, "x.toml", reading_roles());
  ASSERT_TRUE(read) << read.error().front().text();
  EXPECT_EQ(print(*read), by_hand);
}

}  // namespace
}  // namespace tickover::sim
