#include "properties/live/recorder.h"

namespace tickover::sim::live {
namespace {

/// Does one thing to everything that goes one way.
class TwoWays final : public Passage {
 public:
  Fate out{.copies = 1};
  Fate in{.copies = 1};
  Fate outgoing(const Driver&, const Send&, Bytes, Instant) override { return out; }
  Fate incoming(const Driver&, const Datagram&, Instant) override { return in; }
};

class LivePassage : public testing::Test {
 protected:
  Loop loop;
  TwoWays passage;
  Station alice{loop, {.name = "alice", .passage = &passage}};
  Station bob{loop, {.name = "bob"}};
  Endpoint here = alice.open(any_v4);
  Endpoint there = bob.open(any_v4);

  void talk(std::string_view text) {
    alice.send({.local = here, .remote = there}, text);
    bob.send({.local = there, .remote = here}, text);
  }
};

TEST_F(LivePassage, takes_away_what_goes_out) {
  passage.out = {.dropped = DropReason::loss};
  talk("one");
  ASSERT_TRUE(alice.hears(1));
  passage.out = {.copies = 1};
  talk("two");
  ASSERT_TRUE(bob.hears(1));
  EXPECT_EQ(bob.recorder().heard, std::vector<std::string>{"two"});
  EXPECT_EQ(alice.driver.counters().taken_away, 1u);
}

TEST_F(LivePassage, takes_away_what_comes_in) {
  passage.in = {.dropped = DropReason::loss};
  talk("one");
  ASSERT_TRUE(alice.until([&] { return alice.driver.counters().taken_away == 1; }));
  passage.in = {.copies = 1};
  talk("two");
  ASSERT_TRUE(alice.hears(1));
  EXPECT_EQ(alice.recorder().heard, std::vector<std::string>{"two"});
}

TEST_F(LivePassage, doubles_and_holds_back) {
  passage.out = {.copies = 2, .delay = {30ms, 60ms}};
  const Instant begin = loop.now();
  alice.send({.local = here, .remote = there}, "held");
  passage.out = {.copies = 1};
  alice.send({.local = here, .remote = there}, "at once");
  ASSERT_TRUE(bob.hears(3));
  EXPECT_EQ(bob.recorder().heard, (std::vector<std::string>{"at once", "held", "held"}));
  EXPECT_GE(loop.now() - begin, Duration(60ms));
}

TEST_F(LivePassage, keeps_the_bytes_of_what_it_holds_back) {
  passage.in = {.copies = 1, .delay = {20ms}};
  for (const std::string_view text : {"one", "two", "three"}) talk(text);
  ASSERT_TRUE(alice.hears(3));
  EXPECT_EQ(alice.recorder().heard, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(LivePassage, bends_one_bit) {
  passage.out = {.corrupted = true, .corrupt_bit = 8, .copies = 1};
  talk("abc");
  ASSERT_TRUE(bob.hears(1));
  EXPECT_EQ(bob.recorder().heard[0], "acc");
}

TEST_F(LivePassage, cuts_and_marks) {
  for (Fate* fate : {&passage.out, &passage.in}) {
    *fate = {.truncated = true, .kept = 2, .congested = true, .copies = 3};
  }
  alice.send({.local = here, .remote = there, .ecn = Ecn::ect0}, "abc");
  bob.send({.local = there, .remote = here}, "x");
  for (Station* station : {&alice, &bob}) ASSERT_TRUE(station->hears(3));
  EXPECT_EQ(bob.recorder().heard, (std::vector<std::string>{"ab", "ab", "ab"}));
  EXPECT_EQ(bob.recorder().datagrams[0].ecn, Ecn::ce);
  EXPECT_EQ(alice.recorder().heard, (std::vector<std::string>{"x", "x", "x"}));
  EXPECT_EQ(alice.recorder().datagrams[0].ecn, Ecn::not_ect);
}

TEST_F(LivePassage, forgets_what_was_held_back_for_a_closed_socket) {
  passage.out = {.copies = 1, .delay = {20ms}};
  alice.send({.local = here, .remote = there}, "late");
  alice.change([&](Recorder& r) { r.close(here); });
  EXPECT_FALSE(alice.driver.is_idle());
  EXPECT_TRUE(alice.until([&] { return alice.driver.is_idle(); }));
  EXPECT_TRUE(bob.recorder().heard.empty());
}

TEST_F(LivePassage, can_be_put_up_later) {
  TwoWays wall;
  wall.out = {.dropped = DropReason::partition};
  bob.driver.impair(wall);
  talk("?");
  ASSERT_TRUE(bob.hears(1));
  EXPECT_EQ(bob.driver.counters().taken_away, 1u);
  bob.driver.stop();
}

}  // namespace
}  // namespace tickover::sim::live
