// Errors that a relay answers on cue.
#include <gtest/gtest.h>

#include "core/stun/message_view.h"
#include "core/stun/message_writer.h"
#include "sim/roles/scripted_answers.h"

namespace tickover::sim {
namespace {

using stun::AttributeType;

const stun::IntegrityKey key = stun::IntegrityKey::long_term("alice", "example.org", "secret");

std::vector<std::uint8_t> request(stun::Method method, std::uint8_t id, bool is_signed = true) {
  std::vector<std::uint8_t> bytes(500);
  stun::TransactionId transaction;
  transaction.bytes[0] = id;
  stun::MessageWriter writer(bytes, {method, stun::Class::request}, transaction);
  if (is_signed) {
    writer.add_text(AttributeType::username, "alice");
    writer.add_text(AttributeType::realm, "example.org");
    writer.add_text(AttributeType::nonce, "n");
    writer.add_integrity(key);
  }
  bytes.resize(writer.size());
  return bytes;
}

/// What is answered to it; 0 if the server is to answer.
int code_of_answer(ScriptedAnswers& answers, const std::vector<std::uint8_t>& bytes) {
  TransmitQueue out;
  if (!answers.answer({.payload = bytes}, out)) return 0;
  std::vector<std::uint8_t> buffer(2'000);
  const auto send = std::get<Send>(*out.poll(buffer));
  const auto message = stun::MessageView::decode(Bytes(buffer).first(send.size));
  EXPECT_TRUE(message);
  EXPECT_TRUE(message->verifies(key) || message->error()->code == 438);
  EXPECT_EQ(message->id().bytes[0], bytes[8]);
  return message->error()->code;
}

// BUGS G10, G16
TEST(ScriptedAnswers, come_on_cue_with_all_copies_of_the_request_and_to_no_other) {
  ScriptedAnswers answers({"Refresh 2: 437", "Allocate 1: 486", "Refresh 3: 438"},
                          {{"alice", "secret"}}, {});
  using enum stun::Method;
  EXPECT_EQ(code_of_answer(answers, request(refresh, 1)), 0);
  EXPECT_EQ(code_of_answer(answers, request(refresh, 1)), 0);
  EXPECT_EQ(code_of_answer(answers, request(refresh, 2)), 437);
  EXPECT_EQ(code_of_answer(answers, request(allocate, 3, false)), 0);
  EXPECT_EQ(code_of_answer(answers, request(allocate, 4)), 486);
  EXPECT_EQ(code_of_answer(answers, request(refresh, 5)), 438);
  EXPECT_EQ(code_of_answer(answers, request(refresh, 2)), 437);
  EXPECT_EQ(code_of_answer(answers, request(refresh, 6)), 0);
}

// PROTOCOL X2
TEST(ScriptedAnswers, send_to_another_relay_by_an_address_of_the_clients_family) {
  const Endpoint west{IpAddress::parse("192.0.2.2").value(), 3478};
  ScriptedAnswers answers({"Allocate 1: 300 west", "Allocate 2: 300 west"}, {{"alice", "secret"}},
                          {{"west", {west}}});
  TransmitQueue out;
  std::vector<std::uint8_t> buffer(2'000);
  const auto first = request(stun::Method::allocate, 1);
  const Endpoint client{IpAddress::parse("192.0.2.9").value(), 5000};
  ASSERT_TRUE(answers.answer({.remote = client, .payload = first}, out));
  const auto send = std::get<Send>(*out.poll(buffer));
  const auto message = stun::MessageView::decode(Bytes(buffer).first(send.size));
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->verifies(key));
  EXPECT_EQ(message->error()->code, 300);
  EXPECT_EQ(message->plain_address(AttributeType::alternate_server), west);
  const auto second = request(stun::Method::allocate, 2);
  const Endpoint other{IpAddress::parse("2001:db8::9").value(), 5000};
  EXPECT_FALSE(answers.answer({.remote = other, .payload = second}, out));
}

TEST(ScriptedAnswers, are_only_those_that_can_be_understood) {
  EXPECT_FALSE(ScriptedAnswers::problem_of("ChannelBind 12: 508", {}));
  for (const char* wrong : {"", "Refresh", "Refresh 0: 438", "Refresh 1 438", "Refresh 1: 200",
                            "Refresh 1: 438 ", "refresh 1: 438", "Refresh -1: 438"}) {
    EXPECT_EQ(ScriptedAnswers::problem_of(wrong, {}),
              "\"" + std::string(wrong) + "\" is no answer such as \"Refresh 2: 438\"");
  }
  EXPECT_EQ(ScriptedAnswers::problem_of("Allocate 1: 300", {}),
            "\"Allocate 1: 300\" lacks the relay to try instead: \"Allocate 1: 300 west\"");
  EXPECT_EQ(ScriptedAnswers::problem_of("Allocate 1: 300 west", {{"east", {}}}),
            "\"Allocate 1: 300 west\" sends clients to \"west\", which is no turn-server");
}

}  // namespace
}  // namespace tickover::sim
