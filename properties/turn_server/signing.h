#pragma once

#include "core/stun/nonce_cookie.h"
#include "properties/turn_server/bench.h"

// Requests signed in every way that RFC 8489 knows, and in some that it forbids.
namespace tickover::turn::bench {

using stun::PasswordAlgorithm;

inline constexpr PasswordAlgorithm md5 = PasswordAlgorithm::md5;
inline constexpr PasswordAlgorithm sha256 = PasswordAlgorithm::sha256;

inline stun::IntegrityKey key_of(const Credentials& who, PasswordAlgorithm by) {
  return stun::IntegrityKey::long_term(who.username, who.realm, who.password, by);
}

/// What a request says about its signature, and which MACs it has.
struct Signing {
  std::vector<PasswordAlgorithm> list = {sha256, md5};  // empty: no PASSWORD-ALGORITHMS
  std::vector<PasswordAlgorithm> choice = {sha256};     // empty: no PASSWORD-ALGORITHM
  bool by_hash = false;                                 // USERHASH instead of USERNAME
  std::optional<stun::IntegrityKey> sha1_mac = {};
  std::optional<stun::IntegrityKey> sha256_mac = {};
};

/// As RFC 8489 wants it from a client that was offered algorithms.
inline Signing modern(const Credentials& who, PasswordAlgorithm by = sha256) {
  return {.choice = {by}, .sha256_mac = key_of(who, by)};
}
/// As RFC 5389 did.
inline Signing legacy(const Credentials& who) {
  return {.list = {}, .choice = {}, .sha1_mac = key_of(who, md5)};
}

inline Buffer signed_request(const Client& client, Method method, const Fill& fill,
                             const Signing& how, std::optional<stun::TransactionId> id = {}) {
  const Credentials& who = client.credentials;
  Buffer buffer(4000);
  MessageWriter writer(buffer, {method, Class::request}, id.value_or(client.fresh_id()));
  fill(writer);
  if (how.by_hash) {
    writer.add(AttributeType::userhash, stun::user_hash(who.username, who.realm));
  } else {
    writer.add_text(AttributeType::username, who.username);
  }
  writer.add_text(AttributeType::realm, who.realm);
  writer.add_text(AttributeType::nonce, who.nonce);
  if (!how.list.empty()) {
    writer.add_password_algorithms(AttributeType::password_algorithms, how.list);
  }
  if (!how.choice.empty()) {
    writer.add_password_algorithms(AttributeType::password_algorithm, how.choice);
  }
  if (how.sha1_mac) writer.add_integrity(*how.sha1_mac);
  if (how.sha256_mac) writer.add_integrity_sha256(*how.sha256_mac);
  EXPECT_TRUE(writer.ok());
  return copy(writer.bytes());
}

inline Answer ask(const Client& client, Method method, const Signing& how,
                  const Fill& fill = nothing) {
  return client.answer_to(signed_request(client, method, fill, how));
}
/// Signed as a client of RFC 8489 signs.
inline Answer ask(const Client& client, Method method, const Fill& fill = nothing) {
  return ask(client, method, modern(client.credentials), fill);
}

/// The text of PASSWORD-ALGORITHMS of a challenge, or nothing.
inline std::optional<Buffer> offer_of(const Answer& answer) {
  const auto list = answer.view().find(AttributeType::password_algorithms);
  return list ? std::optional(copy(*list)) : std::nullopt;
}

}  // namespace tickover::turn::bench
