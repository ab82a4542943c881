#include "core/turn/server/authenticator.h"

#include <algorithm>

namespace tickover::turn {

using stun::AttributeType;
using stun::ErrorCode;

Authenticator::Authenticator(const ServerConfig& config, Random random, Instant now)
    : realm_(config.realm), mint_(random, config.nonce_lifetime, now) {
  for (const User& user : config.users) {
    users_.push_back(
        {user.name, stun::IntegrityKey::long_term(user.name, config.realm, user.password)});
  }
  std::ranges::sort(users_, {}, &Entry::name);
}

std::optional<UserId> Authenticator::find(std::string_view username) const {
  const auto at = std::ranges::lower_bound(users_, username, {}, &Entry::name);
  if (at == users_.end() || at->name != username) return {};
  return static_cast<UserId>(at - users_.begin());
}

std::expected<UserId, ErrorCode> Authenticator::check(const stun::MessageView& request,
                                                      const Endpoint& client, Instant now) const {
  if (!request.has_integrity()) return std::unexpected(ErrorCode::unauthenticated);
  const auto username = request.text(AttributeType::username);
  const auto realm = request.text(AttributeType::realm);
  const auto nonce = request.text(AttributeType::nonce);
  if (!username || !realm || !nonce) return std::unexpected(ErrorCode::bad_request);

  const std::optional<UserId> user = find(*username);
  const bool signed_well = request.verifies(user ? key(*user) : nobody_);
  if (!user || *realm != realm_ || !signed_well) {
    return std::unexpected(ErrorCode::unauthenticated);
  }
  if (!mint_.is_fresh(*nonce, client, now)) return std::unexpected(ErrorCode::stale_nonce);
  return *user;
}

}  // namespace tickover::turn
