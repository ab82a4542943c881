#pragma once

#include <algorithm>
#include <vector>

#include "core/address.h"
#include "core/time.h"

namespace tickover::turn {

/// The IP addresses that may send to one relayed address (RFC 8656, section 9): the port plays no
/// part. Each is gone at the very instant of its expiry.
class PermissionTable {
 public:
  struct Permission {
    IpAddress ip;
    Instant expiry;
    bool operator==(const Permission&) const = default;
  };

  bool contains(const IpAddress& ip) const { return find(ip) != nullptr; }
  bool allows(const IpAddress& ip, Instant now) const {
    const Permission* permission = find(ip);
    return permission != nullptr && now < permission->expiry;
  }
  const std::vector<Permission>& entries() const { return entries_; }  // by address
  std::size_t size() const { return entries_.size(); }
  /// Never if there is none.
  Instant earliest_expiry() const { return earliest_; }

  /// Whether the order and the earliest expiry are those of the entries.
  bool is_consistent() const {
    PermissionTable fresh = *this;
    fresh.find_earliest();
    return fresh.earliest_ == earliest_ &&
           std::ranges::is_sorted(entries_, std::ranges::less_equal{}, &Permission::ip);
  }

  /// Installs or refreshes; true if it is new.
  bool install(const IpAddress& ip, Instant expiry) {
    const auto at = std::ranges::lower_bound(entries_, ip, {}, &Permission::ip);
    if (at != entries_.end() && at->ip == ip) {
      at->expiry = expiry;
      find_earliest();
      return false;
    }
    entries_.insert(at, {ip, expiry});
    earliest_ = std::min(earliest_, expiry);
    return true;
  }
  /// Removes what has expired, reporting each (const Permission&).
  template <class Report>
  void expire(Instant now, Report&& report) {
    std::erase_if(entries_, [&](const Permission& permission) {
      const bool gone = permission.expiry <= now;
      if (gone) report(permission);
      return gone;
    });
    find_earliest();
  }

  bool operator==(const PermissionTable&) const = default;

 private:
  const Permission* find(const IpAddress& ip) const {
    const auto at = std::ranges::lower_bound(entries_, ip, {}, &Permission::ip);
    return at != entries_.end() && at->ip == ip ? &*at : nullptr;
  }

  void find_earliest() {
    earliest_ = Instant::never();
    for (const Permission& p : entries_) earliest_ = std::min(earliest_, p.expiry);
  }

  std::vector<Permission> entries_;
  Instant earliest_ = Instant::never();
};

}  // namespace tickover::turn
