// Every loss history of a few transactions in a row.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "properties/paths.h"
#include "properties/search/planted.h"
#include "sim/scenario/reader.h"
#include "sim/search/exhaust.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const RoleRegistry& built_in() {
  static const RoleRegistry roles = RoleRegistry::built_in();
  return roles;
}

Scenario three_requests(const std::string& backoff) {
  auto scenario = read_scenario_file(
      TICKOVER_SOURCE_DIR "/scenarios/fast/three-requests-in-a-row.toml", built_in());
  if (!scenario) throw std::runtime_error(scenario.error().front().text());
  for (HostSpec& host : scenario->hosts) {
    if (host.name == "alice") host.settings.entries.push_back(text("backoff", backoff));
  }
  return *scenario;
}

/// The first so many of alice's three requests.
Certificate walked(const std::string& backoff, std::size_t transactions,
                   ExhaustOptions options = {}) {
  options.transactions = {"Allocate", "Allocate", "ChannelBind"};
  options.transactions.resize(transactions);
  const auto result = exhaust(three_requests(backoff), 1, built_in(), options);
  if (!result) throw std::runtime_error(result.error());
  return *result;
}

/// How many histories there are, counted without any world: `copies` of the request at hand, and
/// then its answer, are lost or not; after an answer `rows` more transactions follow.
struct Counted {
  std::uint64_t answered = 0;
  std::uint64_t given_up = 0;
  std::uint64_t all() const { return answered + given_up; }
};
Counted counted(std::size_t rows, int sends, int copies, std::uint64_t losses) {
  if (rows == 0) return {.answered = 1};
  if (copies == 0) return {.given_up = 1};
  Counted sum = counted(rows - 1, sends, sends, losses);
  if (losses > 0) {
    const Counted lost = counted(rows, sends, copies - 1, losses - 1);
    sum.answered += 2 * lost.answered;  // the request, or its answer
    sum.given_up += 2 * lost.given_up;
  }
  return sum;
}
constexpr std::uint64_t any = 1'000;

void expect_counted(const Certificate& certificate, std::size_t rows, int sends,
                    std::uint64_t losses = any) {
  const Counted count = counted(rows, sends, sends, losses);
  EXPECT_EQ(certificate.histories, count.all());
  EXPECT_EQ(certificate.succeeded, count.answered);
  EXPECT_EQ(std::reduce(certificate.gave_up.begin(), certificate.gave_up.end()), count.given_up);
  EXPECT_TRUE(certificate.failed.empty());
  EXPECT_FALSE(certificate.shortest);
}

TEST(LossHistories, have_the_numbers_that_are_known) {
  EXPECT_EQ(counted(1, 7, 7, any).all(), 255u);
  EXPECT_EQ(counted(2, 7, 7, any).all(), 32'513u);
  EXPECT_EQ(counted(3, 7, 7, any).all(), 4'129'279u);
  EXPECT_EQ(counted(1, 4, 4, any).all(), 31u);
  EXPECT_EQ(counted(2, 4, 4, any).all(), 481u);
  EXPECT_EQ(counted(3, 4, 4, any).all(), 7'231u);
}

TEST(LossHistories, are_all_walked_and_end_well_with_the_policy_of_rfc8489) {
  const Certificate one = walked("rfc8489", 1);
  expect_counted(one, 1, 7);
  // The last copy is sent after 31.5 s; then the challenge, and the Allocate that it asks for.
  EXPECT_EQ(one.slowest_success, Duration(milliseconds(31'580)));
  EXPECT_EQ(one.most_losses, 7u);
}

TEST(LossHistories, are_all_walked_and_end_well_with_the_policy_of_connlib) {
  for (std::size_t rows = 1; rows <= 3; ++rows) expect_counted(walked("connlib", rows), rows, 4);
  const Certificate three = walked("connlib", 3);
  // Of each transaction only the fourth copy, 4.75 s after the first, is answered, 40 ms later.
  EXPECT_EQ(three.slowest_success, Duration(3 * milliseconds(4'790)));
  EXPECT_EQ(three.gave_up, (std::vector<std::uint64_t>{16, 15 * 16, 225 * 16}));
  EXPECT_EQ(three.others, 0u);
}

TEST(LossHistories, are_fewer_where_losses_are_bounded) {
  for (std::uint64_t losses = 0; losses <= 4; ++losses) {
    ExhaustOptions options;
    options.losses = losses;
    const Certificate three = walked("rfc8489", 3, options);
    expect_counted(three, 3, 7, losses);
    EXPECT_EQ(three.most_losses, losses);
  }
}

TEST(LossHistories, are_the_same_on_any_number_of_threads) {
  const Certificate one = walked("connlib", 3);
  ExhaustOptions options;
  options.jobs = 3;
  const Certificate three = walked("connlib", 3, options);
  EXPECT_EQ(one.histories, three.histories);
  EXPECT_EQ(one.gave_up, three.gave_up);
  EXPECT_EQ(one.slowest_success, three.slowest_success);
  EXPECT_EQ(one.worst_recovery, three.worst_recovery);
  EXPECT_EQ(one.forks, three.forks);
  EXPECT_EQ(one.steps, three.steps);
  // Also of those that fail.
  options.within = Duration(seconds(2));
  const Certificate late = walked("connlib", 2, options);
  options.jobs = 1;
  const Certificate same = walked("connlib", 2, options);
  EXPECT_FALSE(late.failed.empty());
  EXPECT_EQ(late.failed, same.failed);
  ASSERT_TRUE(late.shortest && same.shortest);
  EXPECT_EQ(late.shortest->scenario, same.shortest->scenario);
  EXPECT_EQ(late.shortest->failure, same.shortest->failure);
}

std::vector<std::string> drops_of(const Scenario& scenario) {
  std::vector<std::string> drops;
  for (const FaultSpec& fault : scenario.faults) {
    const PacketMatch& m = std::get<Drop>(fault.action).match;
    drops.push_back(m.from + ">" + m.to + " " + m.message + " " +
                    std::to_string(m.transaction->low) + "." + std::to_string(m.copy->low));
  }
  return drops;
}

TEST(LossHistories, find_the_defect_that_three_given_losses_show) {
  const std::vector<std::string> losses = {"alice>bob question 1.1", "bob>alice answer 1.1",
                                           "alice>bob question 2.1"};
  const RoleRegistry roles = planted_roles(losses);
  const Scenario talk = small_talk({.loss = Range<Ratio>(Ratio(1, 5))});
  ExhaustOptions options;
  options.transactions = {"question", "question"};
  options.jobs = 2;
  const auto result = exhaust(talk, 1, roles, options);
  ASSERT_TRUE(result) << result.error();
  ASSERT_TRUE(result->shortest);
  EXPECT_EQ(result->shortest->losses, 3u);
  EXPECT_EQ(result->shortest->failure, "planted");
  std::vector<std::string> found = drops_of(result->shortest->scenario);
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<std::string>{losses[0], losses[2], losses[1]}));
  // The scenario fails alike by itself, and does not without any one of them.
  const Outcome again = run_case(*make_plan(result->shortest->scenario, 1, roles));
  ASSERT_TRUE(again.breach);
  EXPECT_EQ(again.breach->oracle, "planted");
  // What has failed is not walked any further: all that begin so are one.
  EXPECT_EQ(result->failed.at("planted"), 1u);
}

TEST(LossHistories, that_are_not_good_again_in_time_fail) {
  ExhaustOptions options;
  options.within = Duration(milliseconds(500));
  const Certificate late = walked("connlib", 1, options);
  ASSERT_TRUE(late.shortest);
  EXPECT_EQ(late.shortest->failure, "not in time");
  // The first copy is sent again after a second.
  EXPECT_EQ(late.shortest->losses, 1u);
  const Outcome again = run_case(*make_plan(late.shortest->scenario, 1, built_in()));
  EXPECT_EQ(again.exit, ExitCode::expectation);
  // What is lost is the very first datagram.
  EXPECT_EQ(late.shortest->scenario.duration, Range<Duration>(milliseconds(500)));
}

Scenario file(const std::string& name) {
  auto read = read_scenario_file(TICKOVER_SOURCE_DIR "/scenarios/fast/" + name, built_in());
  if (!read) throw std::runtime_error(read.error().front().text());
  return *read;
}

TEST(LossHistories, without_any_loss_end_well) {
  // A host that sleeps on its way to the goal, and one whose credentials end long after.
  for (const auto& [name, seed] :
       {std::pair("lid-closed.toml", std::uint64_t{1}), {"credentials-until-a-date.toml", 11}}) {
    const auto none = exhaust(file(name), seed, built_in(), {.losses = 0});
    ASSERT_TRUE(none) << none.error();
    EXPECT_EQ(none->histories, 1u);
    EXPECT_EQ(none->succeeded, 1u);
    EXPECT_TRUE(none->failed.empty()) << name;
  }
}

TEST(LossHistories, that_fail_ask_for_nothing_that_fails_without_a_loss) {
  Scenario s = three_requests("connlib");
  s.expect.count = {{{"alice sends datagrams", {}}, {1'000, 10'000}}};
  s.expect.within = {{"alice has an allocation within 20s", {}}};
  s.duration = Range<Duration>(Duration(minutes(20)));
  for (const bool asks : {true, false}) {
    if (!asks) s.expect.finally_.clear();
    ExhaustOptions options{.transactions = {"Allocate"}, .within = Duration(milliseconds(500))};
    s.traffic = {{.from = "alice", .to = "bob", .every = Duration(milliseconds(500))}};
    const auto late = exhaust(s, 1, built_in(), options);
    ASSERT_TRUE(late && late->shortest) << late.error();
    Scenario shown = late->shortest->scenario;
    const Outcome failed = run_case(*make_plan(shown, 1, built_in()));
    ASSERT_TRUE(failed.breach);
    EXPECT_EQ(failed.breach->what.find("count"), std::string::npos) << summary(failed);
    shown.faults.clear();
    EXPECT_EQ(run_case(*make_plan(shown, 1, built_in())).exit, ExitCode::held);
  }
}

TEST(LossHistories, are_told_by_the_shortest_that_fails) {
  ExhaustOptions options;
  options.within = Duration(seconds(2));
  const Certificate late = walked("connlib", 2, options);
  EXPECT_EQ(late.most_losses, 5u);
  // The waits are 1 s, 1.5 s and 2.25 s.
  ASSERT_TRUE(late.shortest);
  EXPECT_EQ(late.shortest->losses, 3u);
}

// Its datagrams bear the name of the outer NAT, which is no host's own.
TEST(LossHistories, lose_what_comes_from_behind_two_nats) {
  Scenario s = three_requests("connlib");
  for (const auto& [name, behind] : {std::pair("carrier", ""), {"home", "carrier"}}) {
    NatSpec nat;
    nat.name = name;
    nat.behind = behind;
    s.nats.push_back(nat);
  }
  for (HostSpec& host : s.hosts) {
    if (host.name == "alice") host.behind = "home";
  }
  s.links.front().a = "carrier";
  s.duration = Range<Duration>(Duration(minutes(1)));
  s.expect.finally_.clear();
  s.expect.count = {{{"alice sends Allocate request", {}}, {2, 2}}};
  const auto result = exhaust(s, 1, built_in(), {.losses = 1});
  ASSERT_TRUE(result) << result.error();
  ASSERT_TRUE(result->shortest);
  EXPECT_EQ(drops_of(result->shortest->scenario),
            std::vector<std::string>{"carrier>relay Allocate request 1.1"});
  EXPECT_EQ(run_case(*make_plan(result->shortest->scenario, 1, built_in())).exit,
            ExitCode::expectation);
}

TEST(LossHistories, that_somebody_stops_are_not_all) {
  std::atomic<bool> stop{false};
  ExhaustOptions options;
  options.limits.cancel = &stop;
  options.walking = [&](const std::vector<LostDatagram>* losses) {
    if (losses != nullptr) stop = true;
  };
  const Certificate stopped = walked("connlib", 3, options);
  EXPECT_EQ(stopped.histories, 0u);
  EXPECT_FALSE(stopped.is_whole);
  EXPECT_TRUE(walked("connlib", 1).is_whole);
}

std::string refusal(const Scenario& scenario, std::vector<std::string> transactions = {}) {
  const auto result = exhaust(scenario, 1, built_in(), {.transactions = std::move(transactions)});
  return result ? "" : result.error();
}

TEST(LossHistories, are_not_walked_where_the_row_is_not_one) {
  Scenario slow = three_requests("rfc8489");
  slow.links.front().both.latency = Range<Duration>(milliseconds(300));
  EXPECT_NE(refusal(slow).find("its round trip is not under the RTO"), std::string::npos);
  EXPECT_NE(refusal(three_requests("rfc8489"), {"Binding"}).find("no Binding"), std::string::npos);
  Scenario both = three_requests("rfc8489");
  both.hosts.front().addresses.push_back(*IpAddress::parse("2001:db8::1"));
  both.hosts[1].addresses = {*IpAddress::parse("192.0.2.7"), *IpAddress::parse("2001:db8::7")};
  EXPECT_NE(refusal(both).find("another family"), std::string::npos) << refusal(both);
}

}  // namespace
}  // namespace tickover::sim
