#include "sim/oracles/conservation.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {

Conservation::Conservation(const Plan& plan) {
  for (const FaultPlan& fault : plan.faults) {
    if (!fault.present) continue;
    const FaultAction& action = fault.spec->action;
    if (!std::holds_alternative<Partition>(action) && !std::holds_alternative<Block>(action)) {
      continue;
    }
    cuts_.resize(plan.directions.size());
    if (!fault.is_fixed()) {
      moving_.push_back(static_cast<std::uint32_t>(&fault - plan.faults.data()));
      continue;
    }
    const Window window{fault.begin, std::min(fault.end, plan.heal_at)};
    for (const std::uint32_t direction : fault.directions) cuts_[direction].push_back(window);
  }
}

void Conservation::observe(const Step& step, const World& world) {
  const DatagramCounts& c = world.counts();
  if (c.sent + c.duplicated + c.forged + c.overheard != c.delivered + c.dropped + c.in_flight) {
    return broken(step,
                  fmt::format("{} sent, {} doubled, {} forged and {} overheard datagrams became {} "
                              "delivered, {} dropped and {} in flight",
                              c.sent, c.duplicated, c.forged, c.overheard, c.delivered, c.dropped,
                              c.in_flight));
  }
  while (!arrivals_.empty() && arrivals_.front().at <= step.time) {
    std::ranges::pop_heap(arrivals_, std::greater{});
    due_now_.push_back(arrivals_.back());
    arrivals_.pop_back();
  }
  if (step.kind == StepKind::delivery) check_arrival(step, world);
  if (step.kind == StepKind::overhearing) {
    judged();
    if (step.sent_at != step.time) broken(step, "a datagram was overheard late");
  }
  const auto missed =
      std::ranges::find_if(due_now_, [&](const Due& due) { return due.at < step.time; });
  if (missed != due_now_.end()) {
    return broken(step, fmt::format("a datagram that was due at {} has not arrived at {}",
                                    time_text(missed->at), time_text(step.time)));
  }
  if (!step.sent.empty()) expect_arrivals(step, world);
}

void Conservation::check_arrival(const Step& step, const World& world) {
  judged();
  if (step.forged) {
    if (step.sent_at != step.time) broken(step, "a forged datagram took its time");
    return;
  }
  const auto due = std::ranges::find_if(due_now_, [&](const Due& d) {
    return d.at == step.time && d.has_id == step.has_id && d.id == step.id &&
           d.copy == step.copy_of_network &&
           d.digest.value_or(step.arrived_digest) == step.arrived_digest;
  });
  if (due == due_now_.end()) {
    const std::string path =
        step.has_id ? fmt::format(" from {} to {}", world.plan().from_name(step.id.direction),
                                  world.plan().to_name(step.id.direction))
                    : std::string();
    return broken(
        step, fmt::format("a datagram{} sent at {} arrived at {}, when none like it was due", path,
                          time_text(step.sent_at), time_text(step.time)));
  }
  *due = due_now_.back();
  due_now_.pop_back();
}

void Conservation::expect_copies(const SentRecord& sent, Instant now) {
  const auto digest = sent.fate.is_bent() ? std::nullopt : std::optional(sent.payload_digest);
  for (std::uint8_t copy = 0; copy < sent.fate.copies; ++copy) {
    arrivals_.push_back({now + sent.fate.delay[copy], sent.has_id, sent.id, copy, digest});
    std::ranges::push_heap(arrivals_, std::greater{});
  }
}

void Conservation::expect_arrivals(const Step& step, const World& world) {
  for (const SentRecord& sent : step.sent) {
    expect_copies(sent, step.time);
    // What the sender's system refuses never came to a link. Faults of one instant are applied one
    // after the other; what is sent between is either's.
    const bool came_to_a_link = sent.has_id && sent.fate.dropped != DropReason::send_refused;
    if (!came_to_a_link || step.kind == StepKind::fault) continue;
    const auto is_moving_cut = [&](std::uint32_t fault) {
      const auto& directions = world.plan().faults[fault].directions;
      return world.is_active(fault) &&
             std::ranges::find(directions, sent.id.direction) != directions.end();
    };
    const bool cut =
        is_cut(sent.id.direction, step.time) || std::ranges::any_of(moving_, is_moving_cut);
    if (cut != (sent.fate.dropped == DropReason::partition)) {
      broken(step,
             fmt::format("a datagram from {} to {} {}", world.plan().from_name(sent.id.direction),
                         world.plan().to_name(sent.id.direction),
                         cut ? "passed a partition" : "was lost to a partition that is not there"));
    }
  }
}

bool Conservation::is_cut(std::uint32_t direction, Instant at) const {
  if (cuts_.empty()) return false;
  return std::ranges::any_of(cuts_[direction],
                             [&](const Window& w) { return w.begin <= at && at < w.end; });
}

}  // namespace tickover::sim
