// Where the client goes when a relay sends it away (RFC 8489, section 10).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/turn_client/signing.h"

namespace tickover::properties {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Endpoint second = at("192.0.2.50:3479");
const Endpoint third = at("192.0.2.60:3478");
const Endpoint second_v6 = at("[2001:db8::50]:3479");

void send_away(Bench& bench, const Sent& request, const std::vector<Endpoint>& to,
               const Macs& macs = {}) {
  const auto write = [&](MessageWriter& writer) {
    writer.add_error(stun::ErrorCode::try_alternate, "");
    for (const Endpoint& server : to) {
      writer.add_plain_address(AttributeType::alternate_server, server);
    }
  };
  bench.answer(request, Class::error, signed_by(macs, write), std::nullopt);
}
/// Answers the probe of a relay by a challenge, and gives the signed Allocate.
Sent signed_allocate(Bench& bench) {
  const Sent probe = bench.take_one();
  EXPECT_FALSE(probe.view().has_integrity_sha256());
  challenge_by(bench, probe);
  return bench.take_one();
}

// PROTOCOL X3, 1.19/300; BUG C23; BUGS P25
TEST(TurnClientRedirect, leads_to_another_relay_like_a_new_client_of_the_same_user) {
  Bench bench;
  const Sent first = signed_allocate(bench);
  send_away(bench, first, {second_v6, second});
  EXPECT_THAT(bench.closed_sockets, ElementsAre(CloseSocket{first.local}));
  const Sent probe = bench.take_one();
  EXPECT_EQ(probe.remote, second);
  EXPECT_NE(probe.local, first.local);
  for (const auto type : {AttributeType::username, AttributeType::nonce, AttributeType::realm,
                          AttributeType::message_integrity_sha256}) {
    EXPECT_FALSE(probe.view().has(type));
  }
  const Client before = bench.client;
  accept_by(bench, first);  // the old relay changes its mind
  EXPECT_EQ(bench.client, before);
  challenge_by(bench, probe, {.nonce = "obMatJos2gAAAm1"});
  const Sent request = bench.take_one();
  EXPECT_EQ(request.view().text(AttributeType::username), "alice");
  EXPECT_EQ(request.view().text(AttributeType::nonce), "obMatJos2gAAAm1");
  accept_by(bench, request);
  EXPECT_TRUE(bench.client.allocation());
}

// PROTOCOL X3; BUGS P5
TEST(TurnClientRedirect, never_leads_in_circles) {
  Bench bench;
  send_away(bench, signed_allocate(bench), {second});
  send_away(bench, signed_allocate(bench), {relay_v4});
  EXPECT_THAT(bench.take(), IsEmpty());
  EXPECT_THAT(bench.take_events(), ElementsAre("failed redirected in vain 300"));
  // The second of two addresses is as good.
  bench.run_until(after(10min));
  bench.take_events();
  const auto copies = bench.take();
  ASSERT_FALSE(copies.empty());
  challenge_by(bench, copies.back());
  send_away(bench, bench.take_one(), {relay_v4, third});
  EXPECT_EQ(bench.take_one().remote, third);
}

// PROTOCOL X3
TEST(TurnClientRedirect, leads_to_the_same_relay_again_after_five_minutes) {
  ClientConfig c = config();
  c.refused_pause = 1s;
  for (const Duration wait : {Duration(299s), Duration(300s)}) {
    Bench bench(c);
    send_away(bench, signed_allocate(bench), {second});  // at 0 s
    send_away(bench, signed_allocate(bench), {relay_v4});
    bench.run_until(after(wait) - 39s);
    bench.take();
    bench.client.restart(bench.now);
    bench.drain();
    const auto probe = bench.take().back();
    bench.run_until(after(wait));
    challenge_by(bench, probe);
    const Sent request = bench.take().back();
    send_away(bench, request, {second});
    const auto sent = bench.take();
    EXPECT_EQ(!sent.empty(), wait == Duration(300s));
  }
}

// PROTOCOL X3, C10; BUGS P6
TEST(TurnClientRedirect, leads_to_the_same_relay_again_once_an_allocation_came_of_it) {
  Bench bench;
  send_away(bench, signed_allocate(bench), {second});
  allocate_by(bench);
  bench.client.restart(bench.now);
  bench.drain();
  bench.run_for(1s);
  Sent probe = bench.take().back();
  EXPECT_EQ(probe.remote, relay_v4);
  challenge_by(bench, probe);
  send_away(bench, bench.take().back(), {second});
  probe = bench.take_one();
  EXPECT_EQ(probe.remote, second);
  EXPECT_THAT(bench.take_events(), ElementsAre("removed 192.0.2.1:50000: restarted"));
  // What follows is a new chain, and no circle either.
  challenge_by(bench, probe);
  send_away(bench, bench.take().back(), {relay_v4});
  EXPECT_THAT(bench.take_events(), ElementsAre("failed redirected in vain 300"));
}

// PROTOCOL C7, X3
TEST(TurnClientRedirect, leads_to_all_three_local_ports_of_a_mismatch) {
  Bench bench;
  send_away(bench, signed_allocate(bench), {second});
  for (int port = 1; port <= 3; ++port) {
    const Sent request = signed_allocate(bench);
    EXPECT_EQ(request.remote, second);
    refuse_by(bench, request, 437);
  }
  EXPECT_THAT(bench.take_events(), ElementsAre("failed allocation mismatch 437"));
  bench.run_for(4min);  // and then from the beginning
  EXPECT_EQ(bench.take().front().remote, relay_v4);
}

// PROTOCOL X3; BUGS P5
TEST(TurnClientRedirect, has_an_end_even_if_each_relay_knows_another) {
  Bench bench;
  Sent request = signed_allocate(bench);
  int hops = 0;
  for (std::uint16_t port = 4000; port < 4100; ++port, ++hops) {
    send_away(bench, request, {Endpoint{second.ip, port}});
    if (bench.closed_sockets.size() == bench.log.size()) break;
    if (!bench.take_events().empty()) break;
    request = signed_allocate(bench);
  }
  EXPECT_LE(hops, 8);
  EXPECT_GE(hops, 2);
}

// PROTOCOL X4, AB17
TEST(TurnClientRedirect, never_leads_to_this_host_or_to_another_family) {
  for (const char* target :
       {"127.0.0.1:3478", "127.255.0.9:3478", "0.0.0.0:3478", "224.0.0.1:3478",
        "255.255.255.255:3478", "192.0.2.50:0", "[2001:db8::50]:3479", "[::1]:3478"}) {
    Bench bench;
    send_away(bench, signed_allocate(bench), {at(target)});
    EXPECT_THAT(bench.take(), IsEmpty()) << target;
    EXPECT_THAT(bench.take_events(), ElementsAre("failed redirected in vain 300"));
  }
  ClientConfig c = config();
  c.server = {relay_v6};
  for (const char* target : {"[::1]:3478", "[::]:3478", "[::ffff:127.0.0.1]:3478", "[ff02::1]:3478",
                             "192.0.2.50:3478"}) {
    Bench bench(c);
    send_away(bench, signed_allocate(bench), {at(target)});
    EXPECT_THAT(bench.take(), IsEmpty()) << target;
  }
}

// PROTOCOL W21, AB17, 1.20/1; BUGS G14, P15
TEST(TurnClientRedirect, has_to_be_signed_unless_a_switch_says_otherwise) {
  for (const bool lenient : {false, true}) {
    ClientConfig c = config();
    c.follow_unsigned_redirect = lenient;
    for (const bool bare : {false, true}) {
      Bench bench(c);
      const Sent request = bare ? bench.take_one() : signed_allocate(bench);
      if (!bare) {
        send_away(bench, request, {second}, {.sha256 = key_of(sha256, "guess")});
        EXPECT_THAT(bench.take(), IsEmpty());
      }
      send_away(bench, request, {second}, {.sha256 = {}});
      const auto sent = bench.take();
      ASSERT_EQ(sent.size(), lenient ? 1u : 0u);
      if (lenient) {
        EXPECT_EQ(sent[0].remote, second);
      }
    }
  }
}

}  // namespace
}  // namespace tickover::properties
