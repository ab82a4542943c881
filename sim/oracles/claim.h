#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/expectation.h"
#include "sim/oracles/nearness.h"

namespace tickover::sim {

/// "alice has an allocation within 30s after relay restarts".
///
///   STATEMENT within TIME after STATEMENT   from each time that the second happens, or comes to be
///   STATEMENT within TIME after the heal
///   STATEMENT within TIME                   from the start of the run
///   STATEMENT                               at the end of the run, or at any time in it
///
/// A state must hold when the time is over: what was believed at first and given up since does not
/// count, as it does not after a heal. An event must have happened by then, after what it is
/// counted from; with "every", to each member. A time that the run does not last is not judged.
///
/// What it is counted from may come again before the time is over. Nobody can have recovered from
/// a restart sooner than from the next one, which starts the time anew; so does all else once the
/// claim has been kept since. Otherwise the time runs on, or whoever fails often enough would never
/// be judged, and the latest to come is judged after it.
struct Claim {
  enum class From : std::uint8_t { start, heal, statement };

  Expectation what;
  std::optional<Duration> within;  // none: to the end of the run
  From from = From::start;
  std::optional<Expectation> after;  // From::statement
  Sentence sentence;
};

/// The error names the place and the word that does not fit. Without `within`, a claim may only be
/// made where `may_lack_time`.
std::expected<Claim, PlanError> parse_claim(const Sentence& sentence, const Plan& plan,
                                            bool may_lack_time);

/// A state or an event that something else is counted from; a restart must be one that some fault
/// brings about.
std::expected<Expectation, PlanError> parse_beginning(const Sentence& sentence, const Plan& plan);

/// Tells each time that an event happens or a state comes to hold.
class Trigger {
 public:
  explicit Trigger(Expectation statement) : statement_(std::move(statement)) {}

  /// After `facts` took the step.
  bool see(const Step& step, const World& world, const RunFacts& facts);

 private:
  Expectation statement_;
  bool held_ = false;
  std::optional<std::uint64_t> version_;  // of the facts that `held_` is of
};

/// Follows one claim through a run.
class ClaimWatch {
 public:
  ClaimWatch(Claim claim, const Plan& plan);

  const Claim& claim() const { return claim_; }
  std::uint64_t judged() const { return judged_; }
  bool has_failed() const { return failed_at_.has_value(); }
  /// When the time was over that it did not keep.
  std::optional<Instant> failed_at() const { return failed_at_; }
  /// Beside its time; a claim without one has no bound.
  std::optional<Nearness> nearness() const;

  /// Before `facts` takes the step: judges what ended before it. Why the claim fails, or empty.
  std::string before(const Step& step, const World& world, const RunFacts& facts);
  /// After `facts` took the step.
  void after(const Step& step, const World& world, const RunFacts& facts);
  /// At the end of the run.
  std::string finish(const World& world, const RunFacts& facts);

 private:
  void open(Instant from);
  void come_again(Instant now, const World& world, const RunFacts& facts);
  bool was_kept(Instant now, const World& world, const RunFacts& facts) const;
  std::string judge(Instant at, const World& world, const RunFacts& facts);
  bool has_happened() const;
  void note_kept(Instant from);

  Claim claim_;
  std::optional<Trigger> trigger_;
  std::optional<Instant> from_;      // while the time runs
  std::optional<Instant> next_;      // the latest to come meanwhile
  bool came_to_hold_ = false;        // the state, after `from_`
  std::vector<HostIndex> happened_;  // to whom the event has, since then
  std::optional<Instant> since_;     // when the state came to hold, or the event was complete
  std::string why_not_;              // the state does not hold, at facts version `version_`
  std::optional<std::uint64_t> version_;
  std::uint64_t judged_ = 0;
  std::optional<Instant> failed_at_;
  std::vector<std::int64_t> took_;  // nanoseconds, each time that it was kept
};

}  // namespace tickover::sim
