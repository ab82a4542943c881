#include "core/turn/client/credentials.h"

#include "core/stun/nonce_cookie.h"

namespace tickover::turn::client {

using stun::AttributeType;
using stun::PasswordAlgorithm;

bool hides_algorithms(const stun::MessageView& message) {
  const auto nonce = message.text(AttributeType::nonce);
  if (!nonce) return false;
  const auto features = stun::security_features(*nonce);
  return features && features->password_algorithms &&
         !message.has(AttributeType::password_algorithms);
}

bool Credentials::verify(const stun::MessageView& answer) const {
  if (!known_) return false;
  if (algorithm_ || answer.has_integrity_sha256()) return answer.verifies_sha256(key_);
  return answer.verifies(key_);
}

std::optional<Credentials::Refusal> Credentials::learn(const Challenge& challenge,
                                                       const ClientConfig& config,
                                                       std::uint32_t login) {
  if (known_ && username_ != config.username) {
    // All that is left to do is to delete an allocation, under the name that it was made by.
    nonce_ = challenge.nonce;
    return {};
  }
  auto algorithm = algorithm_;
  if (challenge.algorithms) {
    algorithm = challenge.algorithms->first_supported();
    if (!algorithm) return Refusal::no_common_algorithm;
  }
  const auto features = stun::security_features(challenge.nonce);
  const bool is_hidden = is_hidden_ || (features && features->username_anonymity);
  if (config.hide_username && !is_hidden) return Refusal::name_not_hidden;

  if (!known_ || login != login_ || challenge.realm != realm_ || algorithm != algorithm_) {
    username_ = config.username;
    realm_ = challenge.realm;
    algorithm_ = algorithm;
    key_ = stun::IntegrityKey::long_term(username_, realm_, config.password,
                                         algorithm.value_or(PasswordAlgorithm::md5));
    login_ = login;
    known_ = true;
  }
  if (challenge.algorithms) {
    const Bytes list = challenge.algorithms->bytes();
    algorithms_.assign(list.begin(), list.end());
  }
  is_hidden_ = is_hidden;
  nonce_ = challenge.nonce;
  return {};
}

}  // namespace tickover::turn::client
