#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stun/integrity.h"
#include "core/stun/message_view.h"
#include "core/turn/server/config.h"
#include "core/turn/server/nonce.h"

namespace tickover::turn {

/// Names one of the configured users.
enum class UserId : std::uint32_t {};

/// The server's half of the long-term credential mechanism (RFC 8489, section 9.2.4). It keeps
/// keys, no passwords, and nothing about clients.
class Authenticator {
 public:
  Authenticator(const ServerConfig& config, Random random, Instant now);

  /// Who signed the request, or the code to refuse it with: 400, 401 or 438. The nonce is looked
  /// at last, and an unknown user costs what a wrong password does (PROTOCOL A1..A7, W2, AB14).
  std::expected<UserId, stun::ErrorCode> check(const stun::MessageView& request,
                                               const Endpoint& client, Instant now) const;

  const std::string& realm() const { return realm_; }
  const std::string& name(UserId user) const { return users_[index(user)].name; }
  const stun::IntegrityKey& key(UserId user) const { return users_[index(user)].key; }
  std::size_t user_count() const { return users_.size(); }
  Nonce fresh_nonce(const Endpoint& client, Instant now) const { return mint_.issue(client, now); }

  bool operator==(const Authenticator&) const = default;

  static std::size_t index(UserId user) { return static_cast<std::size_t>(user); }

 private:
  struct Entry {
    std::string name;
    stun::IntegrityKey key;
    bool operator==(const Entry&) const = default;
  };
  std::optional<UserId> find(std::string_view username) const;

  std::string realm_;
  std::vector<Entry> users_;  // by name
  stun::IntegrityKey nobody_;
  NonceMint mint_;
};

}  // namespace tickover::turn
