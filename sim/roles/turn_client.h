#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "core/turn/client/client.h"
#include "sim/any_machine.h"
#include "sim/roles/roles.h"

namespace tickover::sim {

/// A TURN client with an application: it wants every peer that it is told to send to or to expect.
class TurnClient {
 public:
  using Event = Notice;

  TurnClient(turn::ClientConfig config, bool uses_channels, Random random, Instant now)
      : client_(std::move(config), random, now), uses_channels_(uses_channels) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }

  bool handle_command(const Command& command, Instant now) {
    if (const auto* send = std::get_if<SendCommand>(&command)) {
      const turn::PeerAddress peer{send->to};
      if (client_.send(peer, send->payload, now)) return true;
      static_cast<void>(want(peer, now));
      return false;
    }
    if (const auto* reach = std::get_if<ReachCommand>(&command)) {
      return want(turn::PeerAddress{reach->peer}, now);
    }
    client_.close(now);
    return true;
  }

  void handle_input(const Input& input, Instant now) { client_.handle_input(input, now); }
  void handle_timeout(Instant now) { client_.handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    return client_.poll_transmit(buffer);
  }
  std::optional<Timeout> poll_timeout() const { return client_.poll_timeout(); }
  std::optional<Notice> poll_event() {
    const auto event = client_.poll_event();
    if (!event) return {};
    return std::visit(ToNotice{}, *event);
  }

  const turn::Client& client() const { return client_; }
  turn::Client& client() { return client_; }

  bool operator==(const TurnClient&) const = default;

 private:
  struct ToNotice {
    using Kind = Notice::Kind;
    Notice operator()(const turn::CandidateAdded& e) const {
      return {.kind = Kind::candidate_added,
              .name = "allocated",
              .local = e.relayed.endpoint,
              .remote = e.mapped.endpoint};
    }
    Notice operator()(const turn::CandidateRemoved& e) const {
      return {
          .kind = Kind::candidate_removed, .name = turn::name(e.why), .local = e.relayed.endpoint};
    }
    Notice operator()(const turn::ChannelBound& e) const {
      return {.kind = Kind::peer_ready,
              .name = "channel bound to",
              .remote = e.peer.endpoint,
              .number = e.number.value()};
    }
    Notice operator()(const turn::PermissionInstalled& e) const {
      return {
          .kind = Kind::peer_ready, .name = "permission installed for", .remote = e.peer.endpoint};
    }
    Notice operator()(const turn::PeerLost& e) const {
      return {.kind = Kind::peer_lost, .name = "peer lost:", .remote = e.peer.endpoint};
    }
    Notice operator()(const turn::PeerRefused& e) const {
      return {.kind = Kind::peer_lost,
              .name = "peer refused:",
              .remote = e.peer.endpoint,
              .number = static_cast<std::uint64_t>(e.code)};
    }
    Notice operator()(const turn::DataReceived& e) const {
      return {.kind = Kind::received,
              .name = "data received",
              .remote = e.peer.endpoint,
              .payload = e.payload};
    }
    Notice operator()(const turn::IcmpReceived& e) const {
      return {.name = "ICMP error from", .remote = e.peer.endpoint, .number = e.type};
    }
    Notice operator()(const turn::AllocationFailed& e) const {
      return {.kind = Kind::failed,
              .name = turn::name(e.why),
              .number = static_cast<std::uint64_t>(e.code)};
    }
  };

  bool want(const turn::PeerAddress& peer, Instant now) {
    return uses_channels_ ? client_.bind_channel(peer, now).has_value()
                          : client_.create_permission(peer, now).has_value();
  }

  turn::Client client_;
  bool uses_channels_;
};
static_assert(Machine<TurnClient>);

}  // namespace tickover::sim
