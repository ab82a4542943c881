#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "properties/oracles/tampered.h"

namespace tickover::sim {

/// What a lying machine says instead of what is so; counts in `seen`.
using Lie = void (*)(Notice& notice, std::uint32_t& seen);

/// A client that works well and tells its application something else.
class Liar {
 public:
  using Event = Notice;
  Liar(AnyMachine inner, Lie lie) : inner_(std::move(inner)), lie_(lie) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }
  bool handle_command(const Command& command, Instant now) {
    return inner_.handle_command(command, now);
  }
  void handle_input(const Input& input, Instant now) { inner_.handle_input(input, now); }
  void handle_timeout(Instant now) { inner_.handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    return inner_.poll_transmit(buffer);
  }
  std::optional<Notice> poll_event() {
    auto notice = inner_.poll_event();
    if (notice) lie_(*notice, seen_);
    return notice;
  }
  std::optional<Timeout> poll_timeout() const { return inner_.poll_timeout(); }
  bool operator==(const Liar&) const = default;

 private:
  AnyMachine inner_;
  Lie lie_;
  std::uint32_t seen_ = 0;
};

inline std::string breach_of_liar(Stage stage, Lie lie) {
  Role twin = *stage.registry->find("turn-client");
  const auto make = twin.make;
  twin.make = [=](const RoleContext& context) { return AnyMachine(Liar(make(context), lie)); };
  stage.registry->add(std::move(twin));
  return breach_of(stage);
}

inline std::string breach_with(Stage stage, const char* role, Tampering tampering) {
  tamper(stage, role, tampering);
  return breach_of(stage);
}

/// A client that finds a quarter of the time long enough.
class Slow {
 public:
  using Event = Notice;
  explicit Slow(AnyMachine inner) : inner_(std::move(inner)) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }
  bool handle_command(const Command& command, Instant now) {
    return inner_.handle_command(command, slowed(now));
  }
  void handle_input(const Input& input, Instant now) { inner_.handle_input(input, slowed(now)); }
  void handle_timeout(Instant now) { inner_.handle_timeout(slowed(now)); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    return inner_.poll_transmit(buffer);
  }
  std::optional<Notice> poll_event() { return inner_.poll_event(); }
  std::optional<Timeout> poll_timeout() const {
    auto timeout = inner_.poll_timeout();
    if (timeout) timeout->at = Instant::at(timeout->at.since_origin() * 4);
    return timeout;
  }
  bool operator==(const Slow&) const = default;

 private:
  static Instant slowed(Instant now) {
    return Instant::at(Duration::nanoseconds(now.since_origin().count() / 4));
  }
  AnyMachine inner_;
};

/// What that one oracle objects to, whatever the others say.
inline std::string objection_of(std::string_view id, const Stage& stage) {
  const auto plan = stage.plan();
  World world(plan, make_oracles(*plan));
  while (world.next_time() <= Instant::at(plan->duration)) world.step();
  for (const auto& oracle : world.oracles().all()) {
    if (oracle->id() == id) return oracle->breach() ? oracle->breach()->what : "";
  }
  return "no such oracle";
}

inline testing::AssertionResult objects(const std::string& breach, const std::string& oracle,
                                        const std::string& words) {
  if (breach.starts_with(oracle + ": ") && breach.find(words) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "instead: " << breach;
}

inline Stage& cut_from(Stage& stage, Duration at) {
  stage.scenario.faults = {{.at = Range<Duration>(at), .action = Partition{"alice", "relay"}}};
  return stage;
}

inline bool is_type(const std::vector<std::uint8_t>& bytes, unsigned type) {
  return bytes.size() >= 20 && bytes[0] * 256u + bytes[1] == type;
}

}  // namespace tickover::sim
