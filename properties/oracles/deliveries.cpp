// P11, shown steps by hand: what a host is given is what somebody sent to it.
#include <gtest/gtest.h>

#include "properties/oracles/hand_made.h"
#include "sim/oracles/delivery.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

/// Payload number 1 on its way from alice to bob, as steps by hand.
struct Payload {
  std::shared_ptr<const Plan> plan;
  Show show_p11;
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(plan->flows[0].size);

  explicit Payload(const Stage& stage = two_peers())
      : plan(stage.plan()), show_p11(plan, std::make_unique<Delivery>(*plan)) {
    write_payload(bytes, plan->flows[0].key, 1);
  }
  void tell(HostIndex host, Notice::Kind kind, const char* own) {
    Step step = show_p11.step(500ms, StepKind::delivery, host);
    step.notices = {{.kind = kind, .name = "candidate", .local = at(own)}};
    show_p11(step);
  }
  void send(std::uint8_t copies = 1, bool accepted = true, const char* to = "192.0.2.2:7000") {
    Step step = show_p11.step(1s, StepKind::command, 0);
    step.flow = 0;
    step.origin = {0, 1};
    step.command_to = at(to);
    step.command_accepted = accepted;
    add_sent(step, "192.0.2.1:7000", "192.0.2.2:7000", bytes).fate.copies = copies;
    show_p11(step);
  }
  std::string deliver(HostIndex host = 1, const char* from = "192.0.2.1:7000") {
    Step step = show_p11.step(2s, StepKind::delivery, host);
    step.origin = {0, 1};
    step.notices = {
        {.kind = Notice::Kind::received, .name = "data", .remote = at(from), .payload = bytes}};
    show_p11(step);
    return show_p11.objection();
  }
};

TEST(Delivery, is_silent_about_one_delivery_and_one_echo) {
  Payload payload;
  payload.send();
  EXPECT_EQ(payload.deliver(), "");
  EXPECT_EQ(payload.deliver(0, "192.0.2.2:7000"), "");
  EXPECT_EQ(payload.show_p11.oracle().judgements(), 2u);
}

// BUGS P11, P23
TEST(Delivery, allows_the_copies_that_the_network_made_and_no_more) {
  Payload payload;
  payload.send(2);
  EXPECT_EQ(payload.deliver(), "");
  EXPECT_EQ(payload.deliver(), "");
  EXPECT_NE(payload.deliver(), "");
}

// BUGS P11, P23
TEST(Delivery, objects_to_what_was_never_sent_or_refused) {
  Payload unsent;
  EXPECT_NE(unsent.deliver(), "");
  Payload refused;
  refused.send(1, false);
  EXPECT_NE(refused.deliver(), "");
}

// BUGS P11, P23
TEST(Delivery, objects_to_a_wrong_address_a_wrong_host_and_a_wrong_byte) {
  Payload address;
  address.send();
  EXPECT_NE(address.deliver(1, "192.0.2.1:7001"), "");
  Payload host;
  host.send();
  EXPECT_NE(host.deliver(0, "192.0.2.1:7000"), "");
  Payload byte;
  byte.send();
  byte.bytes.back() ^= 1;
  EXPECT_NE(byte.deliver(), "");
  Payload shorter;
  shorter.send();
  shorter.bytes.pop_back();
  EXPECT_NE(shorter.deliver(), "");
}

// Whom a client lets in by the relay's address may be anybody who has an allocation there.
// BUGS P11
TEST(Delivery, allows_what_an_attacker_sends_from_an_allocation_of_its_own_and_nothing_else) {
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("bob", "client", "192.0.2.2");
  stage.host("relay", "turn-server", "192.0.2.9").traffic("alice", "bob");
  const auto given_junk_from = [](const Stage& where, const char* address) {
    Payload payload(where);
    payload.tell(0, Notice::Kind::candidate_added, "192.0.2.9:50000");
    payload.bytes = {1, 2, 3};
    return payload.deliver(1, address);
  };
  Stage stranger = stage;
  stranger.host("mallory", "attacker", "192.0.2.66").setting("target", std::string("relay"));
  stranger.setting("attack", std::vector<std::string>{"garbage"});
  stranger.setting("password", std::string("a guess"));
  EXPECT_NE(given_junk_from(stranger, "192.0.2.9:50001"), "") << "without an account";
  EXPECT_NE(given_junk_from(stage, "192.0.2.9:50001"), "") << "nobody is there who might";
  stage.host("mallory", "attacker", "192.0.2.66").setting("target", std::string("relay"));
  stage.setting("attack", std::vector<std::string>{"garbage"});
  EXPECT_EQ(given_junk_from(stage, "192.0.2.9:50001"), "");
  EXPECT_NE(given_junk_from(stage, "192.0.2.9:50000"), "") << "alice's";
  EXPECT_NE(given_junk_from(stage, "192.0.2.9:3478"), "") << "the relay's own";
  EXPECT_NE(given_junk_from(stage, "192.0.2.66:50001"), "") << "no relay's";
}

// Nobody signs data, so that a client cannot know what its relay never sent.
// BUGS P11, P23
TEST(Delivery, blames_no_client_for_data_that_a_fault_forged) {
  Stage stage;
  stage.host("relay", "turn-server", "192.0.2.9").host("alice", "turn-client", "192.0.2.1");
  stage.setting("relay", std::string("relay")).host("bob", "peer", "192.0.2.2");
  stage.traffic("alice", "bob");
  const auto given = [&](bool forged, HostIndex host, const char* said) {
    Payload payload(stage);
    Step step = payload.show_p11.step(2s, StepKind::delivery, host);
    const std::vector<std::uint8_t> arrived = {0x40, 0, 0, 3, 'a', 'b', 'c', 0};
    step.forged = forged;
    step.arrived = arrived;
    step.notices = {{.kind = Notice::Kind::received,
                     .name = "data",
                     .remote = at("192.0.2.2:7000"),
                     .payload = as_bytes(said)}};
    payload.show_p11(step);
    return payload.show_p11.objection();
  };
  EXPECT_EQ(given(true, 1, "abc"), "");
  EXPECT_NE(given(false, 1, "abc"), "");
  EXPECT_NE(given(true, 1, "abcd"), "") << "not even that was forged";
  EXPECT_NE(given(true, 2, "abc").find("but a fault forged"), std::string::npos) << "the canary";
}

// A relay that begins anew gives old ports to other clients, and their peers cannot know.
// BUGS P11, P23
TEST(Delivery, allows_that_whoever_has_the_addressees_old_address_now_is_given_it) {
  Stage stage = stage_with_clients();
  stage.host("alice", "peer", "192.0.2.1").host("bob", "client", "192.0.2.2");
  stage.host("carol", "client", "192.0.2.3").traffic("alice", "bob");
  const auto given_to_carol_who_has = [&](const char* address) {
    Payload payload(stage);
    payload.tell(1, Notice::Kind::candidate_added, "192.0.2.9:50000");
    payload.send(1, true, "192.0.2.9:50000");
    payload.tell(2, Notice::Kind::candidate_added, address);
    return payload.deliver(2);
  };
  EXPECT_EQ(given_to_carol_who_has("192.0.2.9:50000"), "");
  EXPECT_NE(given_to_carol_who_has("192.0.2.9:50001"), "");
}

// BUGS P11, P23
TEST(Delivery, objects_where_an_heir_is_given_what_was_sent_to_the_addressees_next_address) {
  Stage stage = stage_with_clients();
  stage.host("alice", "peer", "192.0.2.1").host("bob", "client", "192.0.2.2");
  stage.host("carol", "client", "192.0.2.3").traffic("alice", "bob");
  const auto given_to_carol = [&](const char* sent_to, bool has_left) {
    Payload payload(stage);
    payload.tell(1, Notice::Kind::candidate_added, "192.0.2.9:50000");
    payload.tell(1, Notice::Kind::candidate_removed, "192.0.2.9:50000");
    payload.tell(1, Notice::Kind::candidate_added, "192.0.2.9:50001");
    payload.tell(2, Notice::Kind::candidate_added, "192.0.2.9:50000");
    if (has_left) payload.tell(2, Notice::Kind::candidate_removed, "192.0.2.9:50000");
    payload.send(1, true, sent_to);
    return payload.deliver(2);
  };
  EXPECT_EQ(given_to_carol("192.0.2.9:50000", false), "");
  EXPECT_NE(given_to_carol("192.0.2.9:50000", true), "");
  EXPECT_NE(given_to_carol("192.0.2.9:50001", false), "");
}

// BUGS P11, P23
TEST(Delivery, gives_an_echo_to_whoever_has_the_address_that_the_sender_had) {
  Stage stage = stage_with_clients();
  stage.host("alice", "client", "192.0.2.1").host("bob", "peer", "192.0.2.2");
  stage.host("carol", "client", "192.0.2.3").traffic("alice", "bob");
  const auto given_to_carol_if_alice_had = [&](const char* address) {
    Payload payload(stage);
    payload.tell(0, Notice::Kind::candidate_added, "192.0.2.9:50000");
    payload.tell(0, Notice::Kind::candidate_removed, "192.0.2.9:50000");
    payload.tell(0, Notice::Kind::candidate_added, address);
    payload.send();
    payload.tell(2, Notice::Kind::candidate_added, "192.0.2.9:50000");
    return payload.deliver(2, "192.0.2.2:7000");
  };
  EXPECT_EQ(given_to_carol_if_alice_had("192.0.2.9:50000"), "");
  EXPECT_NE(given_to_carol_if_alice_had("192.0.2.9:50001"), "");
}

}  // namespace
}  // namespace tickover::sim
