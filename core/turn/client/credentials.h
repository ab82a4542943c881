#pragma once

#include <string>
#include <string_view>

#include "core/stun/integrity.h"

namespace tickover::turn::client {

/// What one relay has told one of our sockets about signing: realm, nonce and the key that follows.
/// Never carried over to another socket or server (BUGS C23).
class Credentials {
 public:
  bool known() const { return known_; }
  const std::string& realm() const { return realm_; }
  const std::string& nonce() const { return nonce_; }
  const stun::IntegrityKey& key() const { return key_; }

  void learn(std::string_view username, std::string_view password, std::string_view realm,
             std::string_view nonce) {
    if (!known_ || realm != realm_) {
      realm_ = realm;
      key_ = stun::IntegrityKey::long_term(username, realm, password);
      known_ = true;
    }
    nonce_ = nonce;
  }

  bool operator==(const Credentials&) const = default;

 private:
  bool known_ = false;
  std::string realm_;
  std::string nonce_;
  stun::IntegrityKey key_;
};

}  // namespace tickover::turn::client
