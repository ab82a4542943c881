#pragma once

#include "core/stun/nonce_cookie.h"
#include "properties/turn_client/bench.h"

// A scripted relay that offers password algorithms and signs as it likes.
namespace tickover::properties {

using stun::PasswordAlgorithm;

inline constexpr PasswordAlgorithm md5 = PasswordAlgorithm::md5;
inline constexpr PasswordAlgorithm sha256 = PasswordAlgorithm::sha256;

inline stun::IntegrityKey key_of(PasswordAlgorithm by, const char* password = "secret",
                                 const char* realm = "example.org") {
  return stun::IntegrityKey::long_term("alice", realm, password, by);
}

/// A challenge as a relay of RFC 8489 makes it.
struct Offer {
  int code = 401;
  std::string nonce = "obMatJos2gAAAn1";
  std::vector<PasswordAlgorithm> list = {sha256, md5};  // empty: not sent
  std::string realm = "example.org";
};

inline void challenge_by(Bench& bench, const Sent& to, const Offer& offer = {}) {
  const auto write = [&](MessageWriter& writer) {
    writer.add_error(static_cast<stun::ErrorCode>(offer.code), "");
    writer.add_text(AttributeType::realm, offer.realm);
    writer.add_text(AttributeType::nonce, offer.nonce);
    if (!offer.list.empty()) {
      writer.add_password_algorithms(AttributeType::password_algorithms, offer.list);
    }
  };
  bench.answer(to, Class::error, write, std::nullopt);
}

/// Which MACs an answer gets.
struct Macs {
  std::optional<stun::IntegrityKey> sha1 = {};
  std::optional<stun::IntegrityKey> sha256 = key_of(PasswordAlgorithm::sha256);
};

inline Bench::Write signed_by(const Macs& macs, const Bench::Write& write) {
  return [=](MessageWriter& writer) {
    write(writer);
    if (macs.sha1) writer.add_integrity(*macs.sha1);
    if (macs.sha256) writer.add_integrity_sha256(*macs.sha256);
  };
}
inline void accept_by(Bench& bench, const Sent& to, const Macs& macs = {}) {
  const Method method = to.view().method();
  const auto write = [&](MessageWriter& writer) {
    if (method == Method::allocate) {
      writer.add_xor_address(AttributeType::xor_relayed_address, relayed);
      writer.add_xor_address(AttributeType::xor_mapped_address, mapped);
    }
    if (method == Method::allocate || method == Method::refresh) {
      writer.add_lifetime(to.lifetime() == Duration{} ? Duration{} : Duration(600s));
    }
  };
  bench.answer(to, Class::success, signed_by(macs, write), std::nullopt);
}
inline void refuse_by(Bench& bench, const Sent& to, int code, const Macs& macs = {}) {
  const auto write = [&](MessageWriter& w) { w.add_error(static_cast<stun::ErrorCode>(code), ""); };
  bench.answer(to, Class::error, signed_by(macs, write), std::nullopt);
}

/// An allocation on a relay that offered algorithms.
inline void allocate_by(Bench& bench, const Offer& offer = {}) {
  challenge_by(bench, bench.take_one(), offer);
  accept_by(bench, bench.take_one());
  EXPECT_TRUE(bench.client.allocation());
  bench.take_events();
}

inline std::vector<std::uint8_t> value_of(const Sent& sent, AttributeType type) {
  const auto value = sent.view().find(type);
  return value ? std::vector<std::uint8_t>(value->begin(), value->end())
               : std::vector<std::uint8_t>{0xff};
}

}  // namespace tickover::properties
