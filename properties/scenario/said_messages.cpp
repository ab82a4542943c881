// What datagrams can be called, by who sends them: in faults and in [expect].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/oracles/expectation.h"
#include "sim/roles/roles.h"
#include "sim/scenario/reader.h"
#include "sim/world/plan.h"

namespace tickover::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* hosts = R"(# It holds.
format = 1
[[host]]
name = "relay"
role = "turn-server"
[[host]]
name = "alice"
role = "turn-client"
relay = "relay"
[[host]]
name = "bob"
role = "peer"
[[link]]
between = ["*", "*"]
)";

/// A machine of somebody's own that says what it likes.
RoleRegistry with_own_role() {
  RoleRegistry registry = RoleRegistry::built_in();
  Role own = *registry.find("peer");
  own.name = "own";
  own.messages.clear();
  registry.add(std::move(own));
  return registry;
}

/// What is said against the sentence, among these hosts and those of `more`.
std::string complaint(const std::string& sentence, const std::string& more = {}) {
  const RoleRegistry registry = with_own_role();
  const auto scenario = read_scenario_text(hosts + more, "x.toml", registry);
  if (!scenario) return scenario.error().front().text();
  const auto plan = make_plan(*scenario, 1, registry);
  if (!plan) return plan.error().what;
  const auto event = parse_event({sentence, {}}, **plan);
  return event ? "" : event.error().what;
}

constexpr const char* own_machine = "[[host]]\nname = \"box\"\nrole = \"own\"\n";
constexpr const char* attacker =
    "[[host]]\nname = \"mallory\"\nrole = \"attacker\"\ntarget = \"relay\"\nattack = \"flood\"\n";

TEST(SaidMessages, are_those_of_the_role) {
  for (const char* said :
       {"alice sends Allocate request", "alice sends Refresh", "alice sends requests",
        "alice sends ChannelData", "alice sends Send", "alice receives Allocate error 437",
        "alice receives Data from relay", "relay sends Allocate error 437 to alice",
        "relay sends datagram to bob", "bob receives datagram", "bob sends datagrams",
        "relay sends ChannelData", "relay receives requests from alice",
        "relay receives datagram"}) {
    EXPECT_THAT(complaint(said), IsEmpty()) << said;
  }
  for (const char* unsaid :
       {"alice sends Allocate error", "alice sends Refresh success", "alice sends datagram",
        "relay sends Refresh request", "relay sends requests", "bob sends Allocate request",
        "bob sends ChannelData", "alice receives Binding request",
        "alice receives Allocate success from bob", "relay receives requests from bob",
        "bob sends requests"}) {
    EXPECT_THAT(complaint(unsaid), HasSubstr(" sends ")) << unsaid;
  }
}

TEST(SaidMessages, are_answers_only_to_who_asks) {
  EXPECT_THAT(complaint("relay sends Allocate error 437 to bob"),
              HasSubstr("nobody there sends the Allocate request that it would answer"));
  EXPECT_THAT(complaint("bob receives Allocate error from relay"), HasSubstr("nobody there"));
  // Somebody may ask in his name, or from behind the same NAT.
  EXPECT_THAT(complaint("relay sends Allocate error 437 to bob", attacker), IsEmpty());
  const std::string nat =
      "[[nat]]\nname = \"home\"\n[[host]]\nrole = \"peer\"\nname = \"carol\"\n"
      "nat = \"home\"\n";
  EXPECT_THAT(complaint("relay sends Allocate error 437 to carol", nat), IsEmpty());
  EXPECT_THAT(complaint("relay sends Allocate error 437 to box", own_machine), IsEmpty());
}

TEST(SaidMessages, are_anything_that_a_relay_may_pass_on_for_a_machine_of_somebodys_own) {
  EXPECT_THAT(complaint("relay sends Binding request to bob"), HasSubstr("sends no"));
  EXPECT_THAT(complaint("relay sends Binding request to bob", own_machine), IsEmpty());
  EXPECT_THAT(complaint("box sends Whatever it likes", own_machine), IsEmpty());
  EXPECT_THAT(complaint("relay sends Bindnig request", own_machine), HasSubstr("\"Binding\"?"));
  EXPECT_THAT(complaint("alice sends Binding request", own_machine), HasSubstr("sends no"));
}

TEST(SaidMessages, may_be_forged) {
  const std::string forge = "[[fault]]\nforge = { from = \"relay\", to = \"bob\", text = \"@\" }\n";
  EXPECT_THAT(complaint("bob receives ChannelData from alice", forge), IsEmpty());
  EXPECT_THAT(complaint("bob sends ChannelData", forge), HasSubstr("sends no"));
}

TEST(SaidMessages, bind_faults_as_well) {
  const auto fault = [](const std::string& match, const std::string& more = {}) {
    return complaint("alice sends datagrams", more + "[[fault]]\ndrop = { " + match + " }\n");
  };
  for (const char* good :
       {R"(message = "Refresh")", R"(from = "alice", message = "Refresh request")",
        R"(from = "relay", message = "Data")", R"(to = "alice", message = "Allocate error")",
        R"(to = "relay", message = "Allocate request")", R"(from = "bob", message = "datagram")"}) {
    EXPECT_THAT(fault(good), IsEmpty()) << good;
  }
  for (const char* bad :
       {R"(message = "Refresh answer")", R"(message = "refresh success")", R"(message = "Ref")",
        R"(from = "alice", message = "Refresh success")", R"(from = "bob", message = "Refresh")"}) {
    EXPECT_THAT(fault(bad), HasSubstr("message \"")) << bad;
  }
  EXPECT_THAT(fault(R"(message = "")"), HasSubstr("left out, it is any message"));
  EXPECT_THAT(fault(R"(message = "Refresh answer")"),
              HasSubstr(R"(there is "Refresh success", "Refresh error" or "Refresh request")"));
  EXPECT_THAT(fault(R"(message = "refresh success")"), HasSubstr(R"(mean "Refresh success"?)"));
  EXPECT_THAT(fault(R"(message = "Whatever")", own_machine), IsEmpty());
}

}  // namespace
}  // namespace tickover::sim
