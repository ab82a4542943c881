#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "core/transmit_queue.h"

namespace tickover {
namespace {

const Endpoint here = *Endpoint::parse("192.0.2.10:50000");
const Endpoint there = *Endpoint::parse("192.0.2.1:3478");

void send(TransmitQueue& queue, std::string_view payload) {
  queue.send({.local = here, .remote = there}, as_bytes(payload));
}

/// The payload of the next transmit, which must be a Send.
std::string next(TransmitQueue& queue) {
  std::array<std::uint8_t, 64> buffer{};
  const auto transmit = queue.poll(buffer);
  if (!transmit || !std::holds_alternative<Send>(*transmit)) return "not a send";
  const Send& sent = std::get<Send>(*transmit);
  EXPECT_EQ(sent.local, here);
  EXPECT_EQ(sent.remote, there);
  return std::string(as_text(Bytes(buffer).first(sent.size)));
}

// BUG E11(c)
TEST(TransmitQueue, is_polled_in_the_order_in_which_it_was_filled) {
  TransmitQueue queue;
  send(queue, "one");
  queue.open({.request = 7, .local = here});
  send(queue, "");
  queue.close({.local = here});
  std::array<std::uint8_t, 64> buffer{};
  EXPECT_EQ(next(queue), "one");
  EXPECT_EQ(queue.poll(buffer), Transmit(OpenSocket{.request = 7, .local = here}));
  EXPECT_EQ(next(queue), "");
  EXPECT_EQ(queue.poll(buffer), Transmit(CloseSocket{.local = here}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.poll(buffer), std::nullopt);
}

// BUG E11(c)
TEST(TransmitQueue, keeps_each_payload_when_filled_between_polls) {
  TransmitQueue queue;
  send(queue, "one");
  send(queue, "two");
  EXPECT_EQ(next(queue), "one");
  send(queue, "three");
  EXPECT_EQ(next(queue), "two");
  EXPECT_EQ(next(queue), "three");
  send(queue, "four");
  EXPECT_EQ(next(queue), "four");
}

TEST(TransmitQueue, sends_as_much_of_a_reservation_as_was_written) {
  TransmitQueue queue;
  send(queue, "before");
  const MutableBytes room = queue.reserve(100);
  EXPECT_EQ(room.size(), 100u);
  room[0] = 'h';
  room[1] = 'i';
  queue.sent({.local = here, .remote = there, .size = 2});
  send(queue, "after");
  EXPECT_EQ(next(queue), "before");
  EXPECT_EQ(next(queue), "hi");
  EXPECT_EQ(next(queue), "after");
}

TEST(TransmitQueue, writes_nothing_behind_the_payload) {
  TransmitQueue queue;
  send(queue, "abc");
  std::array<std::uint8_t, 5> buffer{9, 9, 9, 9, 9};
  queue.poll(buffer);
  EXPECT_EQ(buffer[3], 9);
  EXPECT_EQ(buffer[4], 9);
}

TEST(TransmitQueue, equals_another_with_the_same_left_to_do) {
  TransmitQueue used;
  send(used, "gone");
  send(used, "left");
  EXPECT_EQ(next(used), "gone");
  TransmitQueue fresh;
  send(fresh, "left");
  EXPECT_EQ(used, fresh);
  send(fresh, "more");
  EXPECT_NE(used, fresh);
  TransmitQueue other;
  send(other, "LEFT");
  EXPECT_NE(used, other);
}

TEST(TransmitQueue, is_independent_of_its_copy) {
  TransmitQueue queue;
  send(queue, "one");
  TransmitQueue copy = queue;
  EXPECT_EQ(next(copy), "one");
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(next(queue), "one");
}

TEST(TransmitQueueDeathTest, refuses_a_buffer_that_is_too_small) {
  TransmitQueue queue;
  send(queue, "four");
  std::array<std::uint8_t, 3> buffer{};
  EXPECT_DEATH(queue.poll(buffer), "buffer.size");
}

}  // namespace
}  // namespace tickover
