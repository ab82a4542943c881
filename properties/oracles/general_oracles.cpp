#include <gtest/gtest.h>

#include <functional>

#include "properties/oracles/hand_made.h"
#include "sim/oracles/candidates.h"
#include "sim/oracles/conservation.h"
#include "sim/oracles/wake_honesty.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

template <class T>
Show show(const std::shared_ptr<const Plan>& plan) {
  return Show(plan, std::make_unique<T>(*plan));
}

Timeout timer(Duration at) {
  return {Instant::at(at), "retransmit"};
}

TEST(WakeHonesty, is_silent_where_deadlines_lie_ahead) {
  Show show_p1 = show<WakeHonesty>(two_peers().plan());
  Step step = show_p1.step(1s, StepKind::timer, 0);
  step.woken_for = timer(1s);
  step.deadline_before = timer(1s);
  step.deadline_after = timer(2s);
  show_p1(step);
  EXPECT_EQ(show_p1.objection(), "");
  EXPECT_EQ(show_p1.oracle().judgements(), 1u);
}

// BUGS P1, P23
TEST(WakeHonesty, objects_to_a_deadline_that_is_now) {
  Show show_p1 = show<WakeHonesty>(two_peers().plan());
  Step step = show_p1.step(1s, StepKind::delivery, 0);
  step.deadline_after = timer(1s);
  show_p1(step);
  EXPECT_NE(show_p1.objection().find("\"retransmit\", but it is 1s already"), std::string::npos);
}

// BUGS P1, P23
TEST(WakeHonesty, objects_to_acts_that_no_deadline_announced) {
  Show show_p1 = show<WakeHonesty>(two_peers().plan());
  Step step = show_p1.step(1s, StepKind::timer, 0);
  step.deadline_before = step.deadline_after = timer(2s);
  show_p1(step);
  EXPECT_EQ(show_p1.objection(), "");
  Step acting = show_p1.step(1500ms, StepKind::timer, 0);
  acting.deadline_before = acting.deadline_after = timer(2s);
  add_sent(acting, "192.0.2.1:7000", "192.0.2.2:7000", as_bytes("early"));
  show_p1(acting);
  EXPECT_NE(show_p1.objection().find("did not announce"), std::string::npos);
}

// BUGS P1, P23
TEST(WakeHonesty, objects_to_a_deadline_that_a_mere_tick_moves) {
  Show show_p1 = show<WakeHonesty>(two_peers().plan());
  Step step = show_p1.step(1s, StepKind::timer, 0);
  step.deadline_before = timer(2s);
  step.deadline_after = timer(3s);
  show_p1(step);
  EXPECT_NE(show_p1.objection().find("moved its deadline"), std::string::npos);
}

// BUGS P1, P23
TEST(WakeHonesty, objects_to_spinning_and_to_endless_talk) {
  Show spin = show<WakeHonesty>(two_peers().plan());
  for (int i = 0; i < 20; ++i) {
    const Duration at = 1s + Duration::nanoseconds(i);
    Step step = spin.step(at, StepKind::timer, 0);
    step.woken_for = step.deadline_before = timer(at);
    step.deadline_after = timer(at + Duration::nanoseconds(1));
    spin(step);
  }
  EXPECT_NE(spin.objection().find("spins"), std::string::npos);

  Show talk = show<WakeHonesty>(two_peers().plan());
  Step step = talk.step(1s, StepKind::delivery, 0);
  step.drained = false;
  talk(step);
  EXPECT_NE(talk.objection().find("does not stop talking"), std::string::npos);
}

// BUGS P3, P23
TEST(WakeHonesty, objects_to_time_that_runs_backwards) {
  Show show_p1 = show<WakeHonesty>(two_peers().plan());
  show_p1(show_p1.step(2s, StepKind::delivery, 0));
  Step step = show_p1.step(3s, StepKind::delivery, 0);
  step.host_now = Instant::at(1s);
  show_p1(step);
  EXPECT_EQ(show_p1.objection(), "alice is told 1s, after 2s");
}

TEST(Conservation, is_silent_where_a_datagram_takes_its_time) {
  Show books = show<Conservation>(two_peers().plan());
  Step sending = books.step(1s, StepKind::command, 0);
  SentRecord& sent = add_sent(sending, "192.0.2.1:7000", "192.0.2.2:7000", as_bytes("x"));
  sent.fate.copies = 2;
  sent.fate.delay[0] = 20ms;
  sent.fate.delay[1] = 10ms;
  books(sending);
  for (const std::uint8_t copy : {std::uint8_t{1}, std::uint8_t{0}}) {
    Step arrival = books.step(1s + sent.fate.delay[copy], StepKind::delivery, 1);
    arrival.sent_at = Instant::at(1s);
    arrival.copy_of_network = copy;
    books(arrival);
  }
  EXPECT_EQ(books.objection(), "");
}

// BUGS P22, P23
TEST(Conservation, objects_to_an_arrival_before_its_time_and_to_a_lost_one) {
  Show early = show<Conservation>(two_peers().plan());
  Step sending = early.step(1s, StepKind::command, 0);
  add_sent(sending, "192.0.2.1:7000", "192.0.2.2:7000", as_bytes("x")).fate.delay[0] = 20ms;
  Show lost = show<Conservation>(two_peers().plan());
  early(sending);
  lost(sending);
  early(early.step(1019ms, StepKind::delivery, 1));
  EXPECT_NE(early.objection().find("when none like it was due"), std::string::npos);
  lost(lost.step(2s, StepKind::timer, 1));
  EXPECT_NE(lost.objection().find("has not arrived"), std::string::npos);
}

// BUGS P22, P23
TEST(Conservation, objects_to_an_arrival_over_another_link_of_other_bytes_or_of_a_copy_too_many) {
  Stage stage = two_peers();
  stage.scenario.links.push_back({.a = "alice", .b = "bob"});
  const auto plan = stage.plan();
  const auto objection_to = [&](const std::function<void(Step&)>& change) {
    Show books = show<Conservation>(plan);
    Step sending = books.step(1s, StepKind::command, 0);
    SentRecord& sent = add_sent(sending, "192.0.2.1:7000", "192.0.2.2:7000", as_bytes("x"));
    sent.has_id = true;
    sent.id = {.direction = plan->direction(0, 1), .kind = 1, .transaction = 1, .copy = 1};
    sent.payload_digest = 7;
    sent.fate.delay[0] = 20ms;
    books(sending);
    Step arrival = books.step(1020ms, StepKind::delivery, 1);
    arrival.sent_at = Instant::at(1s);
    arrival.has_id = true;
    arrival.id = sent.id;
    arrival.arrived_digest = 7;
    change(arrival);
    books(arrival);
    return books.objection();
  };
  EXPECT_EQ(objection_to([](Step&) {}), "");
  EXPECT_NE(objection_to([&](Step& step) { step.id.direction = plan->direction(1, 0); }), "");
  EXPECT_NE(objection_to([](Step& step) { step.id.transaction = 2; }), "");
  EXPECT_NE(objection_to([](Step& step) { step.arrived_digest = 8; }), "");
  EXPECT_NE(objection_to([](Step& step) { step.copy_of_network = 1; }), "");
}

// BUGS P22, P23
TEST(Conservation, objects_to_a_datagram_that_passes_a_partition) {
  Stage stage = two_peers();
  stage.scenario.links.push_back({.a = "alice", .b = "bob"});
  stage.scenario.faults.push_back({.at = Range<Duration>(Duration(1s)),
                                   .length = Range<Duration>(Duration(1s)),
                                   .action = Partition{"alice", "bob"}});
  const auto plan = stage.plan();
  const auto send_at = [&](Duration when, DropReason dropped) {
    Show books = show<Conservation>(plan);
    Step step = books.step(when, StepKind::timer, 0);
    SentRecord& sent = add_sent(step, "192.0.2.1:7000", "192.0.2.2:7000", as_bytes("x"));
    sent.has_id = true;
    sent.id.direction = plan->direction(0, 1);
    sent.fate.dropped = dropped;
    books(step);
    return books.objection();
  };
  EXPECT_EQ(send_at(999ms, DropReason::none), "");
  EXPECT_EQ(send_at(1s, DropReason::partition), "");
  EXPECT_EQ(send_at(1999ms, DropReason::none), "a datagram from alice to bob passed a partition");
  EXPECT_EQ(send_at(2s, DropReason::none), "");
  EXPECT_NE(send_at(2s, DropReason::partition), "");
}

Notice candidate(Notice::Kind kind, const char* address) {
  return {.kind = kind, .name = "candidate", .local = at(address)};
}

TEST(CandidateProtocol, is_silent_where_added_and_removed_alternate) {
  Show show_p10 =
      show<CandidateProtocol>(stage_with_clients().host("alice", "client", "192.0.2.1").plan());
  Step step = show_p10.step(1s, StepKind::delivery, 0);
  step.notices = {candidate(Notice::Kind::candidate_added, "192.0.2.9:50000"),
                  candidate(Notice::Kind::candidate_added, "[2001:db8::9]:50000"),
                  {.kind = Notice::Kind::received, .name = "data"},
                  candidate(Notice::Kind::candidate_removed, "192.0.2.9:50000"),
                  candidate(Notice::Kind::candidate_added, "192.0.2.9:50001")};
  show_p10(step);
  EXPECT_EQ(show_p10.objection(), "");
}

// BUGS P10, P23
TEST(CandidateProtocol, objects_to_every_other_order) {
  const auto objection_to = [](std::vector<Notice> notices) {
    Show show_p10 =
        show<CandidateProtocol>(stage_with_clients().host("alice", "client", "192.0.2.1").plan());
    Step step = show_p10.step(1s, StepKind::delivery, 0);
    step.notices = std::move(notices);
    show_p10(step);
    return show_p10.objection();
  };
  const Notice added = candidate(Notice::Kind::candidate_added, "192.0.2.9:50000");
  const Notice other = candidate(Notice::Kind::candidate_added, "192.0.2.9:50001");
  const Notice removed = candidate(Notice::Kind::candidate_removed, "192.0.2.9:50000");
  EXPECT_NE(objection_to({added, added}), "");
  EXPECT_NE(objection_to({added, other}), "");
  EXPECT_NE(objection_to({removed}), "");
  EXPECT_NE(objection_to({added, removed, removed}), "");
  EXPECT_NE(objection_to({added, removed, {.kind = Notice::Kind::received, .name = "data"}}), "");
  EXPECT_NE(objection_to({{.kind = Notice::Kind::peer_ready, .name = "ready"}}), "");
}

}  // namespace
}  // namespace tickover::sim
