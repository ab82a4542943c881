#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "properties/live/recorder.h"
#include "sim/live/host.h"
#include "sim/live/socket.h"

namespace tickover::sim::live {
namespace {

class LiveDriver : public testing::TestWithParam<int> {
 protected:
  Endpoint any() const { return GetParam() == 4 ? any_v4 : any_v6; }

  Loop loop;
  Station alice{loop, {.name = "alice"}};
  Station bob{loop, {.name = "bob"}};
};
INSTANTIATE_TEST_SUITE_P(OverBothFamilies, LiveDriver, testing::Values(4, 6));

TEST_P(LiveDriver, carries_datagrams_both_ways) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  bob.change([](Recorder& r) { r.echoes = true; });

  for (const std::string_view text : {"one", "", "three"}) {
    alice.send({.local = here, .remote = there}, text);
  }
  ASSERT_TRUE(alice.hears(3));
  EXPECT_EQ(alice.recorder().heard, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(bob.recorder().datagrams[0].local, there);
  EXPECT_EQ(bob.recorder().datagrams[0].remote, here);
  EXPECT_EQ(alice.driver.counters().received, 3u);
  EXPECT_EQ(alice.driver.counters().sent, 3u);
}

TEST_P(LiveDriver, carries_the_longest_datagram) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  const std::size_t longest = here.family() == AddressFamily::ipv4 ? 65'507 : 65'527;
  const std::string text(longest, 'x');

  alice.send({.local = here, .remote = there}, text);
  ASSERT_TRUE(bob.hears(1));
  EXPECT_EQ(bob.recorder().heard[0], text);
}

TEST_P(LiveDriver, carries_ecn_and_hop_limit) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());

  alice.send({.local = here, .remote = there}, "usual");
  alice.send({.local = here, .remote = there, .ecn = Ecn::ce, .hop_limit = 7}, "marked");
  alice.send({.local = here, .remote = there, .ecn = Ecn::ect0}, "marked otherwise");
  ASSERT_TRUE(bob.hears(3));
  const auto& heard = bob.recorder().datagrams;
  EXPECT_EQ(heard[0].ecn, Ecn::not_ect);
  EXPECT_EQ(heard[0].hop_limit, 64);
  EXPECT_EQ(heard[1].ecn, Ecn::ce);
  EXPECT_EQ(heard[1].hop_limit, 7);
  EXPECT_EQ(heard[2].ecn, Ecn::ect0);
  EXPECT_EQ(heard[2].hop_limit, 64);
}

TEST_P(LiveDriver, tells_of_a_closed_port_by_icmp) {
  const Endpoint here = alice.open(any());
  const Endpoint gone = bob.open(any());
  bob.change([&](Recorder& r) { r.close(gone); });

  alice.send({.local = here, .remote = gone}, "anybody?");
  ASSERT_TRUE(alice.until([&] { return !alice.recorder().icmp_errors.empty(); }));
  const IcmpError& error = alice.recorder().icmp_errors[0];
  EXPECT_EQ(error.local, here);
  EXPECT_EQ(error.remote, gone);
  const bool is_v4 = here.family() == AddressFamily::ipv4;
  EXPECT_EQ(error.type, is_v4 ? 3 : 1);
  EXPECT_EQ(error.code, is_v4 ? 3 : 4);
}

// The error of one datagram is reported by the next call, whatever that is about.
TEST_P(LiveDriver, loses_nothing_to_an_earlier_icmp_error) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  const Endpoint gone = bob.open(any());
  bob.change([&](Recorder& r) { r.close(gone); });

  for (int i = 0; i < 50; ++i) {
    alice.change([&](Recorder& r) {
      r.send({.local = here, .remote = gone}, "lost");
      r.send({.local = here, .remote = there}, "kept");
    });
  }
  EXPECT_TRUE(bob.hears(50));
  EXPECT_EQ(alice.recorder().refused_sends, 0u);
  EXPECT_TRUE(alice.until([&] { return !alice.recorder().icmp_errors.empty(); }));
}

TEST_P(LiveDriver, refuses_a_socket_whose_port_is_taken) {
  const Endpoint taken = alice.open(any());
  bob.change([&](Recorder& r) { r.open(taken); });
  EXPECT_TRUE(bob.until([&] { return bob.recorder().refused_sockets == 1; }));
  EXPECT_EQ(bob.driver.counters().sockets_refused, 1u);
  EXPECT_TRUE(bob.recorder().opened.empty());
}

TEST_P(LiveDriver, frees_the_port_of_a_closed_socket) {
  const Endpoint here = alice.open(any());
  EXPECT_EQ(alice.driver.sockets(), std::vector{here});
  alice.change([&](Recorder& r) { r.close(here); });
  EXPECT_TRUE(alice.driver.is_idle());
  EXPECT_EQ(bob.open(here), here);
}

TEST_P(LiveDriver, keeps_a_reserved_port_for_its_machine) {
  const auto kept = alice.driver.reserve(any());
  ASSERT_TRUE(kept);
  EXPECT_NE(kept->port, 0);
  EXPECT_FALSE(bob.driver.reserve(*kept));
  EXPECT_EQ(alice.open(*kept), *kept);
}

TEST_P(LiveDriver, refuses_to_send_from_a_socket_that_is_not_there) {
  const Endpoint there = bob.open(any());
  alice.send({.local = any(), .remote = there}, "?");
  EXPECT_TRUE(alice.until([&] { return alice.recorder().refused_sends == 1; }));
}

TEST_P(LiveDriver, tells_the_wall_clock_and_the_addresses_first) {
  const Recorder& heard = alice.recorder();
  ASSERT_EQ(heard.wall_clocks.size(), 1u);
  const Duration age = wall_now().since_epoch() - heard.wall_clocks[0].since_epoch();
  EXPECT_LT(age, Duration(1min));
  EXPECT_GE(age, Duration(-1s));
  ASSERT_EQ(heard.addresses.size(), 1u);
  const auto& addresses = heard.addresses[0];
  EXPECT_TRUE(std::ranges::binary_search(addresses, any().ip));
}

TEST_P(LiveDriver, wakes_its_machine_when_it_asks) {
  const Instant soon = loop.now() + Duration(30ms);
  alice.change([&](Recorder& r) { r.wake_at = soon + Duration(10s); });
  alice.change([&](Recorder& r) { r.wake_at = soon; });  // earlier than was asked for
  ASSERT_TRUE(alice.until([&] { return !alice.recorder().woken_at.empty(); }));
  EXPECT_GE(alice.recorder().woken_at[0], soon);
  EXPECT_LT(alice.recorder().woken_at[0], soon + Duration(5s));
}

TEST_P(LiveDriver, never_tells_an_earlier_time) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  bob.change([](Recorder& r) { r.echoes = true; });
  for (int i = 0; i < 100; ++i) alice.send({.local = here, .remote = there}, "x");
  ASSERT_TRUE(alice.hears(100));
  EXPECT_TRUE(std::ranges::is_sorted(alice.recorder().times));
}

TEST_P(LiveDriver, hears_nothing_after_it_was_stopped) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  bob.driver.stop();
  EXPECT_TRUE(bob.driver.sockets().empty());
  alice.send({.local = here, .remote = there}, "anybody?");
  EXPECT_TRUE(alice.until([&] { return !alice.recorder().icmp_errors.empty(); }));
  EXPECT_TRUE(bob.recorder().heard.empty());
}

TEST_P(LiveDriver, gives_every_socket_its_turn) {
  Station carol(loop, {.name = "carol", .batch = 1});
  const Endpoint here = alice.open(any());
  const Endpoint busy = carol.open(any());
  const Endpoint quiet = carol.open(any());
  alice.change([&](Recorder& r) {
    for (int i = 0; i < 100; ++i) r.send({.local = here, .remote = busy}, "much");
    r.send({.local = here, .remote = quiet}, "little");
  });
  ASSERT_TRUE(carol.hears(101));
  const auto& heard = carol.recorder().heard;
  EXPECT_LT(std::ranges::find(heard, "little") - heard.begin(), 10);
}

// Nobody watches these two, so what answers many leaves by few calls of the system.
TEST_P(LiveDriver, answers_many_at_once_in_their_order) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  bob.change([](Recorder& r) { r.echoes = true; });
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(std::string(static_cast<std::size_t>(i), 'x'));
  alice.change([&](Recorder& r) {
    for (const std::string& text : texts) r.send({.local = here, .remote = there}, text);
  });
  ASSERT_TRUE(alice.hears(100));
  EXPECT_EQ(alice.recorder().heard, texts);
  EXPECT_EQ(bob.driver.counters().sent, 100u);
}

TEST_P(LiveDriver, sends_the_answer_before_it_closes_the_socket) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  bob.change([](Recorder& r) { r.echoes = r.closes_when_heard = true; });
  alice.send({.local = here, .remote = there}, "last words");
  ASSERT_TRUE(alice.hears(1));
  EXPECT_TRUE(bob.driver.sockets().empty());
}

// An answer of another kind in their midst, and one that cannot be sent, hold up nobody.
TEST_P(LiveDriver, sends_the_others_where_one_of_many_is_refused) {
  const Endpoint here = alice.open(any());
  const Endpoint there = bob.open(any());
  bob.change([](Recorder& r) { r.echoes = true; });
  const Endpoint nowhere{GetParam() == 4 ? any_v6.ip : any_v4.ip, 9};
  bob.change([&](Recorder& r) { r.also_sends = {.local = there, .remote = nowhere}; });
  alice.change([&](Recorder& r) {
    for (int i = 0; i < 10; ++i) r.send({.local = here, .remote = there}, std::to_string(i));
  });
  ASSERT_TRUE(alice.hears(10));
  ASSERT_TRUE(bob.until([&] { return bob.recorder().refused_sends == 10; }));
  EXPECT_EQ(bob.driver.counters().sent, 10u);
  EXPECT_EQ(bob.driver.counters().sends_refused, 10u);
}

TEST(LiveSocket, refuses_what_no_datagram_can_hold) {
  Loop loop;
  Station alice(loop);
  const Endpoint here = alice.open(any_v4);
  alice.send({.local = here, .remote = here}, std::string(65'520, 'x'));
  EXPECT_TRUE(alice.until([&] { return alice.recorder().refused_sends == 1; }));
}

TEST(LiveSocket, sets_the_df_bit_as_it_is_told) {
  for (const Endpoint& local : {any_v4, any_v6}) {
    auto socket = UdpSocket::open(local);
    ASSERT_TRUE(socket);
    const bool is_v4 = local.family() == AddressFamily::ipv4;
    const auto discovery = [&] {
      int value = -1;
      socklen_t size = sizeof value;
      ::getsockopt(socket->descriptor(), is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                   is_v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &value, &size);
      return value;
    };
    Send send{.local = socket->local(), .remote = socket->local()};
    for (const bool wanted : {true, false, true}) {
      send.dont_fragment = wanted;
      EXPECT_EQ(socket->send(send, as_bytes("x")), 0);
      EXPECT_EQ(discovery(), wanted ? (is_v4 ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO)
                                    : (is_v4 ? IP_PMTUDISC_DONT : IPV6_PMTUDISC_DONT));
    }
  }
}

TEST(LiveHost, allows_as_many_sockets_as_the_system_does) {
  allow_many_sockets();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

TEST(LiveHost, draws_other_keys_each_time) {
  Random a = secure_random();
  Random b = secure_random();
  EXPECT_NE(a, b);
  EXPECT_NE(a.word(), b.word());
}

}  // namespace
}  // namespace tickover::sim::live
