#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "core/stun/integrity.h"
#include "core/stun/message_view.h"
#include "core/turn/server/config.h"
#include "core/turn/server/nonce.h"

namespace tickover::turn {

/// Names a user in one server's tables: a keyed hash of the name, so that users who come and go
/// need no table of their own, and nobody can make two names that share one.
enum class UserId : std::uint64_t {};
constexpr std::uint64_t stable_hash(UserId user) {
  return static_cast<std::uint64_t>(user);
}

/// How everything that answers a request is signed: with the key that verified it, by
/// MESSAGE-INTEGRITY-SHA256 unless the request knew nothing of algorithms (PROTOCOL A8).
struct Signature {
  stun::IntegrityKey key;
  bool sha256 = false;

  bool operator==(const Signature&) const = default;
};

/// Who signed a request.
struct Identity {
  UserId user{};          // by the whole name: allocations belong to this one (PROTOCOL A24)
  UserId account{};       // by the name without its date: quotas count by this one (PROTOCOL R10)
  std::string_view name;  // valid as long as the request and the list of users are
  Signature signature;
};

/// The server's half of the long-term credential mechanism (RFC 8489, section 9.2.4). It keeps
/// keys, no passwords, and nothing about clients.
///
/// Beside the listed users, whoever knows `rest_secret` can make one for a limited time
/// (core/turn/rest_credentials.h). Such a user is valid while the wall clock reads less than the
/// date in the name, and never before that clock was told (BUGS D17).
class Authenticator {
 public:
  Authenticator(const ServerConfig& config, Random random, Instant now);

  // Queries.
  /// Who signed the request, or the code to refuse it with: 400, 401 or 438. The nonce is looked
  /// at last, and an unknown user costs what a wrong password does (PROTOCOL A1..A7, W2, AB14).
  std::expected<Identity, stun::ErrorCode> check(const stun::MessageView& request,
                                                 const Endpoint& client, Instant now) const;
  const std::string& realm() const { return realm_; }
  /// For PASSWORD-ALGORITHMS of every challenge; empty: none is sent (PROTOCOL 1.20/2).
  std::span<const stun::PasswordAlgorithm> offered() const { return offered_; }
  Nonce fresh_nonce(const Endpoint& client, Instant now) const { return mint_.issue(client, now); }

  // Commands.
  /// Replaces the listed users; ServerConfig says what they must be like.
  void set_users(std::span<const User> users);
  void set_wall_clock(WallTime wall, Instant now) { wall_ = {wall, now}; }

  bool operator==(const Authenticator&) const = default;

 private:
  struct Keys {
    stun::IntegrityKey md5;
    stun::IntegrityKey sha256;  // as md5 where SHA-256 is not offered
    bool operator==(const Keys&) const = default;
  };
  struct Entry {
    std::string name;
    UserId id{};
    stun::Sha256Digest hash{};  // USERHASH
    Keys keys;
    bool operator==(const Entry&) const = default;
  };
  /// How the key is made of the password, and whether the client said so.
  struct Choice {
    stun::PasswordAlgorithm algorithm = stun::PasswordAlgorithm::md5;
    bool stated = false;
  };
  struct WallReading {
    WallTime wall;
    Instant at;
    bool operator==(const WallReading&) const = default;
  };

  std::expected<Choice, stun::ErrorCode> choice(const stun::MessageView& request,
                                                std::string_view nonce) const;
  const Entry* find(const stun::MessageView& request) const;
  const Entry* find_hash(Bytes hash) const;
  UserId id_of(std::string_view name) const;
  stun::IntegrityKey temporary_key(std::string_view username,
                                   stun::PasswordAlgorithm algorithm) const;
  bool is_valid_now(std::string_view username, Instant now) const;

  std::string realm_;
  std::vector<stun::PasswordAlgorithm> offered_;
  bool username_anonymity_;
  std::vector<Entry> users_;  // by name
  std::optional<stun::IntegrityKey> rest_secret_;
  std::optional<WallReading> wall_;
  stun::IntegrityKey id_key_;
  stun::IntegrityKey nobody_;
  NonceMint mint_;
};

}  // namespace tickover::turn
