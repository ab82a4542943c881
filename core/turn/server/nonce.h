#pragma once

#include <array>
#include <string_view>

#include "core/address.h"
#include "core/random.h"
#include "core/stun/integrity.h"
#include "core/stun/nonce_cookie.h"
#include "core/time.h"

namespace tickover::turn {

/// A NONCE as it stands on the wire.
struct Nonce {
  std::array<char, 37> characters{};
  std::string_view text() const { return {characters.data(), characters.size()}; }
};

/// Issues nonces and knows its own again without keeping any: a nonce begins with the nonce cookie
/// (PROTOCOL A9), and holds its time of issue and a MAC over that, the cookie's features and the
/// client's address (RFC 8489, section 9.2; PROTOCOL A2, AB4, AB11). So nobody can take a feature
/// out of it, either (AB16).
class NonceMint {
 public:
  /// Times of issue are counted from `epoch`, so that no absolute time shows on the wire.
  NonceMint(Random random, Duration lifetime, stun::SecurityFeatures features, Instant epoch);

  Nonce issue(const Endpoint& client, Instant now) const;
  /// Whether this mint issued `text` to `client` less than a lifetime ago. Times of issue are whole
  /// milliseconds, rounded down.
  bool is_fresh(std::string_view text, const Endpoint& client, Instant now) const;

  bool operator==(const NonceMint&) const = default;

 private:
  Nonce make(const Endpoint& client, std::uint64_t issued) const;

  stun::IntegrityKey key_;
  Duration lifetime_;
  stun::SecurityFeatures features_;
  Instant epoch_;
};

}  // namespace tickover::turn
