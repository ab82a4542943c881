// The reference model of a relay's tables objects to answers that contradict what it has learnt.
#include <gtest/gtest.h>

#include "properties/oracles/hand_made.h"
#include "properties/oracles/raw_stun.h"
#include "sim/oracles/naive_digest.h"
#include "sim/oracles/relay_model.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

const Endpoint alice = at("10.0.0.2:5000");
const Endpoint carol = at("10.0.0.3:5000");
const Endpoint server = at("192.0.2.1:3478");

RawStun named(unsigned type, std::uint8_t id, std::string_view user) {
  return RawStun(type, id).text(stun_attribute::username, user).text(stun_attribute::realm, "r");
}
RawStun hidden(unsigned type, std::uint8_t id, std::string_view user) {
  const std::string text = std::string(user) + ":r";
  return RawStun(type, id).add(stun_attribute::userhash, naive_sha256({text.begin(), text.end()}));
}
RawStun granted(std::uint8_t id, std::uint8_t host = 9, std::uint32_t seconds = 600) {
  return RawStun(0x0103, id).relayed(host).lifetime(seconds);
}

/// A relay that has given alice an allocation by request 1, at 1 s.
struct Relay {
  RelayModel model;
  Instant now = Instant::at(1s);
  RelayLifetimes lifetimes;

  explicit Relay(const RawStun& by = named(0x0003, 1, "alice"), const RawStun& as = granted(1)) {
    EXPECT_EQ(succeed(by, as), "");
  }
  std::string succeed(const RawStun& request, const RawStun& answer, const Endpoint& who = alice) {
    return std::string(
        model.succeeded(request.glance(), answer.glance(), who, server, now, lifetimes));
  }
  std::string fail(const RawStun& request, unsigned code) {
    const RawStun answer = RawStun(request.glance().type | 0x0110u, 1).error(code);
    return std::string(model.failed(request.glance(), answer.glance(), alice, server, now));
  }
  Relay& at_second(int seconds) {
    now = Instant::at(std::chrono::seconds(seconds));
    return *this;
  }
};

// PROTOCOL R15; BUGS P14
TEST(RelayModel, lets_nobody_refuse_an_allocate_that_was_granted) {
  for (const unsigned code : {403u, 437u, 486u, 508u}) {
    EXPECT_NE(Relay().fail(named(0x0003, 1, "alice"), code), "") << code;
    EXPECT_EQ(Relay().fail(named(0x0003, 2, "alice"), code), "") << code;
    EXPECT_EQ(Relay().fail(named(0x0003, 1, "mallory"), code), "") << code;
    EXPECT_EQ(Relay().at_second(700).fail(named(0x0003, 1, "alice"), code), "") << code;
  }
  EXPECT_EQ(Relay().fail(named(0x0003, 1, "alice"), 438), "");
}

// PROTOCOL R15; BUGS P14
TEST(RelayModel, wants_a_repeated_allocate_answered_as_before) {
  const RawStun again = named(0x0003, 1, "alice");
  EXPECT_EQ(Relay().at_second(11).succeed(again, granted(1)), "");
  EXPECT_EQ(Relay().at_second(11).succeed(again, granted(1, 9, 590)), "");
  EXPECT_NE(Relay().at_second(11).succeed(again, granted(1, 9, 580)), "");
  EXPECT_NE(Relay().at_second(11).succeed(again, granted(1, 9, 601)), "");
  EXPECT_NE(Relay().at_second(11).succeed(again, granted(1, 8)), "");
  EXPECT_NE(Relay().at_second(11).succeed(again, granted(1).relayed(7, true)), "");
}

// PROTOCOL F6, AB12; BUGS P12
TEST(RelayModel, lets_a_copy_of_a_refresh_count_only_where_the_first_may_be_forgotten) {
  for (const unsigned others : {0u, 1u, 2u, 3u}) {
    Relay relay;
    relay.lifetimes.requests = 2;
    const RawStun first(0x0004, 2);
    EXPECT_EQ(relay.at_second(2).succeed(first, RawStun(0x0104, 2).lifetime(600)), "");
    for (std::uint8_t id = 3; id < 3 + others; ++id) {
      EXPECT_EQ(relay.succeed(RawStun(0x0004, id), RawStun(0x0104, id).lifetime(600)), "");
    }
    EXPECT_EQ(relay.at_second(100).succeed(first, RawStun(0x0104, 2).lifetime(600)), "");
    const RelayModel::Span& span = relay.model.find(alice, server)->span;
    EXPECT_EQ(span.surely, Instant::at(602s));
    EXPECT_EQ(span.at_most, Instant::at(others < 2 ? 602s : 700s)) << others;
  }
}

// BUGS P12
TEST(RelayModel, forgets_nothing_of_a_relay_that_moves_but_what_was_at_its_old_address) {
  Relay relay;
  EXPECT_EQ(relay.succeed(named(0x0003, 3, "carol"), granted(3, 8), carol), "");
  relay.model.move_to({server.ip, relay.model.find(alice, server)->relayed.ip});
  EXPECT_FALSE(relay.model.find(alice, server)->unclear);
  EXPECT_TRUE(relay.model.find(carol, server)->unclear);
  EXPECT_NE(relay.fail(RawStun(0x0004, 4), 437), "");
  relay.model.move_to({});
  EXPECT_EQ(relay.fail(RawStun(0x0004, 5), 437), "");
}

// PROTOCOL W15, A17
TEST(RelayModel, knows_whose_an_allocation_is_however_he_is_named) {
  const RawStun answer = RawStun(0x0104, 2).lifetime(600);
  for (const auto& first : {named, hidden}) {
    for (const auto& then : {named, hidden}) {
      EXPECT_EQ(Relay(first(0x0003, 1, "alice")).succeed(then(0x0004, 2, "alice"), answer), "");
      EXPECT_NE(Relay(first(0x0003, 1, "alice")).succeed(then(0x0004, 2, "bob"), answer), "");
    }
  }
}

const RawStun both = granted(1).relayed(9, true);

// RFC 8656, section 7.2
TEST(RelayModel, lets_nobody_else_have_either_of_two_relayed_addresses) {
  const RawStun request = named(0x0003, 3, "carol");
  Relay first(named(0x0003, 1, "alice"), both);
  EXPECT_NE(first.succeed(request, granted(3), carol), "");
  Relay second(named(0x0003, 1, "alice"), both);
  EXPECT_NE(second.succeed(request, RawStun(0x0103, 3).relayed(9, true).lifetime(600), carol), "");
  Relay neither(named(0x0003, 1, "alice"), both);
  EXPECT_EQ(neither.succeed(request, granted(3, 8).relayed(8, true), carol), "");
}

// PROTOCOL F4; BUGS P13
TEST(RelayModel, judges_two_relayed_addresses_until_one_of_them_may_have_ended) {
  const RawStun request = RawStun(0x0004, 2);
  Relay relay(named(0x0003, 1, "alice"), both);
  EXPECT_NE(relay.fail(request, 437), "");
  EXPECT_EQ(relay.succeed(request, RawStun(0x0104, 2).lifetime(600)), "");
  EXPECT_NE(relay.fail(RawStun(0x0004, 3), 437), "");
  const RawStun of_one =
      RawStun(0x0004, 4).number(stun_attribute::requested_address_family, 2u << 24);
  EXPECT_EQ(relay.succeed(of_one, RawStun(0x0104, 4).lifetime(0)), "");
  EXPECT_EQ(relay.fail(RawStun(0x0004, 5), 437), "");
}

}  // namespace
}  // namespace tickover::sim
