#include "core/stun/binding_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "properties/stun/binding_owner.h"

namespace tickover::stun {
namespace {

using namespace std::chrono_literals;
using namespace binding;
using wire::Buffer;

std::vector<BindingEvent> failed(BindingFailure why, int code = 0) {
  return {BindingFailed{why, code}};
}

TEST(BindingClient, opens_a_socket_before_anything_else) {
  Owner owner;
  ASSERT_EQ(owner.opened.size(), 1u);
  EXPECT_EQ(owner.opened[0].local, (Endpoint{IpAddress(), 0}));
  EXPECT_FALSE(owner.client.poll_timeout().has_value());
  owner.open(3s);
  EXPECT_EQ(owner.sent_at, std::vector<Duration>{3s});
  Owner six({.server = *Endpoint::parse("[2001:db8::1]:3478")});
  EXPECT_EQ(six.opened[0].local.ip, IpAddress::unspecified(AddressFamily::ipv6));
}

// RFC 8489, section 6.2.1.
// PROTOCOL W13, T4; BUGS P4
TEST(BindingClient, sends_seven_identical_copies_on_the_schedule_and_then_gives_up) {
  Owner owner;
  owner.open();
  owner.run_until(39'499'999'999ns);
  EXPECT_EQ(owner.sent_at,
            (std::vector<Duration>{0s, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms}));
  for (const Buffer& copy : owner.sent) EXPECT_EQ(copy, owner.sent.front());
  EXPECT_TRUE(owner.events.empty());
  EXPECT_EQ(owner.client.poll_timeout(),
            (Timeout{at(39500ms), text(BindingClient::Timer::transaction_expiry)}));
  owner.run_until(39500ms);
  EXPECT_EQ(owner.sent.size(), 7u);
  EXPECT_EQ(owner.events, failed(BindingFailure::timed_out));
}

TEST(BindingClient, asks_again_under_a_new_id_a_period_after_a_failure) {
  Owner owner({.server = server, .query_interval = 10s});
  owner.open();
  owner.run_until(39500ms);
  EXPECT_EQ(owner.client.poll_timeout(),
            (Timeout{at(49500ms), text(BindingClient::Timer::next_query)}));
  owner.run_until(49500ms);
  ASSERT_EQ(owner.sent.size(), 8u);
  EXPECT_NE(owner.sent[7], owner.sent[0]);
}

// PROTOCOL T4; BUGS P4
TEST(BindingClient, follows_the_policy_it_is_given) {
  Owner owner({.server = server, .backoff = BackoffPolicy::exponential(1s, {3, 2}, 8s)});
  owner.open();
  owner.run_until(8s);
  EXPECT_EQ(owner.sent_at, (std::vector<Duration>{0s, 1s, 2500ms, 4750ms}));
  EXPECT_EQ(owner.events, failed(BindingFailure::timed_out));
}

// BUGS P4
TEST(BindingClient, gives_up_at_once_if_its_policy_says_so) {
  Owner owner({.server = server, .backoff = {.max_elapsed = 0s}, .query_interval = 1s});
  owner.open();
  EXPECT_EQ(owner.events, failed(BindingFailure::timed_out));
  owner.run_until(1s);
  EXPECT_EQ(owner.sent_at, (std::vector<Duration>{0s, 1s}));
  EXPECT_EQ(owner.events.size(), 2u);
}

// BUGS P4
TEST(BindingClient, sends_one_copy_for_all_that_a_late_owner_missed) {
  Owner owner;
  owner.open();
  owner.wake(4s);
  EXPECT_EQ(owner.sent_at, (std::vector<Duration>{0s, 4s}));
  EXPECT_EQ(owner.client.poll_timeout()->at, at(7500ms));
}

// BUGS P3
TEST(BindingClient, is_not_changed_by_an_early_or_a_repeated_wake_up) {
  Owner owner;
  owner.open();
  const BindingClient before = owner.client;
  owner.wake(499'999'999ns);
  EXPECT_EQ(owner.client, before);
  owner.wake(500ms);
  const BindingClient after = owner.client;
  EXPECT_NE(after, before);
  owner.wake(500ms);
  EXPECT_EQ(owner.client, after);
}

TEST(BindingClient, learns_its_mapped_address_and_asks_again_later) {
  Owner owner({.server = server, .query_interval = 10s});
  owner.open();
  owner.tell(Answer::success(owner, outside).from(server), 40ms);
  EXPECT_EQ(owner.events, (std::vector<BindingEvent>{MappedAddressLearned{outside}}));
  EXPECT_EQ(owner.client.mapped_address(), outside);
  owner.run_until(10'039ms);
  EXPECT_EQ(owner.sent.size(), 1u);
  owner.run_until(10'040ms);
  EXPECT_EQ(owner.sent.size(), 2u);
  EXPECT_NE(owner.sent[0], owner.sent[1]);
}

TEST(BindingClient, reports_a_mapping_only_when_it_is_news) {
  Owner owner({.server = server, .query_interval = 10s});
  owner.open();
  owner.tell(Answer::success(owner, outside).from(server), 0s);
  owner.run_until(10s);
  owner.tell(Answer::success(owner, outside).from(server), 10s);
  EXPECT_EQ(owner.events.size(), 1u);
  owner.run_until(20s);
  owner.tell(Answer::success(owner, elsewhere).from(server), 20s);
  EXPECT_EQ(owner.events.back(), BindingEvent(MappedAddressChanged{outside, elsewhere}));
}

TEST(BindingClient, forgets_its_mapping_when_a_query_fails) {
  Owner owner({.server = server, .query_interval = 10s});
  owner.open();
  owner.tell(Answer::success(owner, outside).from(server), 0s);
  owner.run_until(49500ms);
  EXPECT_EQ(owner.client.mapped_address(), std::nullopt);
  owner.run_until(59500ms);
  owner.tell(Answer::success(owner, outside).from(server), 59500ms);
  EXPECT_EQ(owner.events, (std::vector<BindingEvent>{MappedAddressLearned{outside},
                                                     BindingFailed{BindingFailure::timed_out, 0},
                                                     MappedAddressLearned{outside}}));
}

// PROTOCOL W13; BUGS G3
TEST(BindingClient, takes_a_late_answer_to_an_earlier_copy) {
  Owner owner;
  owner.open();
  owner.run_until(20s);
  owner.tell(Answer::success(owner, outside).from(server), 39'499ms);
  EXPECT_EQ(owner.client.mapped_address(), outside);
}

// What does not answer us leaves everything as it is.
// PROTOCOL T9, T10; BUG C23(c); BUGS G14, P15
TEST(BindingClient, ignores_what_is_no_answer_to_it) {
  Owner owner;
  owner.open();
  const auto next = owner.client.poll_timeout();
  owner.tell(Answer::success(owner, outside).from(elsewhere), 1ms);
  Answer guessed(Class::success, TransactionId{});
  guessed.writer.add_xor_address(AttributeType::xor_mapped_address, outside);
  owner.tell(guessed.from(server), 2ms);
  owner.tell(Answer(Class::request, owner.last_id()).from(server), 3ms);
  owner.tell(Answer(Class::indication, owner.last_id()).from(server), 4ms);
  owner.tell(Answer(Class::success, owner.last_id(), Method::allocate).from(server), 5ms);
  auto misdirected = Answer::success(owner, outside);
  Datagram to_another = misdirected.from(server);
  to_another.local = elsewhere;
  owner.tell(to_another, 6ms);
  owner.tell(Datagram{.local = local, .remote = server, .payload = as_bytes("junk")}, 7ms);
  EXPECT_EQ(owner.client.ignored(), 7u);
  EXPECT_TRUE(owner.events.empty());
  EXPECT_EQ(owner.client.poll_timeout(), next);
  owner.tell(Answer::success(owner, outside).from(server), 8ms);
  EXPECT_EQ(owner.client.mapped_address(), outside);
}

// BUGS G2
TEST(BindingClient, ignores_a_second_answer) {
  Owner owner;
  owner.open();
  const auto first = Answer::success(owner, outside);
  owner.tell(first.from(server), 1ms);
  owner.tell(Answer::success(owner, elsewhere).from(server), 2ms);
  EXPECT_EQ(owner.client.mapped_address(), outside);
  EXPECT_EQ(owner.events.size(), 1u);
}

// PROTOCOL T17
TEST(BindingClient, reports_the_code_of_a_refusal) {
  Owner owner;
  owner.open();
  Answer refusal(Class::error, owner.last_id());
  refusal.writer.add_error(ErrorCode::try_alternate, "over there");
  owner.tell(refusal.from(server), 1s);
  EXPECT_EQ(owner.events, failed(BindingFailure::refused, 300));
  EXPECT_EQ(owner.client.poll_timeout()->at, at(26s));
}

// PROTOCOL T16, T17, K6
TEST(BindingClient, fails_on_an_answer_that_it_cannot_use) {
  const auto outcome = [](Class c, AttributeType type, std::string_view value) {
    Owner owner;
    owner.open();
    Answer answer(c, owner.last_id());
    if (c == Class::success && type != AttributeType::xor_mapped_address) {
      answer.writer.add_xor_address(AttributeType::xor_mapped_address, outside);
    }
    answer.writer.add(type, wire::hex(value));
    owner.tell(answer.from(server), 1ms);
    return owner.events;
  };
  const auto unusable = failed(BindingFailure::unusable_answer);
  EXPECT_EQ(outcome(Class::success, AttributeType::xor_mapped_address, "0003"), unusable);
  EXPECT_EQ(outcome(Class::success, AttributeType{0x7fff}, ""), unusable);
  EXPECT_EQ(outcome(Class::error, AttributeType::error_code, "00000900"), unusable);
  EXPECT_EQ(outcome(Class::error, AttributeType::software, "61"), unusable);
  EXPECT_EQ(outcome(Class::success, AttributeType{0xffff}, "00"),
            (std::vector<BindingEvent>{MappedAddressLearned{outside}}));
}

// PROTOCOL T7
TEST(BindingClient, ends_a_query_at_a_hard_icmp_error_on_its_own_path) {
  Owner owner;
  owner.open();
  owner.tell(IcmpError{local, server, 3, 1, 0}, 1ms);  // host unreachable is soft
  owner.tell(IcmpError{local, elsewhere, 3, 3, 0}, 2ms);
  owner.tell(IcmpError{elsewhere, server, 3, 3, 0}, 3ms);
  EXPECT_TRUE(owner.events.empty());
  owner.tell(IcmpError{local, server, 3, 3, 0}, 4ms);
  EXPECT_EQ(owner.events, failed(BindingFailure::unreachable));
  EXPECT_EQ(owner.client.poll_timeout()->at, at(25'004ms));
  owner.tell(IcmpError{local, server, 3, 3, 0}, 5ms);  // of an earlier copy
  EXPECT_EQ(owner.events.size(), 1u);
}

// BUGS G22
TEST(BindingClient, repeats_a_refused_send_soon) {
  Owner owner;
  owner.open();
  owner.tell(SendRefused{local, server}, 0s);
  EXPECT_EQ(owner.client.poll_timeout(),
            (Timeout{at(100ms), text(BindingClient::Timer::refused_send)}));
  owner.run_until(1s);
  EXPECT_EQ(owner.sent_at, (std::vector<Duration>{0s, 100ms, 500ms}));
  EXPECT_EQ(owner.sent[1], owner.sent[0]);
  owner.tell(SendRefused{local, elsewhere}, 1s);
  EXPECT_EQ(owner.client.poll_timeout()->at, at(1500ms));
}

// BUGS G22, P4
TEST(BindingClient, gives_up_on_time_though_every_send_is_refused) {
  Owner owner;
  owner.open();
  while (owner.events.empty()) {
    const Duration now = owner.sent_at.back();
    owner.tell(SendRefused{local, server}, now);
    owner.run_until(owner.client.poll_timeout()->at.since_origin());
  }
  EXPECT_EQ(owner.events, failed(BindingFailure::timed_out));
  EXPECT_EQ(owner.client.poll_timeout()->at, at(39500ms + 25s));
}

// BUGS G22
TEST(BindingClient, tries_again_for_a_socket_that_was_refused) {
  Owner owner;
  owner.tell(SocketRefused{owner.opened[0].request}, 2s);
  EXPECT_EQ(owner.events, failed(BindingFailure::no_socket));
  EXPECT_EQ(owner.client.poll_timeout(),
            (Timeout{at(27s), text(BindingClient::Timer::next_socket)}));
  owner.run_until(27s);
  ASSERT_EQ(owner.opened.size(), 2u);
  owner.tell(SocketOpened{owner.opened[0].request, elsewhere}, 28s);  // the old request
  EXPECT_TRUE(owner.sent.empty());
  owner.open(28s);
  EXPECT_EQ(owner.sent_at, std::vector<Duration>{28s});
}

// BUG C23(b)
TEST(BindingClient, drops_all_that_was_tied_to_a_closed_socket) {
  Owner owner;
  owner.open();
  const auto answer = Answer::success(owner, outside);
  owner.tell(SocketClosed{elsewhere}, 1s);
  EXPECT_TRUE(owner.client.is_querying());
  owner.tell(SocketClosed{local}, 1s);
  EXPECT_EQ(owner.events, failed(BindingFailure::no_socket));
  EXPECT_EQ(owner.opened.size(), 2u);
  owner.tell(answer.from(server), 2s);
  EXPECT_EQ(owner.client.mapped_address(), std::nullopt);
  owner.open(2s);
  EXPECT_NE(owner.sent[0], owner.sent.back());
}

// BUGS G9
TEST(BindingClient, asks_at_once_after_it_has_moved) {
  Owner owner;
  owner.open();
  owner.tell(Answer::success(owner, outside).from(server), 0s);
  owner.tell(AddressesChanged{{local.ip}}, 0s);  // the first only says where we are
  owner.tell(AddressesChanged{{local.ip}}, 1s);
  EXPECT_EQ(owner.sent.size(), 1u);
  owner.tell(AddressesChanged{{elsewhere.ip}}, 2s);
  EXPECT_EQ(owner.sent_at, (std::vector<Duration>{0s, 2s}));
}

TEST(BindingClient, signs_with_a_fingerprint_if_told) {
  Owner owner({.server = server, .fingerprint = true});
  owner.open();
  EXPECT_TRUE(MessageView::decode(owner.sent[0])->has_fingerprint());
  Owner plain;
  plain.open();
  EXPECT_EQ(plain.sent[0].size(), header_size);
}

// Where time begins means nothing.
// BUGS G17, P20
TEST(BindingClient, does_the_same_at_any_origin_of_time) {
  const auto trace = [](Duration origin) {
    Owner owner;
    owner.open(origin);
    owner.run_until(origin + 200s);
    for (Duration& when : owner.sent_at) when -= origin;
    return std::pair(owner.sent_at, owner.sent);
  };
  EXPECT_EQ(trace(0s), trace(std::chrono::hours(24 * 365 * 100)));
  EXPECT_EQ(trace(0s), trace((1ll << 32) * 1ms - 1ms));
}

// PROTOCOL K3
TEST(BindingClient, never_uses_an_id_twice) {
  Owner owner;
  owner.open();
  owner.run_until(std::chrono::hours(10));
  std::map<TransactionId, int> copies;
  for (const Buffer& message : owner.sent) ++copies[MessageView::decode(message)->id()];
  EXPECT_EQ(copies.size(), 559u);  // one query each 39.5 s + 25 s
  for (const auto& [id, count] : copies) EXPECT_LE(count, 7);
}

}  // namespace
}  // namespace tickover::stun
