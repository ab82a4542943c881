#include <gtest/gtest.h>

#include "sim/live/echo_meter.h"
#include "sim/live/echo_peer.h"

namespace tickover::sim::live {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_origin) {
  return Instant::at(since_origin);
}

TEST(EchoMeter, counts_each_number_once) {
  EchoMeter meter;
  for (int i = 0; i < 3; ++i) meter.sent(at(1s));
  meter.came_back(0, at(1s), at(2s));
  meter.came_back(0, at(1s), at(2s));
  meter.came_back(2, at(1s), at(2s));
  meter.came_back(7, at(1s), at(2s));
  EXPECT_EQ(meter.sent(), 3u);
  EXPECT_EQ(meter.received(), 2u);
  EXPECT_EQ(meter.missing(), 1u);
  EXPECT_EQ(meter.doubled(), 2u);
}

TEST(EchoMeter, measures_round_trips) {
  EchoMeter meter;
  EXPECT_FALSE(meter.median());
  for (std::uint64_t i = 0; i < 5; ++i) meter.sent(at(1s));
  const Duration round_trips[] = {30ms, 10ms, 50ms, 20ms, 40ms};
  for (std::uint64_t i = 0; i < 5; ++i) meter.came_back(i, at(1s), at(1s) + round_trips[i]);
  EXPECT_EQ(meter.shortest(), Duration(10ms));
  EXPECT_EQ(meter.median(), Duration(30ms));
  EXPECT_EQ(meter.longest(), Duration(50ms));
}

TEST(EchoMeter, knows_the_longest_gap_also_at_the_end) {
  EchoMeter meter;
  meter.sent(at(1s));
  meter.came_back(0, at(1s), at(1s) + Duration(100ms));
  meter.sent(at(2s));
  meter.came_back(1, at(2s), at(2s) + Duration(100ms));
  EXPECT_EQ(meter.longest_gap(), Duration(1s));
  meter.sent(at(3s));
  meter.end(at(6s));
  EXPECT_EQ(meter.longest_gap(), Duration(3900ms));
  meter.came_back(2, at(3s), at(9s));
  EXPECT_EQ(meter.longest_gap(), Duration(3900ms));
  EXPECT_EQ(meter.missing(), 0u);
}

TEST(EchoMeter, has_no_gap_at_the_end_if_all_is_back) {
  EchoMeter meter;
  meter.sent(at(1s));
  meter.came_back(0, at(1s), at(1s) + Duration(100ms));
  meter.end(at(60s));
  EXPECT_EQ(meter.longest_gap(), Duration(100ms));
}

class AnEchoPeer : public testing::Test {
 protected:
  static constexpr std::uint64_t tag = 77;
  const Endpoint here = Endpoint::parse("192.0.2.1:4000").value();
  const Endpoint relayed = Endpoint::parse("192.0.2.9:5000").value();
  EchoPeer peer{{here.ip, 0}, tag};
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(max_datagram_size);

  AnEchoPeer() {
    static_cast<void>(peer.poll_transmit(buffer));
    peer.handle_input(SocketOpened{1, here}, at(0s));
  }
  std::vector<Send> sends() {
    std::vector<Send> all;
    while (const auto transmit = peer.poll_transmit(buffer)) {
      all.push_back(std::get<Send>(*transmit));
    }
    return all;
  }
  std::vector<Send> answers(const Endpoint& from, std::uint64_t with_tag) {
    std::array<std::uint8_t, 40> bytes{};
    EchoHeader{.tag = with_tag, .number = 3}.write(bytes);
    peer.handle_input(Datagram{.local = here, .remote = from, .payload = bytes}, at(1s));
    return sends();
  }
};

TEST_F(AnEchoPeer, knocks_until_it_is_answered_and_slowly_then) {
  EXPECT_FALSE(peer.poll_timeout());
  peer.expect(relayed, at(0s));
  EXPECT_EQ(sends().size(), 1u);
  EXPECT_EQ(peer.poll_timeout()->at, at(200ms));
  peer.handle_timeout(at(100ms));
  EXPECT_TRUE(sends().empty());
  peer.handle_timeout(at(200ms));
  ASSERT_EQ(sends().size(), 1u);
  EXPECT_EQ(answers(relayed, tag).size(), 1u);
  EXPECT_EQ(peer.poll_timeout()->at, at(2s));
  peer.expect({}, at(2s));
  EXPECT_FALSE(peer.poll_timeout());
}

TEST_F(AnEchoPeer, answers_nobody_but_its_relay) {
  peer.expect(relayed, at(0s));
  sends();
  EXPECT_TRUE(answers(Endpoint{relayed.ip, 5001}, tag).empty());
  EXPECT_TRUE(answers(relayed, tag + 1).empty());
  const auto sent = answers(relayed, tag);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].remote, relayed);
  EXPECT_EQ(sent[0].size, 40u);
}

}  // namespace
}  // namespace tickover::sim::live
