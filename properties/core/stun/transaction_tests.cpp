#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

#include "core/stun/transaction.h"

namespace tickover::stun {
namespace {

using namespace std::chrono_literals;

const Endpoint client = *Endpoint::parse("192.0.2.10:50000");
const Endpoint server = *Endpoint::parse("192.0.2.1:3478");
const Endpoint stranger = *Endpoint::parse("192.0.2.66:3478");
const BackoffPolicy standard = BackoffPolicy::rfc8489();

Instant at(Duration since_origin) {
  return Instant::at(since_origin);
}

TransactionId id(std::uint8_t n) {
  return {{n}};
}

Transaction request(std::string_view bytes, const BackoffPolicy& policy = standard) {
  const Bytes view = as_bytes(bytes);
  return Transaction(id(1), client, server, {view.begin(), view.end()}, policy, at(0s));
}

using Table = Transactions<std::string_view>;

void start(Table& table, std::uint8_t n, std::string_view tag, Instant now) {
  table.start(id(n), client, server, as_bytes(tag), standard, now, tag);
}

struct Sent {
  Instant at;
  std::string_view tag;
  Verdict verdict;

  bool operator==(const Sent&) const = default;
};

/// Sleeps from deadline to deadline, up to and including `end`.
std::vector<Sent> run(Table& table, Instant end) {
  std::vector<Sent> log;
  for (auto now = table.poll_timeout(); now && *now <= end; now = table.poll_timeout()) {
    while (const auto due = table.handle_timeout(*now)) {
      EXPECT_EQ(as_text(due->request), due->tag);
      log.push_back({*now, due->tag, due->verdict});
    }
  }
  return log;
}

// PROTOCOL W13, T4; BUG A09; BUGS P4
TEST(Transaction, resends_the_very_bytes_seven_times_and_gives_up_after_39_seconds_and_a_half) {
  Transaction transaction = request("allocate");
  std::uint32_t copies = 1;
  while (transaction.handle_timeout(transaction.poll_timeout()) == Verdict::resend) {
    EXPECT_EQ(as_text(transaction.request()), "allocate");
    ++copies;
  }
  EXPECT_EQ(copies, 7u);
  EXPECT_EQ(transaction.sends(), 7u);
  EXPECT_EQ(transaction.poll_timeout(), at(39500ms));
  EXPECT_EQ(transaction.handle_timeout(at(39500ms)), Verdict::give_up);
}

// BUGS P3, P4
TEST(Transaction, waits_until_its_trigger_and_resends_once_at_it) {
  Transaction transaction = request("refresh");
  EXPECT_EQ(transaction.handle_timeout(at(499ms)), Verdict::wait);
  EXPECT_EQ(transaction.handle_timeout(at(500ms)), Verdict::resend);
  EXPECT_EQ(transaction.handle_timeout(at(500ms)), Verdict::wait);
  EXPECT_EQ(transaction.poll_timeout(), at(1500ms));
}

// BUGS P4
TEST(Transaction, resends_once_after_sleeping_over_several_triggers) {
  Transaction transaction = request("refresh");
  EXPECT_EQ(transaction.handle_timeout(at(10s)), Verdict::resend);
  EXPECT_EQ(transaction.sends(), 2u);
  EXPECT_EQ(transaction.poll_timeout(), at(15500ms));
}

// BUGS P4
TEST(Transaction, sends_nothing_when_it_wakes_up_after_its_expiry) {
  Transaction transaction = request("refresh");
  EXPECT_EQ(transaction.handle_timeout(at(1h)), Verdict::give_up);
  EXPECT_EQ(transaction.sends(), 1u);
}

// PROTOCOL T10; BUG C23(c)
TEST(Transaction, is_answered_only_with_its_id_by_its_server_where_it_was_sent) {
  const Transaction transaction = request("bind");
  EXPECT_TRUE(transaction.is_answered_by(id(1), client, server));
  EXPECT_FALSE(transaction.is_answered_by(id(2), client, server));
  EXPECT_FALSE(transaction.is_answered_by(id(1), client, stranger));
  EXPECT_FALSE(transaction.is_answered_by(id(1), stranger, server));
}

// PROTOCOL T6; BUG C27(c)
TEST(Transaction, measures_no_round_trip_once_there_are_copies) {
  Transaction transaction = request("bind");
  EXPECT_EQ(transaction.round_trip(at(80ms)), Duration(80ms));
  transaction.handle_timeout(at(500ms));
  EXPECT_EQ(transaction.round_trip(at(580ms)), std::nullopt);
}

TEST(Transaction, jitters_differently_for_another_id) {
  BackoffPolicy policy = standard;
  policy.jitter = {1, 2};
  Transaction a(id(1), client, server, {}, policy, at(0s));
  Transaction b(id(2), client, server, {}, policy, at(0s));
  EXPECT_NE(a.poll_timeout(), b.poll_timeout());
}

// PROTOCOL T10; BUG C23(c)
TEST(Transactions, finds_a_request_by_all_that_answers_it) {
  Table table;
  start(table, 1, "one", at(0s));
  start(table, 2, "two", at(0s));
  ASSERT_NE(table.find(id(2), client, server), nullptr);
  EXPECT_EQ(table.find(id(2), client, server)->tag, "two");
  EXPECT_EQ(table.find(id(2), client, stranger), nullptr);
  EXPECT_EQ(table.find(id(3), client, server), nullptr);
}

TEST(Transactions, forget_just_the_one_that_is_finished) {
  Table table;
  for (std::uint8_t n = 1; n <= 3; ++n) start(table, n, "bind", at(0s));
  table.finish(table.find(id(2), client, server)->transaction.id());
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.find(id(2), client, server), nullptr);
}

// The schedule of one request does not depend on the others.
// BUG A01; BUGS P24
TEST(Transactions, keep_each_schedule_apart) {
  Table alone;
  start(alone, 2, "refresh", at(300ms));
  const auto expected = run(alone, at(1h));
  EXPECT_EQ(expected.size(), 7u);

  Table both;
  start(both, 1, "bind", at(0s));
  start(both, 2, "refresh", at(300ms));
  auto log = run(both, at(2s));
  both.finish(id(1));
  std::ranges::copy(run(both, at(1h)), std::back_inserter(log));
  std::erase_if(log, [](const Sent& sent) { return sent.tag == "bind"; });
  EXPECT_EQ(log, expected);
}

TEST(Transactions, come_due_in_order_of_deadline_then_of_start) {
  Table table;
  start(table, 3, "c", at(100ms));
  start(table, 2, "b", at(0s));
  start(table, 1, "a", at(0s));
  std::string order;
  while (const auto due = table.handle_timeout(at(600ms))) order += due->tag;
  EXPECT_EQ(order, "bac");
  EXPECT_EQ(table.poll_timeout(), at(1500ms));
}

TEST(Transactions, forget_what_they_give_up_and_still_show_its_bytes) {
  Table table;
  start(table, 1, "allocate", at(0s));
  const auto due = table.handle_timeout(at(40s));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->verdict, Verdict::give_up);
  EXPECT_EQ(as_text(due->request), "allocate");
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.poll_timeout(), std::nullopt);
}

TEST(Transactions, are_equal_if_what_is_open_is_equal) {
  Table used;
  start(used, 1, "one", at(0s));
  used.finish(id(1));
  EXPECT_EQ(used, Table());
  start(used, 2, "two", at(1s));
  Table fresh;
  start(fresh, 2, "two", at(1s));
  EXPECT_EQ(used, fresh);
  EXPECT_NE(used, Table());
}

TEST(Transactions, keep_copies_apart) {
  Table table;
  start(table, 1, "one", at(0s));
  Table copy = table;
  copy.handle_timeout(at(500ms));
  EXPECT_EQ(table.poll_timeout(), at(500ms));
  EXPECT_EQ(copy.poll_timeout(), at(1500ms));
}

// PROTOCOL T3
TEST(Transactions, hold_ten_at_most) {
  Table table;
  for (std::uint8_t n = 0; n < outstanding_limit; ++n) {
    EXPECT_FALSE(table.is_full());
    start(table, n, "bind", at(0s));
  }
  EXPECT_TRUE(table.is_full());
  EXPECT_EQ(outstanding_limit, 10u);
}

TEST(TransactionsDeathTest, refuse_an_eleventh_and_an_id_used_twice) {
  Table table;
  start(table, 0, "bind", at(0s));
  EXPECT_DEATH(start(table, 0, "bind", at(0s)), "CHECK failed");
  for (std::uint8_t n = 1; n < outstanding_limit; ++n) start(table, n, "bind", at(0s));
  EXPECT_DEATH(start(table, 11, "bind", at(0s)), "is_full");
}

}  // namespace
}  // namespace tickover::stun
