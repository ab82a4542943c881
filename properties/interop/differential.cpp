// The same conversations with coturn and with our relay: what one says otherwise than the other is
// a difference that is written down with its clause, or a bug.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "properties/interop/differences.h"
#include "properties/interop/generate.h"
#include "properties/interop/servers.h"

namespace tickover::interop {
namespace {

/// One of each for all conversations: clients come and go, as they do.
struct Servers {
  Coturn coturn;
  Relay relay;
};
Servers& servers() {
  static Servers both;
  return both;
}

/// Where a conversation came to differ, if it did. After that the servers are no longer in the
/// same state, so nothing behind it is compared.
struct Parting {
  const Difference* why = nullptr;
  bool differ = false;
  std::size_t agreed = 0;  // so many answers, before that
  std::string story;
};

Parting converse(const std::vector<Ask>& asks) {
  if (!servers().coturn.is_ready() || !servers().relay.is_ready()) {
    return {.differ = true, .story = "coturn or our relay did not start\n"};
  }
  Talk with_relay(servers().relay.address());
  Talk with_coturn(servers().coturn.address());
  Past past;
  Parting parting;
  Ask meant;  // the last message, as it was written: what is sent again
  for (const Ask& ask : asks) {
    const Seen ours = with_relay.put(ask);
    const Seen theirs = with_coturn.put(ask);
    parting.story += fmt::format("{}\n    ours: {}\n", text_of(ask), text_of(ours));
    if (ask.kind == Ask::Kind::repeat && meant.kind == Ask::Kind::request) meant.kind = ask.kind;
    if (ask.kind == Ask::Kind::request || ask.kind == Ask::Kind::indication) meant = ask;
    const Ask& judged = ask.kind == Ask::Kind::repeat ? meant : ask;
    if (!agree(ours, theirs)) {
      parting.story += fmt::format("  theirs: {}\n", text_of(theirs));
      parting.differ = true;
      parting.why = explain(judged, past, ours, theirs);
      return parting;
    }
    remember(past, judged, ours);
    ++parting.agreed;
  }
  return parting;
}

// PROTOCOL W1, W2, W3, W10, W12, W14, W15, W17, W18, W24
TEST(Differential, answers_as_coturn_does_but_for_differences_with_a_reason) {
  std::string story;  // of the last that failed: coturn's clock makes some hard to repeat
  std::size_t conversations_put = 0, without_difference = 0, answers_compared = 0;
  const bool holds = rc::check([&] {
    const auto asks = *conversations();
    const Parting parting = converse(asks);
    if (parting.differ && parting.why == nullptr) {
      story = parting.story;
      RC_FAIL(story);
    }
    RC_TAG(parting.differ ? std::string(parting.why->name) : std::string("agree"));
    ++conversations_put;
    without_difference += parting.differ ? 0u : 1u;
    answers_compared += parting.agreed;
  });
  ASSERT_TRUE(holds) << story;
  // Else the reasons would explain everything, and this show nothing.
  EXPECT_GE(without_difference * 3, conversations_put);
  EXPECT_GE(answers_compared, conversations_put * 2);
  RecordProperty("answers", static_cast<int>(answers_compared));
}

/// The shortest conversation that shows each difference.
std::map<std::string_view, std::vector<Ask>> examples() {
  const Ask challenge{.method = 3, .transport = 17};
  const Ask allocate{.method = 3, .auth = Auth::good, .transport = 17};
  const auto permit = [](Peer peer) {
    return Ask{.method = 8, .auth = Auth::good, .peers = {peer}};
  };
  const auto bind = [](Peer peer, std::optional<std::uint16_t> channel) {
    return Ask{.method = 9, .auth = Auth::good, .peers = {peer}, .channel = channel};
  };
  return {
      {"what-is-no-message", {{.method = 3, .damage = Damage::overrun, .transport = 17}}},
      {"methods-nobody-knows", {challenge, {.method = 0xfff, .auth = Auth::good}}},
      {"unsigned-tail",
       {challenge, allocate, {.method = 4, .auth = Auth::good, .damage = Damage::unsigned_tail}}},
      {"allocation-before-credentials", {challenge, allocate, challenge}},
      {"wrong-realm", {challenge, {.method = 4, .auth = Auth::wrong_realm}}},
      {"first-user-is-remembered",
       {challenge, allocate, {.method = 4, .auth = Auth::unknown_user}}},
      {"unknown-attributes-late",
       {challenge,
        allocate,
        {.method = 3, .auth = Auth::good, .transport = 17, .unknown_required = true}}},
      {"two-faults-of-credentials",
       {challenge,
        allocate,
        {.method = 4, .auth = Auth::foreign_nonce, .damage = Damage::flipped_bit}}},
      {"no-allocation", {challenge, permit(Peer::peer)}},
      {"malformed-peers", {challenge, allocate, permit(Peer::truncated)}},
      {"denied-peers", {challenge, allocate, permit(Peer::broadcast)}},
      {"one-fault-of-several", {challenge, allocate, bind(Peer::ipv6, {})}},
      {"reserved-channels", {challenge, allocate, bind(Peer::peer, 0x5000)}},
      {"transports", {challenge, {.method = 3, .auth = Auth::good, .transport = 6}}},
      {"reservations",
       {challenge, {.method = 3, .auth = Auth::good, .transport = 17, .token = true}}},
      {"freed-at-once",
       {challenge, allocate, {.method = 4, .auth = Auth::good, .lifetime = 0}, allocate}},
      {"icmp-errors",
       {challenge,
        allocate,
        permit(Peer::other_ip),
        {.kind = Ask::Kind::indication, .method = 6, .peers = {Peer::other_ip}, .data = 10}}},
      {"classic-clients", {{.method = 1, .damage = Damage::wrong_cookie}}},
  };
}

// PROTOCOL W1, W2, W10, W14, W15, W17, W18, W24, D6
TEST(Differential, has_no_difference_that_does_not_show) {
  const auto all = examples();
  for (const Difference& difference : differences()) {
    const auto example = all.find(difference.name);
    if (example == all.end()) {
      // It takes a second's wait between the two, which only chance brings about.
      EXPECT_EQ(difference.name, "lifetime-of-a-repeated-allocate");
      continue;
    }
    const Parting parting = converse(example->second);
    ASSERT_TRUE(parting.differ) << difference.name << '\n' << parting.story;
    ASSERT_NE(parting.why, nullptr) << difference.name << '\n' << parting.story;
    EXPECT_EQ(parting.why->name, difference.name) << parting.story;
  }
}

// PROTOCOL H1, PM1
TEST(Differential, relays_as_coturn_does) {
  const std::vector<Ask> asks{
      {.method = 3, .transport = 17},
      {.method = 3, .auth = Auth::good, .lifetime = 777, .transport = 17},
      {.kind = Ask::Kind::repeat},
      {.method = 8, .auth = Auth::good, .peers = {Peer::peer}},
      {.kind = Ask::Kind::indication, .method = 6, .peers = {Peer::peer}, .data = 10},
      {.kind = Ask::Kind::peer_speaks},
      {.method = 9, .auth = Auth::good, .peers = {Peer::peer}, .channel = 0x4000},
      {.kind = Ask::Kind::channel_data, .channel = 0x4000, .data = 1200},
      {.kind = Ask::Kind::channel_data, .channel = 0x4000, .data = 0},
      {.kind = Ask::Kind::channel_data, .channel = 0x4001, .data = 11},
      {.kind = Ask::Kind::peer_speaks},
      {.method = 4, .auth = Auth::good, .lifetime = 0}};
  const Parting parting = converse(asks);
  EXPECT_FALSE(parting.differ) << parting.story;
  EXPECT_NE(parting.story.find("1200 bytes reached the peer"), std::string::npos) << parting.story;
  EXPECT_NE(parting.story.find("33 bytes reached the client by channel"), std::string::npos);
}

}  // namespace
}  // namespace tickover::interop
