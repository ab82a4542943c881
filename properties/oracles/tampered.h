#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "properties/oracles/turn_scene.h"
#include "sim/roles/roles.h"

namespace tickover::sim {

/// What a defective machine does to a datagram that it wanted to send: changes its bytes, or says
/// how often it leaves (0: swallowed, 2: twice at once). Counts what it has seen in `seen`.
using Tampering = int (*)(std::vector<std::uint8_t>& bytes, std::uint32_t& seen);

/// A machine of a built-in role with a defect at its socket or at its deadline.
class Tampered {
 public:
  using Event = Notice;

  Tampered(AnyMachine inner, Tampering tampering, Duration late)
      : inner_(std::move(inner)), tampering_(tampering), late_(late) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }

  bool handle_command(const Command& command, Instant now) {
    return inner_.handle_command(command, now);
  }
  void handle_input(const Input& input, Instant now) { inner_.handle_input(input, now); }
  void handle_timeout(Instant now) { inner_.handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    for (;;) {
      if (copies_ == 0) {
        const auto transmit = inner_.poll_transmit(buffer);
        if (!transmit || !std::holds_alternative<Send>(*transmit)) return transmit;
        send_ = std::get<Send>(*transmit);
        bytes_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(send_.size));
        copies_ = tampering_ ? tampering_(bytes_, seen_) : 1;
        send_.size = bytes_.size();
        if (copies_ == 0) continue;
      }
      --copies_;
      std::copy(bytes_.begin(), bytes_.end(), buffer.begin());
      return send_;
    }
  }
  std::optional<Notice> poll_event() { return inner_.poll_event(); }
  std::optional<Timeout> poll_timeout() const {
    auto timeout = inner_.poll_timeout();
    if (timeout) timeout->at += late_;
    return timeout;
  }

  bool operator==(const Tampered&) const = default;

 private:
  AnyMachine inner_;
  Tampering tampering_;
  Duration late_;
  std::uint32_t seen_ = 0;
  std::vector<std::uint8_t> bytes_;
  Send send_;
  int copies_ = 0;
};

/// Replaces a role by its defective twin.
inline void tamper(Stage& stage, const char* role, Tampering tampering, Duration late = {}) {
  Role twin = *stage.registry->find(role);
  const auto make = twin.make;
  twin.make = [=](const RoleContext& context) {
    return AnyMachine(Tampered(make(context), tampering, late));
  };
  stage.registry->add(std::move(twin));
}

/// Replaces a role by one that has other settings than the scenario says. It shows its tables only
/// if asked to, so that else only what it does betrays it.
inline void deceive(Stage& stage, const char* role, Settings real, bool shows_tables = false) {
  Role twin = *stage.registry->find(role);
  const auto make = twin.make;
  twin.make = [=](const RoleContext& c) {
    return make(RoleContext{c.self, c.hosts, real, c.random, c.now, c.first_random, c.first_boot});
  };
  if (!shows_tables) twin.probe = nullptr;
  stage.registry->add(std::move(twin));
}

}  // namespace tickover::sim
