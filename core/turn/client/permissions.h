#pragma once

#include <vector>

#include "core/turn/addresses.h"
#include "core/turn/client/config.h"
#include "core/turn/client/timer.h"

namespace tickover::turn::client {

/// The permissions that were asked for by themselves, one per IP address (RFC 8656, section 9).
/// Those that come with a channel belong to the channel.
class Permissions {
 public:
  static constexpr Duration lifetime = std::chrono::minutes(5);
  static constexpr std::size_t most = 4096;

  explicit Permissions(const ClientConfig& config) : refresh_period_(config.permission_refresh) {}

  // Queries. `surely` trusts a confirmed request from its first copy on, `possibly` any from its
  // last copy on.
  bool surely_permits(const IpAddress& ip, Instant now) const;
  bool possibly_permits(const IpAddress& ip, Instant now) const;
  bool has_room_for(const PeerAddress& peer) const;
  Due due() const { return due_; }

  // Commands. `want` needs room (CHECK).
  void want(const PeerAddress& peer, Instant now);
  bool release(const PeerAddress& peer);

  // The allocation comes and goes. Wanted peers stay.
  void allocated(Instant now);
  void deallocated();

  // Time.
  std::vector<PeerAddress> take_due(Instant now);
  std::vector<PeerAddress> take_expired(Instant now);

  // The fate of a CreatePermission.
  void sent(const PeerAddress& peer, Instant now);
  bool confirmed(const PeerAddress& peer, Instant asked_at, Instant now);
  void failed(const PeerAddress& peer, Instant retry_at);
  /// A 5xx. False if there were so many in a row that the request has failed.
  bool server_error(const PeerAddress& peer, Instant retry_at);
  void refused(const PeerAddress& peer);

  bool operator==(const Permissions&) const = default;

 private:
  struct Permission {
    PeerAddress peer;  // as first asked for; only its IP address counts
    bool wanted = true;
    bool creating = false;  // queued or under way
    bool confirmed = false;
    Instant create_at = Instant::never();
    Instant expires_at = long_ago;
    std::uint8_t server_errors = 0;  // in a row
    Instant last_sent = long_ago;

    const IpAddress& ip() const { return peer.endpoint.ip; }
    bool operator==(const Permission&) const = default;
  };
  Permission* find(const IpAddress& ip);
  const Permission* find(const IpAddress& ip) const;
  Permission& existing(const PeerAddress& peer);
  void recompute_due();

  Duration refresh_period_;
  bool active_ = false;
  std::vector<Permission> permissions_;  // by IP address
  Due due_;
};

}  // namespace tickover::turn::client
