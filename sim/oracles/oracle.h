#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace tickover::sim {

class World;
struct Step;

/// What kind of promise was broken; it decides the exit code.
enum class BreachClass : std::uint8_t { invariant, expectation };

/// What of [expect] can be broken: one of its lists, or what every heal demands.
enum class ExpectPart : std::uint8_t {
  finally_,
  always,
  never,
  count,
  within,
  budget,
  fairness,
  heal
};

/// As the key in a scenario: "finally".
std::string_view name_of(ExpectPart part);

/// What a breach of an expectation is about, without when and why.
struct Broken {
  ExpectPart part{};
  std::string sentence;  // the one in that list: "alice has an allocation"; of a heal, the first
                         // thing that is missing
  bool operator==(const Broken&) const = default;
};

struct Breach {
  BreachClass breach_class{};
  std::string oracle;     // "P11"
  std::string statement;  // the sentence that does not hold, with its source
  std::string what;       // in this run: who, what, when
  std::uint64_t step = 0;
  Instant time;                   // simulated
  bool is_at_end = false;         // nobody knew before the run was over
  std::optional<Broken> of = {};  // none: nothing of [expect]

  bool operator==(const Breach&) const = default;
};

/// A named statement about a run. It sees datagrams, events and deadlines, never a machine's
/// privates; it counts how often it judged; it is copied with the world that it watches.
class Oracle {
 public:
  virtual ~Oracle() = default;
  virtual std::unique_ptr<Oracle> clone() const = 0;

  /// Short and stable: "P11". Files in scenarios/negative name it.
  virtual std::string_view id() const = 0;
  /// One sentence with its source: a BUGS property or an RFC clause.
  virtual std::string_view statement() const = 0;

  /// After every step. `world` is as it is after the step.
  virtual void observe(const Step& step, const World& world) = 0;
  /// Once, when the run has ended without a breach.
  virtual void finish(const World& world) { static_cast<void>(world); }

  std::uint64_t judgements() const { return judgements_; }
  const std::optional<Breach>& breach() const { return breach_; }

 protected:
  void judged() { ++judgements_; }
  /// The first one stays.
  void broken(const Step& step, std::string what, BreachClass kind = BreachClass::invariant,
              std::optional<Broken> of = {});
  void broken_at_end(const World& world, std::string what,
                     BreachClass kind = BreachClass::invariant, std::optional<Broken> of = {});

 private:
  std::uint64_t judgements_ = 0;
  std::optional<Breach> breach_;
};

/// The oracles of one world, as a regular value.
class Oracles {
 public:
  Oracles() = default;
  Oracles(const Oracles& other);
  Oracles& operator=(const Oracles& other);
  Oracles(Oracles&&) noexcept = default;
  Oracles& operator=(Oracles&&) noexcept = default;

  void add(std::unique_ptr<Oracle> oracle) { all_.push_back(std::move(oracle)); }
  const std::vector<std::unique_ptr<Oracle>>& all() const { return all_; }
  void observe(const Step& step, const World& world) {
    for (const auto& oracle : all_) oracle->observe(step, world);
  }
  void finish(const World& world) {
    for (const auto& oracle : all_) oracle->finish(world);
  }
  /// The first breach, in the order in which the oracles were added.
  const Breach* breach() const;

 private:
  std::vector<std::unique_ptr<Oracle>> all_;
};

}  // namespace tickover::sim
