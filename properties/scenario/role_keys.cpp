// Whatever a key of a role lets through, a machine can be made of; the rest is refused in words.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/reader.h"
#include "sim/scenario/text.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* world = R"(# It holds.
format = 1
duration = "10s"
[[host]]
name = "relay"
role = "turn-server"
[[host]]
name = "alice"
role = "turn-client"
relay = "relay"
[[host]]
name = "stan"
role = "stun-client"
server = "relay"
[[host]]
name = "bob"
role = "peer"
[[host]]
name = "mallory"
role = "attacker"
target = "relay"
victim = "alice"
username = "mallory"
attack = ["flood", "exhaust"]
[[link]]
between = ["*", "*"]
latency = "20ms"
loss = "20%"
[[traffic]]
from = "alice"
to = "bob"
[[fault]]
at = "5s"
reboot = "relay"
)";

/// The world with that setting at the host of that role.
std::string world_with(const std::string& role, const std::string& setting) {
  std::string text = world;
  const std::string line = "role = \"" + role + "\"\n";
  const std::size_t at = text.find(line) + line.size();
  const std::string name = setting.substr(0, setting.find(' '));
  const std::size_t end = text.find("[[", at);
  const std::size_t other = text.find("\n" + name + " = ", at);
  if (other < end) text.erase(other + 1, text.find('\n', other + 1) - other);
  return text.insert(at, setting + "\n");
}

/// What is said against it before it runs; nothing if it runs. A CHECK that fails ends the program.
std::string complaint_about(const std::string& text) {
  const RoleRegistry registry = RoleRegistry::built_in();
  const auto scenario = read_scenario_text(text, "x.toml", registry);
  if (!scenario) return scenario.error().front().text();
  const auto plan = make_plan(*scenario, 1, registry);
  if (!plan) return plan.error().what;
  run_case(*plan, {.steps = 20'000});
  return {};
}

struct Extremes {
  std::string low;
  std::string below;
  std::string high;
  std::string above;
};

/// As they are written; `below` and `above` are empty where there is nothing beyond.
Extremes extremes_of(const KeySpec& key) {
  const auto text = [&](std::int64_t value) {
    return key.type == ValueType::integer
               ? std::to_string(value)
               : "\"" + duration_text(Duration::nanoseconds(value)) + "\"";
  };
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return {text(key.least), text(key.least - 1), text(key.most),
          key.most == most ? "" : text(key.most + 1)};
}

void try_key(const std::string& role, const KeySpec& key, const std::string& table) {
  for (const KeySpec& child : key.children) try_key(role, child, key.name);
  if (key.type != ValueType::integer && key.type != ValueType::duration) return;
  const auto complaint = [&](const std::string& value) {
    const std::string setting = fmt::format("{} = {}", key.name, value);
    return complaint_about(
        world_with(role, table.empty() ? setting : fmt::format("{} = {{ {} }}", table, setting)));
  };
  SCOPED_TRACE(role + ": " + key.name);
  const Extremes extremes = extremes_of(key);
  EXPECT_THAT(complaint(extremes.below), HasSubstr("`" + key.name + "`: "));
  if (!extremes.above.empty()) {
    EXPECT_THAT(complaint(extremes.above), HasSubstr("`: at most "));
  }
  complaint(extremes.low);
  complaint(extremes.high);
  // A range that begins below what is allowed may be drawn well by this seed, and badly by another.
  EXPECT_THAT(
      complaint(key.type == ValueType::integer
                    ? fmt::format("\"{}..{}\"", key.least - 1, key.least)
                    : fmt::format("\"{}..{}\"", duration_text(Duration::nanoseconds(key.least - 1)),
                                  duration_text(Duration::nanoseconds(key.least)))),
      HasSubstr("`" + key.name + "`: "));
}

TEST(RoleKeys, have_no_value_that_crashes_a_machine) {
  EXPECT_THAT(complaint_about(world), IsEmpty());
  const RoleRegistry registry = RoleRegistry::built_in();
  for (const std::string& name : registry.names()) {
    for (const KeySpec& key : registry.find(name)->keys) try_key(name, key, "");
  }
}

TEST(RoleKeys, refuse_a_backoff_that_hardly_ends) {
  for (const char* role : {"turn-client", "stun-client"}) {
    EXPECT_EQ(complaint_about(world_with(
                  role, R"(backoff = { first = "1ns", growth = 1, max-elapsed = "1h" })")),
              fmt::format("host \"{}\": its `backoff` sends one request more than 10000 times",
                          std::string_view(role) == "turn-client" ? "alice" : "stan"));
    EXPECT_THAT(complaint_about(world_with(role, "backoff = { sends = 10000, growth = 1 }")),
                IsEmpty());
  }
}

TEST(RoleKeys, refuse_texts_that_no_request_can_bear) {
  const auto of = [](std::size_t size) { return "\"" + std::string(size, 'x') + "\""; };
  for (const char* role : {"turn-client", "attacker"}) {
    EXPECT_THAT(complaint_about(world_with(role, "username = " + of(508))), IsEmpty());
    for (const std::size_t size : {std::size_t{0}, std::size_t{509}, std::size_t{5'000}}) {
      EXPECT_THAT(complaint_about(world_with(role, "username = " + of(size))),
                  HasSubstr("its user name has 1 to 508 bytes"));
    }
  }
  EXPECT_THAT(complaint_about(world_with("turn-client", "software = " + of(509))), IsEmpty());
  EXPECT_THAT(complaint_about(world_with("turn-client", "software = " + of(5'000))),
              HasSubstr("its `software` has at most 509 bytes"));
}

TEST(RoleKeys, refuse_a_server_of_another_family) {
  EXPECT_EQ(complaint_about(world_with("stun-client", "address = \"2001:db8::7\"")),
            "host \"stan\": it has no address of a family that its server has");
}

}  // namespace
}  // namespace tickover::sim
