#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/random.h"
#include "sim/live/driver.h"
#include "sim/live/echo_meter.h"
#include "sim/live/echo_peer.h"

namespace tickover::sim::live {

/// Where the echoes of one client come from.
struct EchoOptions {
  std::size_t size = 100;
  std::uint64_t rate = 10;            // a second
  std::optional<Endpoint> peer = {};  // somebody who echoes; none: a peer of our own
  std::vector<Observer*> observers = {};
};

/// Sends numbered datagrams from a TURN client through its relay, and counts what comes back.
///
/// Its own peer is a socket on this host: first where the relay sees the client, and if the relay
/// denies that as a peer (as relays deny loopback addresses), at this host's other addresses, one
/// after the other. The peer knocks at the relayed address, so the client learns where the relay
/// sees it, behind a NAT too.
class Echo final : public Observer {
 public:
  /// Observes the client, which must live as long.
  Echo(Driver& client, EchoOptions options, Random random);
  ~Echo() override { *alive_ = false; }

  const EchoMeter& meter() const { return meter_; }
  /// Sends nothing any more; waits for nothing.
  void end();
  /// Why there is nobody to send to, as a sentence; empty as long as there may be somebody.
  const std::string& no_peer() const { return no_peer_; }
  std::optional<Endpoint> target() const { return target_; }

  void told(const Driver&, const Notice& notice, Instant now) override;

 private:
  void allocated(const Notice& notice);
  void refused(const Endpoint& peer, std::uint64_t code);
  void next_peer();
  void begin(const IpAddress& place);
  void tell_peer();
  void reach(const Endpoint& target);
  void tick();
  void heard(const Notice& notice, Instant now);
  /// The client's machine must not be changed while it is being drained.
  void later(std::function<void()> what);

  Driver& client_;
  EchoOptions options_;
  std::uint64_t tag_;
  EchoMeter meter_;
  std::vector<std::uint8_t> bytes_;
  std::optional<Driver> peer_;
  std::vector<IpAddress> places_;  // where the peer can be, the next one last
  std::optional<Endpoint> relayed_;
  std::optional<Endpoint> target_;
  bool is_ready_ = false;
  bool is_ticking_ = false;
  std::string no_peer_;
  bool ended_ = false;
  Instant tick_at_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tickover::sim::live
