#include "sim/live/impairment.h"

#include <cstdio>

#include "properties/live/turn_bench.h"
#include "sim/live/log.h"
#include "sim/scenario/reader.h"
#include "sim/world/world.h"

namespace tickover::sim::live {
namespace {

const RoleRegistry& roles() {
  static const RoleRegistry registry = RoleRegistry::built_in();
  return registry;
}

const std::string two_hosts = R"(
format   = 1
duration = "4min"
[[host]]
name    = "relay"
role    = "turn-server"
address = "192.0.2.1"
[[host]]
name       = "alice"
role       = "turn-client"
relay      = "relay"
keep-alive = "2s"
)";
const std::string short_link = R"(
[[link]]
between = ["alice", "relay"]
latency = "1ms"
)";

std::shared_ptr<const Plan> plan_of(const std::string& more, std::uint64_t seed = 1) {
  const auto scenario = read_scenario_text(two_hosts + more, "test.toml", roles());
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error().front().text());
  return make_plan(scenario.value(), seed, roles()).value();
}

Part alice_plays(const Plan& plan) {
  return {*plan.host_named("alice"), *plan.host_named("relay")};
}

class LiveImpairment : public testing::Test {
 protected:
  Loop loop;
  bool until(const std::function<bool()>& done) { return loop.run_until(done, patience); }

  /// Until alice has an allocation, with the log of her side.
  std::string allocate(Impairment& network, bool at_the_relay) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    LiveLog log(file.get());
    Relay relay(loop, any_v4);
    Client alice(loop, relay.address, {"alice", "s3cret"});
    Driver& impaired = at_the_relay ? relay.driver : alice.driver;
    log.name_as(network, impaired);
    impaired.impair(network);
    impaired.observe(log);
    EXPECT_TRUE(until([&] { return alice.notices.relayed.has_value(); }));
    EXPECT_TRUE(log.flush());
    std::string text(static_cast<std::size_t>(std::ftell(file.get())), '\0');
    std::rewind(file.get());
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file.get()), text.size());
    return text;
  }
  static void expect_in_order(const std::string& text, std::vector<std::string_view> all) {
    std::size_t at = 0;
    for (const std::string_view words : all) {
      at = text.find(words, at);
      ASSERT_NE(at, text.npos) << words << " is missing or too early in\n" << text;
    }
  }
};

// BUG C13(b)
TEST_F(LiveImpairment, loses_one_answer_by_its_name_and_the_request_is_sent_again) {
  const auto plan = plan_of(short_link + R"([[fault]]
drop = { from = "relay", to = "alice", message = "Allocate success", transaction = 2, copy = 1 }
)");
  Impairment network(plan, alice_plays(*plan));
  const std::string log = allocate(network, false);
  expect_in_order(
      log, {"alice sends Allocate request 1 to relay (", "relay sends Allocate error 1 to alice (",
            "alice gets Allocate error 1 from relay\"", "alice sends Allocate request 2 to relay (",
            "relay sends Allocate success 2 to alice (", "): lost (fault)\"",
            "alice sends Allocate request 2, copy 2 to relay (",
            "alice gets Allocate success 2, copy 2 from relay\"", "alice: allocated"});
  EXPECT_EQ(network.matches(0), 1u);
  EXPECT_GE(loop.now() - Instant(), Duration(500ms));
}

TEST_F(LiveImpairment, is_the_same_at_the_relays_end) {
  const auto plan = plan_of(short_link + R"([[fault]]
drop = { from = "alice", to = "relay", message = "Allocate request", transaction = 1, copy = 1 }
[[fault]]
duplicate = { from = "relay", message = "Allocate error", transaction = 1, after = "1ms" }
)");
  Impairment network(plan, {*plan->host_named("relay"), *plan->host_named("alice"), {}});
  const std::string log = allocate(network, true);
  expect_in_order(log, {"alice sends Allocate request 1 to relay (", "): lost (fault)\"",
                        "alice sends Allocate request 1, copy 2 to relay (",
                        "relay gets Allocate request 1, copy 2 from alice\"",
                        "relay sends Allocate error 1 to alice (", "): duplicated\""});
  EXPECT_EQ(network.matches(0), 1u);
  EXPECT_EQ(network.matches(1), 1u);
}

TEST_F(LiveImpairment, refuses_to_send_and_tells_the_machine) {
  const auto plan = plan_of(short_link + R"([[fault]]
refuse = { from = "alice", message = "Allocate request", transaction = 1, copy = 1 }
)");
  Impairment network(plan, alice_plays(*plan));
  const std::string log = allocate(network, false);
  expect_in_order(log, {"alice sends Allocate request 1 to relay (", "alice cannot send (",
                        "alice sends Allocate request"});
  EXPECT_EQ(network.matches(0), 1u);
}

TEST_F(LiveImpairment, has_faults_that_come_and_go) {
  const auto plan = plan_of(short_link + R"([[fault]]
for       = "700ms"
partition = ["alice", "relay"]
)");
  Impairment network(plan, alice_plays(*plan));
  allocate(network, false);
  EXPECT_GE(loop.now() - Instant(), Duration(700ms));
  EXPECT_GE(network.matches(0), 1u);  // the copy at 0 s, and that at 0.5 s if it is not late
}

TEST_F(LiveImpairment, leaves_alone_whom_the_file_does_not_know) {
  const auto plan = plan_of(short_link + "[[fault]]\npartition = [\"alice\", \"relay\"]\n");
  Relay relay(loop, any_v4);
  Impairment network(plan, {*plan->host_named("relay"),
                            *plan->host_named("alice"),
                            {Endpoint::parse("127.0.0.1:1").value()}});
  const Send send{.local = relay.address, .remote = relay.address};
  EXPECT_EQ(network.outgoing(relay.driver, send, as_bytes("x"), loop.now()).copies, 1);
  EXPECT_EQ(network.last(), nullptr);
}

TEST_F(LiveImpairment, counts_each_address_by_itself_and_knows_those_of_the_file) {
  const auto plan = plan_of(std::string(short_link) + R"([[host]]
name    = "bob"
role    = "peer"
address = "203.0.113.9"
[[link]]
between = ["relay", "bob"]
latency = "7ms"
)");
  Relay relay(loop, any_v4);
  Impairment network(plan,
                     {*plan->host_named("relay"), *plan->host_named("alice"), {relay.address}});
  const auto judge = [&](const Endpoint& local, const char* remote) {
    return network.outgoing(relay.driver,
                            {.local = local, .remote = Endpoint::parse(remote).value()},
                            as_bytes("x"), loop.now());
  };
  const auto number = [&] { return network.last() ? network.last()->transaction : 0; };
  judge(relay.address, "127.0.0.1:5000");
  EXPECT_EQ(number(), 1u);
  judge(relay.address, "127.0.0.1:5001");
  EXPECT_EQ(number(), 2u);
  judge(relay.address, "127.0.0.2:5000");
  EXPECT_EQ(number(), 1u);
  const Endpoint relayed{relay.address.ip, 9};
  EXPECT_EQ(judge(relayed, "203.0.113.9:5000").delay[0], Duration(7ms));
  EXPECT_EQ(number(), 1u);
  judge(relay.address, "203.0.113.9:5001");
  EXPECT_EQ(number(), 2u);
  EXPECT_EQ(judge(relayed, "203.0.113.8:5000"), Fate{.copies = 1});
  EXPECT_EQ(network.last(), nullptr);
}

/// Everything that dice and time can do on a link.
const std::string bad_link = R"(
[[link]]
between    = ["alice", "relay"]
latency    = "5ms..40ms"
jitter     = "0ms..30ms"
loss       = "20%"
duplicate  = "10%"
reorder    = "10%"
corrupt    = "5%"
burst-loss = { good = "20s", bad = "1s..3s", loss-good = "1%" }
bandwidth  = "64kbit"
queue-packets = 5
[[fault]]
at        = "20s"
for       = "3s"
every     = "15s"
partition = ["alice", "relay"]
[[fault]]
at      = "40s"
for     = "30s"
degrade = { between = ["alice", "relay"], loss = "60%" }
[[fault]]
corrupt = { from = "relay", message = "Refresh", transaction = "5..9" }
[expect]
heal = { at = "2min", within = "90s" }
)";

// The law that lets a run and a live trace be laid side by side.
TEST_F(LiveImpairment, decides_what_the_simulator_decides) {
  Client named(loop, any_v4, {"alice", "s3cret"});
  std::size_t judged = 0;
  std::size_t harmed = 0;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const auto plan = plan_of(bad_link, seed);
    Impairment network(plan, alice_plays(*plan));
    World world(plan, Oracles());
    while (world.next_time() < Instant::at(plan->duration)) {
      const Step& step = world.step();
      for (const SentRecord& sent : step.sent) {
        if (!sent.has_id) continue;
        const Bytes payload = step.payload(sent);
        const bool is_alices = step.host == *plan->host_named("alice");
        const Fate fate =
            is_alices ? network.outgoing(named.driver, {.local = sent.local, .remote = sent.remote},
                                         payload, step.time)
                      : network.incoming(named.driver, Datagram{sent.remote, sent.local, payload},
                                         step.time);
        ASSERT_NE(network.last(), nullptr);
        EXPECT_EQ(*network.last(), sent.id);
        EXPECT_EQ(fate, sent.fate) << "datagram " << judged << " of seed " << seed;
        ++judged;
        if (fate.dropped != DropReason::none || fate.is_bent()) ++harmed;
      }
    }
    for (std::size_t i = 0; i < plan->faults.size(); ++i) {
      EXPECT_EQ(network.matches(i), world.matches(i));
    }
  }
  EXPECT_GT(judged, 150u);
  EXPECT_GT(harmed, 30u);
}

}  // namespace
}  // namespace tickover::sim::live
