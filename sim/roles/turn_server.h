#pragma once

#include <optional>
#include <utility>

#include "core/turn/server/server.h"
#include "sim/any_machine.h"
#include "sim/relay_probe.h"
#include "sim/roles/roles.h"
#include "sim/roles/scripted_answers.h"

namespace tickover::sim {

/// The TURN server with what logs and oracles ask of a machine.
class TurnServer {
 public:
  using Event = Notice;

  TurnServer(turn::ServerConfig config, Random random, Instant now, ScriptedAnswers scripted = {})
      : server_(std::move(config), random, now), scripted_(std::move(scripted)) {}

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }

  void handle_input(const Input& input, Instant now) {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram && datagram->local.port == stun_port && scripted_.answer(*datagram, own_)) return;
    server_.handle_input(input, now);
  }
  void handle_timeout(Instant now) { server_.handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    if (auto own = own_.poll(buffer)) return own;
    return server_.poll_transmit(buffer);
  }
  std::optional<Timeout> poll_timeout() const { return server_.poll_timeout(); }

  std::optional<Notice> poll_event() {
    const auto event = server_.poll_event();
    if (!event) return {};
    Notice notice{.name = turn::name(event->kind), .local = event->relayed.endpoint};
    if (notice.local == Endpoint{}) notice.local = event->local;
    notice.remote = event->peer ? event->peer->endpoint : event->client.endpoint;
    notice.number = event->channel ? event->channel->value() : 0;
    return notice;
  }

  /// Its tables, for oracles.
  RelayProbe probe() const {
    RelayProbe probe{.allocation_count = server_.allocation_count(),
                     .ports_in_use = server_.ports_in_use(),
                     .reserved_ports = server_.reservation_count(),
                     .is_consistent = server_.is_consistent()};
    for (turn::AllocationProbe& from : server_.allocations()) {
      RelayProbe::Allocation& to = probe.allocations.emplace_back();
      to.client = from.tuple.client.endpoint;
      to.server = from.tuple.server;
      to.relayed = from.relayed.endpoint;
      to.user = std::move(from.user);
      to.expiry = from.expiry;
      for (const auto& entry : from.permissions) to.permissions.push_back({entry.ip, entry.expiry});
      for (const auto& entry : from.channels) {
        to.channels.push_back({entry.number.value(), entry.peer, entry.expiry});
      }
    }
    return probe;
  }

  const turn::Server& server() const { return server_; }
  turn::Server& server() { return server_; }

  bool operator==(const TurnServer&) const = default;

 private:
  turn::Server server_;
  ScriptedAnswers scripted_;
  TransmitQueue own_;
};
static_assert(Machine<TurnServer>);

}  // namespace tickover::sim
