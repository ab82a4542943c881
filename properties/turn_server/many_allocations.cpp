#include "properties/turn_server/allocating.h"

namespace tickover::turn::bench {
namespace {

// PROTOCOL AB9, R18; BUG D03(a), D03(c), D19(b), D19(c); BUGS P12, P16
TEST(LargeServer, has_nothing_left_of_a_thousand_allocations_with_ten_channels_each) {
  ServerConfig with = config();
  with.max_unsigned_answers_per_second = 100'000;
  Bench bench(with);
  constexpr std::uint16_t many = 1'000;
  std::vector<Client> clients;
  for (std::uint16_t i = 0; i < many; ++i) {
    Client& client = clients.emplace_back(bench, Endpoint{alice_at.ip, std::uint16_t(10'000 + i)});
    ASSERT_EQ(client.ask(Method::allocate, i % 3 == 0 ? adding(v6) : over_udp).code(), 0);
    for (std::uint16_t k = 0; k < 10; ++k) {
      const Endpoint to{peer.ip.plus(k), 7000};
      ASSERT_EQ(client.bind(static_cast<std::uint16_t>(0x4000 + k), to), 0);
    }
  }
  EXPECT_EQ(bench.server.allocation_count(), many);
  for (const Client& client : clients) ASSERT_EQ(client.send(0x4007, "x").size(), 1u);
  for (std::uint16_t i = 0; i < many / 2; ++i) ASSERT_EQ(clients[i].remove(), 0);
  EXPECT_EQ(bench.server.allocation_count(), many / 2);
  bench.advance(11min);
  EXPECT_EQ(bench.server.allocation_count(), 0u);
  EXPECT_EQ(bench.server.ports_in_use(), 0u);
  EXPECT_EQ(bench.open, (std::set{relay_v4, relay_v6}));
  EXPECT_FALSE(bench.server.poll_timeout());
}

}  // namespace
}  // namespace tickover::turn::bench
