#include <gtest/gtest.h>

#include "sim/network/packet_id.h"

namespace tickover::sim {
namespace {

constexpr std::uint16_t refresh = 1;
constexpr std::uint16_t refresh_success = 2;
constexpr std::uint16_t bind = 3;

/// The two directions of one link.
struct Link {
  PacketNames there;
  PacketNames back;

  PacketId ask(std::uint16_t kind, std::uint64_t key) {
    return there.name(0, {kind, Label::Part::request, key}, back);
  }
  PacketId answer(std::uint16_t kind, std::uint64_t key) {
    return back.name(1, {kind, Label::Part::answer, key}, there);
  }
};

PacketId id(std::uint32_t direction, std::uint16_t kind, std::uint32_t n, std::uint32_t copy) {
  return {direction, kind, n, copy};
}

TEST(PacketNames, count_transactions_of_each_kind_from_one) {
  Link link;
  EXPECT_EQ(link.ask(refresh, 10), id(0, refresh, 1, 1));
  EXPECT_EQ(link.ask(bind, 11), id(0, bind, 1, 1));
  EXPECT_EQ(link.ask(refresh, 12), id(0, refresh, 2, 1));
}

TEST(PacketNames, count_the_copies_of_one_transaction) {
  Link link;
  link.ask(refresh, 10);
  link.ask(refresh, 11);
  EXPECT_EQ(link.ask(refresh, 10), id(0, refresh, 1, 2));
  EXPECT_EQ(link.ask(refresh, 10), id(0, refresh, 1, 3));
  EXPECT_EQ(link.ask(refresh, 11), id(0, refresh, 2, 2));
}

TEST(PacketNames, give_an_answer_the_number_of_its_request) {
  Link link;
  for (std::uint64_t key = 1; key <= 4; ++key) link.ask(refresh, key);
  EXPECT_EQ(link.answer(refresh_success, 3), id(1, refresh_success, 3, 1));
  EXPECT_EQ(link.answer(refresh_success, 1), id(1, refresh_success, 1, 1));
  EXPECT_EQ(link.answer(refresh_success, 3), id(1, refresh_success, 3, 2));
}

TEST(PacketNames, count_datagrams_without_a_key_one_by_one) {
  PacketNames names;
  for (std::uint32_t n = 1; n <= 100; ++n) {
    EXPECT_EQ(names.name(0, {refresh, Label::Part::alone, 7}, {}), id(0, refresh, n, 1));
  }
}

TEST(PacketNames, remember_the_last_transactions_and_no_more) {
  Link link;
  for (std::uint64_t key = 0; key < PacketNames::remembered; ++key) link.ask(refresh, key);
  EXPECT_EQ(link.ask(refresh, 0), id(0, refresh, 1, 2));
  const auto next = static_cast<std::uint32_t>(PacketNames::remembered) + 1;
  EXPECT_EQ(link.ask(refresh, 1'000), id(0, refresh, next, 1));
  // The first is forgotten now, the second is not.
  EXPECT_EQ(link.ask(refresh, 1), id(0, refresh, 2, 2));
  EXPECT_EQ(link.ask(refresh, 0), id(0, refresh, next + 1, 1));
}

TEST(PacketNames, never_give_an_unasked_answer_the_name_of_another) {
  Link link;
  EXPECT_EQ(link.answer(refresh_success, 99), id(1, refresh_success, 0, 1));
  link.ask(refresh, 1);
  EXPECT_EQ(link.answer(refresh_success, 1), id(1, refresh_success, 1, 1));
  EXPECT_EQ(link.answer(refresh_success, 99), id(1, refresh_success, 0, 2));
  EXPECT_EQ(link.answer(refresh_success, 98), id(1, refresh_success, 0, 3));
}

TEST(PacketNames, hash_every_part_of_a_name) {
  const PacketId a = id(0, refresh, 1, 1);
  EXPECT_NE(a.hash(5), a.hash(6));
  EXPECT_NE(a.hash(5), id(0, bind, 1, 1).hash(5));
  EXPECT_NE(a.hash(5), id(0, refresh, 2, 1).hash(5));
  EXPECT_NE(a.hash(5), id(0, refresh, 1, 2).hash(5));
  // The index of a direction is an accident of the file: only its names count.
  EXPECT_EQ(a.hash(5), id(8, refresh, 1, 1).hash(5));
}

}  // namespace
}  // namespace tickover::sim
