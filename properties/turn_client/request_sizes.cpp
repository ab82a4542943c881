// How large what a client sends can become.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/turn/client/request_writer.h"
#include "properties/turn_client/bench.h"

namespace tickover::properties {
namespace {

constexpr std::size_t smallest_mtu = 548;  // RFC 8489, section 6.1: 576 less IP and UDP

/// Every request that a client with the longest texts a careful relay may use makes in its life.
std::vector<Sent> requests_of(ClientConfig c) {
  c.username = std::string(128, 'u');
  c.fingerprint = true;
  c.additional_ipv6 = true;
  c.requested_lifetime = 30min;
  const std::string nonce(128, 'n');
  const std::string realm(128, 'r');
  Bench bench(c);
  EXPECT_TRUE(bench.client.bind_channel(bob, bench.now));
  EXPECT_TRUE(bench.client.create_permission(carol, bench.now));
  bench.challenge(bench.take_one(), 401, nonce.c_str(), realm.c_str());
  const Sent request = bench.take_one();
  EXPECT_TRUE(request.is(Method::allocate));
  return bench.log;
}

// PROTOCOL T2
TEST(TurnClientRequests, fit_into_the_smallest_path_mtu) {
  for (const char* software : {"", "tickover"}) {
    ClientConfig c = config();
    c.software = software;
    for (const Sent& request : requests_of(c)) {
      EXPECT_LE(request.bytes.size(), smallest_mtu) << request.view().bytes().size();
    }
  }
}

// PROTOCOL K18, T1
TEST(TurnClientRequests, name_the_software_only_if_there_is_a_name) {
  ClientConfig c = config();
  for (const Sent& request : requests_of(c)) {
    EXPECT_FALSE(request.view().has(AttributeType::software));
  }
  c.software = "tickover";
  for (const Sent& request : requests_of(c)) {
    EXPECT_EQ(request.view().text(AttributeType::software), "tickover");
  }
}

// One that is refused takes no other with it: RFC 8656, section 10.2 is all or nothing.
// PROTOCOL PM6
TEST(TurnClientRequests, ask_for_one_peer_at_a_time) {
  Bench bench;
  bench.allocate();
  EXPECT_TRUE(bench.client.create_permission(bob, bench.now));
  EXPECT_TRUE(bench.client.create_permission(carol, bench.now));
  bench.run_for(100ms);
  const auto asked = bench.take();
  ASSERT_EQ(asked.size(), 2u);
  bench.refuse(asked[0], 403);
  bench.accept(asked[1]);
  EXPECT_FALSE(bench.client.can_send(bob, bench.now));
  EXPECT_TRUE(bench.client.can_send(carol, bench.now));
}

}  // namespace
}  // namespace tickover::properties
