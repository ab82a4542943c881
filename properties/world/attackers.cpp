// An attacker in the world: whose name it may use, what it overhears, and what it can do.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/stun/message_writer.h"
#include "properties/oracles/turn_scene.h"
#include "sim/oracles/expectation.h"
#include "sim/oracles/facts.h"
#include "sim/roles/attacks.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

Stage with_attacker(std::vector<std::string> attacks, Duration lasts = 1h) {
  Stage stage = turn_scene();
  stage.scenario.duration = Duration(5min);
  stage.scenario.links[0].both.latency = Range<Duration>(Duration(20ms));
  stage.scenario.hosts[0].settings.entries.push_back(
      {"users", std::vector<std::string>{"user:password", "mallory:secret"}});
  stage.host("mallory", "attacker", "203.0.113.66")
      .setting("target", std::string("relay"))
      .setting("victim", std::string("alice"))
      .setting("username", std::string("mallory"))
      .setting("password", std::string("secret"))
      .setting("attack", std::move(attacks))
      .setting("for", Range<Duration>(lasts));
  stage.scenario.links.push_back(
      {.a = "mallory", .b = "alice", .both = {.latency = Range<Duration>(Duration(1ms))}});
  return stage;
}

/// What is said between alice's NAT and the relay, and what mallory hears of it.
struct Talk final : Watcher {
  using Said = std::tuple<Instant, std::uint64_t, Duration>;
  std::vector<Said> said;
  std::vector<std::uint64_t> heard;
  std::vector<SentRecord> by_mallory;

  void see(const Step& step, const World& world) override {
    const Plan& plan = world.plan();
    const std::string name = step.host == no_index ? "" : plan.hosts[step.host].info.name;
    if (step.kind == StepKind::overhearing) {
      EXPECT_EQ(name, "mallory");
      EXPECT_EQ(step.sent_at, step.time);
      heard.push_back(step.arrived_digest);
    }
    for (const SentRecord& sent : step.sent) {
      if (name == "mallory") {
        by_mallory.push_back(sent);
      } else if (sent.has_id && (plan.from_name(sent.id.direction) == "alice" ||
                                 plan.to_name(sent.id.direction) == "alice")) {
        said.emplace_back(step.time, sent.payload_digest, sent.fate.delay[0]);
      }
    }
  }
  std::vector<std::uint64_t> digests() const {
    std::vector<std::uint64_t> result;
    for (const Said& each : said) result.push_back(std::get<1>(each));
    return result;
  }
};

Talk talk_of(const Stage& stage, std::string* breach = nullptr) {
  const auto plan = stage.plan();
  World world(plan, make_oracles(*plan));
  Talk talk;
  run(world, {}, {&talk});
  const Breach* found = world.oracles().breach();
  if (breach != nullptr) *breach = found ? found->oracle + ": " + found->what : "";
  return talk;
}

std::string refusal(const Stage& stage) {
  const auto plan = make_plan(stage.scenario, 1, *stage.registry);
  return plan ? "" : plan.error().what;
}

// BUGS P22
TEST(Eavesdropper, hears_every_datagram_of_its_link_and_changes_none) {
  Stage alone = turn_scene();
  alone.scenario.duration = Duration(5min);
  alone.scenario.links[0].both.latency = Range<Duration>(Duration(20ms));
  const Talk without = talk_of(alone);
  std::string breach;
  const Talk with = talk_of(with_attacker({"forge-answers"}, Duration{}), &breach);
  EXPECT_EQ(breach, "");
  EXPECT_EQ(with.said, without.said);
  EXPECT_GT(with.said.size(), 100u);
  // Those of one instant come in an order of their own.
  auto heard = with.heard;
  auto said = with.digests();
  std::ranges::sort(heard);
  std::ranges::sort(said);
  EXPECT_EQ(heard, said);
  EXPECT_TRUE(with.by_mallory.empty());
}

TEST(Eavesdropper, hears_also_what_is_lost) {
  Stage stage = with_attacker({"forge-answers"}, Duration{});
  stage.scenario.links[0].both.loss = Range<Ratio>(Ratio{1, 4});
  const Talk talk = talk_of(stage);
  EXPECT_EQ(talk.heard.size(), talk.said.size());
}

TEST(Eavesdropper, needs_a_link_to_listen_at) {
  Stage stage = with_attacker({"replay"});
  stage.scenario.links.erase(stage.scenario.links.begin());
  stage.scenario.links.push_back({.a = "bob", .b = "relay"});
  EXPECT_EQ(refusal(stage),
            "host \"mallory\": there is no link between \"relay\" and \"alice\" to overhear");
}

TEST(Attacker, says_what_its_attacks_need) {
  EXPECT_NE(refusal(with_attacker({})).find("its `attack` names none"), std::string::npos);
  Stage blaming = with_attacker({"garbage"});
  blaming.scenario.hosts.back().settings.entries.push_back(
      {.key = "blames", .value = std::string("alice")});
  EXPECT_NE(refusal(blaming).find("`blames` is for a flood"), std::string::npos);
  Stage stage = with_attacker({"replay"});
  std::erase_if(stage.scenario.hosts.back().settings.entries,
                [](const Setting& setting) { return setting.key == "victim"; });
  EXPECT_NE(refusal(stage).find("replay needs a `victim`"), std::string::npos);
}

TEST(Attacker, speaks_in_the_name_of_others) {
  std::map<std::string, std::size_t> names;
  for (const SentRecord& sent :
       talk_of(with_attacker({"forge-answers", "spoof-data"})).by_mallory) {
    EXPECT_NE(sent.fate.dropped, DropReason::send_refused);
    EXPECT_EQ(sent.seen_source, sent.local);
    ++names[sent.local.ip.text()];
  }
  EXPECT_GT(names["192.0.2.1"], 5u);   // to the client
  EXPECT_GT(names["198.18.0.1"], 5u);  // the client's NAT, to the relay
}

// PROTOCOL AB12, AB18, AB19; BUGS P15
TEST(Attacker, breaks_nothing_by_any_attack) {
  for (const char* attack :
       {"flood", "garbage", "replay", "spoof-data", "usurp", "exhaust", "peer-scan"}) {
    std::string breach;
    const Talk talk = talk_of(with_attacker({attack}), &breach);
    EXPECT_EQ(breach, "") << attack;
    EXPECT_GT(talk.by_mallory.size(), 2'000u) << attack;
  }
}

TEST(Attacker, forges_answers_that_only_the_password_tells_from_true_ones) {
  Random random(3);
  const auto key = stun::IntegrityKey::long_term("user", "example.org", "password");
  std::vector<std::uint8_t> asked(200);
  std::vector<std::uint8_t> answered(attack_size);
  stun::MessageWriter writer(asked, {stun::Method::refresh, stun::Class::request},
                             stun::TransactionId::draw(random));
  const auto request = stun::MessageView::decode(writer.bytes());
  ASSERT_TRUE(request);
  std::map<int, int> codes;
  for (std::uint64_t number = 0; number < 20; ++number) {
    const Bytes bytes = write_forged_answer(answered, *request, number, at("192.0.2.9:1"), random);
    const auto answer = stun::MessageView::decode(bytes);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->id(), request->id());
    EXPECT_EQ(answer->method(), request->method());
    EXPECT_FALSE(answer->verifies(key));
    const auto error = answer->error();
    ++codes[error ? error->code : 0];
  }
  const std::map<int, int> all = {{0, 4},   {300, 2}, {400, 2}, {401, 2}, {403, 2},
                                  {437, 2}, {438, 2}, {441, 2}, {508, 2}};
  EXPECT_EQ(codes, all);
}

TEST(SentTo, counts_what_goes_to_one_host_or_to_its_nat) {
  const Stage stage = with_attacker({"garbage"});
  const auto plan = stage.plan();
  const auto count = [&](const std::string& sentence) {
    const auto event = parse_event({sentence, {}}, *plan);
    EXPECT_TRUE(event) << (event ? "" : event.error().what);
    World world(plan, {});
    RunFacts facts(*plan);
    std::uint64_t seen = 0;
    while (event && world.next_time() <= Instant::at(plan->duration)) {
      const Step& step = world.step();
      facts.take(step);
      seen += occurrences(*event, facts, step, world);
    }
    return seen;
  };
  EXPECT_EQ(count("relay sends Binding error 420 to mallory"),
            count("relay sends Binding error 420"));
  EXPECT_GT(count("relay sends Binding error to mallory"), 500u);
  EXPECT_EQ(count("relay sends Binding error to alice"), 0u);
  EXPECT_EQ(count("relay sends Allocate success to alice"), 1u);
  EXPECT_EQ(count("mallory sends Binding request to alice"), 0u);
  // What applications say may look like ChannelData.
  EXPECT_GT(count("relay sends datagram to bob") + count("relay sends ChannelData to bob"), 50u);
  const auto nobody = parse_event({"relay sends Refresh to nobody", {}}, *plan);
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().what.find("\"nobody\" is no host"), std::string::npos);
}

}  // namespace
}  // namespace tickover::sim
