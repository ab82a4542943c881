#include "core/turn/client/permissions.h"

#include <algorithm>

#include "core/check.h"

namespace tickover::turn::client {

bool Permissions::surely_permits(const IpAddress& ip, Instant now) const {
  const Permission* permission = find(ip);
  return permission != nullptr && permission->confirmed && now < permission->expires_at;
}

bool Permissions::possibly_permits(const IpAddress& ip, Instant now) const {
  const Permission* permission = find(ip);
  return permission != nullptr &&
         now < std::max(permission->expires_at, permission->last_sent + lifetime);
}

bool Permissions::has_room_for(const PeerAddress& peer) const {
  return find(peer.endpoint.ip) != nullptr || permissions_.size() < most;
}

void Permissions::want(const PeerAddress& peer, Instant now) {
  CHECK(has_room_for(peer));
  Permission* permission = find(peer.endpoint.ip);
  if (permission == nullptr) {
    const auto place =
        std::ranges::lower_bound(permissions_, peer.endpoint.ip, {}, &Permission::ip);
    permission = &*permissions_.insert(place, Permission{.peer = peer});
  } else if (permission->wanted) {
    return;
  }
  permission->wanted = true;
  permission->create_at = now;
  recompute_due();
}

bool Permissions::release(const PeerAddress& peer) {
  Permission* permission = find(peer.endpoint.ip);
  if (permission == nullptr || !permission->wanted) return false;
  permission->wanted = false;
  if (!active_) {
    std::erase_if(permissions_, [](const Permission& p) { return !p.wanted; });
  }
  recompute_due();
  return true;
}

void Permissions::allocated(Instant now) {
  active_ = true;
  for (Permission& permission : permissions_) permission.create_at = now;
  recompute_due();
}

void Permissions::deallocated() {
  active_ = false;
  std::erase_if(permissions_, [](const Permission& permission) { return !permission.wanted; });
  for (Permission& permission : permissions_) permission = Permission{.peer = permission.peer};
  recompute_due();
}

std::vector<PeerAddress> Permissions::take_due(Instant now) {
  std::vector<PeerAddress> due;
  if (!active_) return due;
  for (Permission& permission : permissions_) {
    if (!permission.wanted || permission.creating || permission.create_at > now) continue;
    permission.creating = true;
    due.push_back(permission.peer);
  }
  recompute_due();
  return due;
}

std::vector<PeerAddress> Permissions::take_expired(Instant now) {
  std::vector<PeerAddress> expired;
  for (Permission& permission : permissions_) {
    if (!permission.confirmed || permission.expires_at > now) continue;
    permission.confirmed = false;
    expired.push_back(permission.peer);
  }
  std::erase_if(permissions_, [](const Permission& permission) {
    return !permission.wanted && !permission.creating && !permission.confirmed;
  });
  recompute_due();
  return expired;
}

void Permissions::sent(const PeerAddress& peer, Instant now) {
  existing(peer).last_sent = now;
}

bool Permissions::confirmed(const PeerAddress& peer, Instant asked_at, Instant now) {
  Permission& permission = existing(peer);
  permission.server_errors = 0;
  const bool was_there = permission.confirmed && now < permission.expires_at;
  permission.creating = false;
  permission.expires_at = asked_at + lifetime;
  permission.confirmed = now < permission.expires_at;
  permission.create_at = now + refresh_period_;
  recompute_due();
  return permission.confirmed && !was_there;
}

void Permissions::failed(const PeerAddress& peer, Instant retry_at) {
  Permission& permission = existing(peer);
  permission.creating = false;
  permission.create_at = retry_at;
  recompute_due();
}

bool Permissions::server_error(const PeerAddress& peer, Instant retry_at) {
  Permission& permission = existing(peer);
  if (++permission.server_errors > most_server_errors) return false;
  failed(peer, retry_at);
  return true;
}

void Permissions::refused(const PeerAddress& peer) {
  Permission& permission = existing(peer);
  permission.creating = false;
  permission.wanted = false;
  permission.server_errors = 0;
  recompute_due();
}

Permissions::Permission* Permissions::find(const IpAddress& ip) {
  const auto place = std::ranges::lower_bound(permissions_, ip, {}, &Permission::ip);
  return place == permissions_.end() || place->ip() != ip ? nullptr : &*place;
}

const Permissions::Permission* Permissions::find(const IpAddress& ip) const {
  const auto place = std::ranges::lower_bound(permissions_, ip, {}, &Permission::ip);
  return place == permissions_.end() || place->ip() != ip ? nullptr : &*place;
}

Permissions::Permission& Permissions::existing(const PeerAddress& peer) {
  Permission* permission = find(peer.endpoint.ip);
  CHECK(permission != nullptr);
  return *permission;
}

void Permissions::recompute_due() {
  due_ = {};
  if (!active_) return;
  for (const Permission& permission : permissions_) {
    if (permission.wanted && !permission.creating) {
      due_ = sooner(due_, Due{permission.create_at, Timer::permission_create});
    }
    if (permission.confirmed) {
      due_ = sooner(due_, Due{permission.expires_at, Timer::permission_expiry});
    }
    // One that was refused has nothing to wait for.
    if (!permission.wanted && !permission.creating && !permission.confirmed) {
      due_ = sooner(due_, Due{long_ago, Timer::permission_expiry});
    }
  }
}

}  // namespace tickover::turn::client
