#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/world/run.h"

namespace tickover::sim {

/// Remembers of each step what led to it and what it led to, so that a failure can be told from
/// what started it.
class CauseLog final : public Watcher {
 public:
  void see(const Step& step, const World& world) override;

  /// One datagram on its way. What a link did to it shows in `fate`.
  struct Sending {
    std::string what;  // "Refresh request 3, copy 2"
    std::string to;    // as the link calls its end
    Fate fate;
    bool is_odd = false;    // a fault or the dice had a hand in it
    bool is_early = false;  // sooner than the link would bring it
  };
  struct Event {
    std::uint64_t step = 0;
    std::uint64_t cause = 0;
    Instant time;
    std::string host;               // empty if nobody was touched
    std::string note;               // what happened to the host: "starts", "wakes: retransmit"
    bool is_arrival = false;        // then the arrow of the step that sent it says what
    std::vector<std::string> told;  // to its application: "allocation gained", "gives up: …"
    std::vector<Sending> sent;
    bool is_kept = false;  // told of however long ago it was
  };
  /// Null if the step is unknown, or too long ago.
  const Event* find(std::uint64_t step) const;
  /// All that are known, in their order.
  std::vector<const Event*> events() const;
  /// Of the scenario.
  const std::vector<std::string>& hosts() const { return hosts_; }

 private:
  /// Marks what is worth to be told for long, and what it answers.
  void keep(Event& event);

  /// Older steps are forgotten, but for those that are kept.
  static constexpr std::size_t most = 200'000;
  static constexpr std::size_t most_kept = 10'000;
  std::deque<Event> events_;
  std::deque<Event> kept_;  // older than those
  std::vector<std::string> hosts_;
};

/// How a run came to break a promise: a sequence diagram, one line per datagram or event, with time
/// and the hosts in columns. It shows the chain of causes back from the breach, what was lost, late
/// or doubled on the way, and what the hosts made of it. At most `most_lines` of it. Where too many
/// hosts are about for a column each, it tells of those that the breach names and of those on the
/// chain.
std::vector<std::string> why(const CauseLog& log, const Breach& breach,
                             std::size_t most_lines = 40);

}  // namespace tickover::sim
