#include "core/turn/server/authenticator.h"

#include <algorithm>
#include <array>

#include "core/stun/nonce_cookie.h"
#include "core/turn/rest_credentials.h"
#include "core/utf8.h"

namespace tickover::turn {

using stun::AttributeType;
using stun::ErrorCode;
using stun::IntegrityKey;
using stun::PasswordAlgorithm;

namespace {

IntegrityKey draw_key(Random random) {
  std::array<std::uint8_t, 32> secret{};
  random.fill(secret);
  return IntegrityKey::raw(secret);
}

/// Until when such a name is valid; nothing if it names no date.
std::optional<WallTime> end_of_validity(std::string_view username) {
  const std::string_view digits = username.substr(0, username.find(':'));
  if (digits.empty() || digits.size() > 18) return {};
  std::int64_t count = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return {};
    count = 10 * count + (c - '0');
  }
  return WallTime::at(std::chrono::seconds(count));
}

std::string_view account_of(std::string_view username) {
  const std::size_t colon = username.find(':');
  return colon == std::string_view::npos ? username : username.substr(colon + 1);
}

}  // namespace

Authenticator::Authenticator(const ServerConfig& config, Random random, Instant now)
    : realm_(config.realm),
      offered_(config.password_algorithms),
      username_anonymity_(config.username_anonymity),
      id_key_(draw_key(random.split(hash_text("user id")))),
      mint_(random.split(hash_text("nonce")), config.nonce_lifetime,
            {.password_algorithms = !config.password_algorithms.empty(),
             .username_anonymity = config.username_anonymity},
            now) {
  if (!config.rest_secret.empty()) {
    rest_secret_ = IntegrityKey::raw(as_bytes(config.rest_secret));
  }
  set_users(config.users);
}

void Authenticator::set_users(std::span<const User> users) {
  const bool needs_sha256 =
      std::ranges::find(offered_, PasswordAlgorithm::sha256) != offered_.end();
  users_.clear();
  for (const User& user : users) {
    const auto md5 = IntegrityKey::long_term(user.name, realm_, user.password);
    const auto sha256 = needs_sha256 ? IntegrityKey::long_term(user.name, realm_, user.password,
                                                               PasswordAlgorithm::sha256)
                                     : md5;
    users_.push_back(
        {user.name, id_of(user.name), stun::user_hash(user.name, realm_), {md5, sha256}});
  }
  std::ranges::sort(users_, {}, &Entry::name);
}

UserId Authenticator::id_of(std::string_view name) const {
  const stun::Sha1Digest digest = id_key_.digest(as_bytes(name));
  return static_cast<UserId>(ByteReader(digest).u64());
}

const Authenticator::Entry* Authenticator::find(const stun::MessageView& request) const {
  const auto username = request.text(AttributeType::username);
  if (!username) return find_hash(*request.userhash());
  const auto at = std::ranges::lower_bound(users_, *username, {}, &Entry::name);
  return at != users_.end() && at->name == *username ? &*at : nullptr;
}

// Every hash is looked at, so that the time tells nothing about any (PROTOCOL AB15).
const Authenticator::Entry* Authenticator::find_hash(Bytes hash) const {
  const Entry* found = nullptr;
  for (const Entry& entry : users_) {
    if (stun::equal_in_constant_time(entry.hash, hash)) found = &entry;
  }
  return found;
}

IntegrityKey Authenticator::temporary_key(std::string_view username,
                                          PasswordAlgorithm algorithm) const {
  const RestPassword password = rest_password(*rest_secret_, username);
  return IntegrityKey::long_term(username, realm_, {password.data(), password.size()}, algorithm);
}

bool Authenticator::is_valid_now(std::string_view username, Instant now) const {
  const auto end = end_of_validity(username);
  if (!end || !wall_ || username.size() > 508 || !is_utf8(username)) return false;
  return WallTime::at(wall_->wall.since_epoch() + (now - wall_->at)) < *end;
}

// A nonce that promises algorithms, or a server that does, wants both attributes or none; none
// comes from a client of RFC 5389 (RFC 8489, section 9.2.4; PROTOCOL A4).
std::expected<Authenticator::Choice, ErrorCode> Authenticator::choice(
    const stun::MessageView& request, std::string_view nonce) const {
  const auto refused = std::unexpected(ErrorCode::bad_request);
  const bool has_list = request.has(AttributeType::password_algorithms);
  const bool has_choice = request.has(AttributeType::password_algorithm);
  const auto features = stun::security_features(nonce);
  const bool promised = !offered_.empty() || (features && features->password_algorithms);
  if (!promised || (!has_list && !has_choice)) return Choice{};

  const auto list = request.password_algorithms();
  const auto chosen = request.password_algorithm();
  if (!list || !chosen) return refused;
  std::array<std::uint8_t, 8> sent{};
  ByteWriter out(sent);
  for (const PasswordAlgorithm algorithm : offered_) {
    out.u16(static_cast<std::uint16_t>(algorithm));
    out.u16(0);  // no parameters
  }
  CHECK(out.ok());
  if (!std::ranges::equal(list->bytes(), Bytes(sent).first(4 * offered_.size()))) return refused;
  const auto algorithm = chosen->first_supported();
  if (!algorithm || !list->contains(*algorithm)) return refused;
  return Choice{*algorithm, true};
}

std::expected<Identity, ErrorCode> Authenticator::check(const stun::MessageView& request,
                                                        const Endpoint& client, Instant now) const {
  if (!request.has_integrity() && !request.has_integrity_sha256()) {
    return std::unexpected(ErrorCode::unauthenticated);
  }
  const auto username = request.text(AttributeType::username);
  const bool is_named = username || (username_anonymity_ && request.userhash());
  const auto realm = request.text(AttributeType::realm);
  const auto nonce = request.text(AttributeType::nonce);
  if (!is_named || !realm || !nonce) return std::unexpected(ErrorCode::bad_request);
  const auto how = choice(request, *nonce);
  if (!how) return std::unexpected(how.error());

  // The same work for everybody: a key of the secret's is made for listed users as well, and an
  // unknown one is verified against a key that nobody has.
  const Entry* listed = find(request);
  const IntegrityKey made =
      rest_secret_ && username ? temporary_key(*username, how->algorithm) : nobody_;
  const bool is_temporary = !listed && rest_secret_ && username && is_valid_now(*username, now);
  const bool is_sha256 = how->algorithm == PasswordAlgorithm::sha256;
  const IntegrityKey& key = listed         ? (is_sha256 ? listed->keys.sha256 : listed->keys.md5)
                            : is_temporary ? made
                                           : nobody_;
  const bool signed_well =
      request.has_integrity_sha256() ? request.verifies_sha256(key) : request.verifies(key);
  if ((!listed && !is_temporary) || *realm != realm_ || !signed_well) {
    return std::unexpected(ErrorCode::unauthenticated);
  }
  if (!mint_.is_fresh(*nonce, client, now)) return std::unexpected(ErrorCode::stale_nonce);
  const Signature signature{key, how->stated};
  if (listed) return Identity{listed->id, listed->id, listed->name, signature};
  return Identity{id_of(*username), id_of(account_of(*username)), *username, signature};
}

}  // namespace tickover::turn
