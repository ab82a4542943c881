#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "sim/world/plan.h"

namespace tickover::sim {

class RunFacts;
class World;
struct Step;

/// The sentences of [expect]. NAME is a host or the name of a group of hosts; a sentence may begin
/// with "every".
///
/// States, for `finally` and `always`; of a group, each member must be in it:
///   NAME has an allocation      it announced a candidate, and has not taken it back
///   NAME has no allocation
///   NAME knows its address      the same, said of a STUN client
///   NAME can send to NAME       what it sends to the other's present address can leave: channel
///                               or permission is there. Always so for who needs neither.
///   NAME hears from NAME        a payload that the other sent or echoed was delivered within the
///                               last ten seconds; or, if longer, within three periods of their
///                               traffic and two round trips; after the heal, if that was before.
///                               Where their traffic has stopped, seen from its stop.
///
/// Events, for `never` and `count`; each member's counts:
///   NAME gets an allocation
///   NAME loses its allocation
///   NAME sends MESSAGE [CODE] [to NAME]   "Allocate request", "Allocate" (any class),
///                               "ChannelData", "datagram", "Allocate error 437"; "requests" of
///                               any method, "datagrams" of any kind; copies count. Of what goes to
///                               somebody behind a NAT, the NAT is the goal
///   NAME receives MESSAGE [CODE] [from NAME]   likewise, what is delivered to it
///   NAME hears from NAME
///   NAME restarts               its machine starts anew
///   NAME is told by ICMP        what it sent did not arrive; or a relay tells it so
///   traffic from NAME is refused  by its own machine
struct Expectation {
  enum class Kind : std::uint8_t {
    has_allocation,
    has_no_allocation,
    can_send,
    hears,
    gets_allocation,
    loses_allocation,
    sends,
    receives,
    hears_event,
    restarts,
    is_refused,
    told_by_icmp,
  };
  Kind kind{};
  std::vector<HostIndex> subjects;  // in the order of the plan, as are the objects
  std::vector<HostIndex> objects;
  std::string message;
  std::uint32_t code = 0;  // 0: any
  bool is_each = false;    // "every NAME …": each member for itself, where that differs
  Sentence sentence;

  /// Whether it holds for a while; otherwise it happens.
  bool is_state() const { return kind <= Kind::hears; }
};

/// The error names the place, the word that does not fit, and the nearest one that would.
std::expected<Expectation, PlanError> parse_state(const Sentence& sentence, const Plan& plan);
std::expected<Expectation, PlanError> parse_event(const Sentence& sentence, const Plan& plan);
/// A state or an event, whichever the sentence is; what can be both is a state.
std::expected<Expectation, PlanError> parse_statement(const Sentence& sentence, const Plan& plan);
/// Of every sentence in [expect]; empty if all are well said.
std::vector<PlanError> check_expectations(const Plan& plan);

/// Why the state does not hold at `now`, in a few words; empty if it does.
std::string why_not(const Expectation& state, const RunFacts& facts, const World& world,
                    Instant now);
/// How often the event happened in this step.
std::uint64_t occurrences(const Expectation& event, const RunFacts& facts, const Step& step,
                          const World& world);

}  // namespace tickover::sim
