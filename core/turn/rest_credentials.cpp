#include "core/turn/rest_credentials.h"

#include "core/stun/nonce_cookie.h"

namespace tickover::turn {

RestPassword rest_password(const stun::IntegrityKey& secret, std::string_view username) {
  const stun::Sha1Digest digest = secret.digest(as_bytes(username));
  RestPassword text{};
  std::size_t at = 0;
  // 20 bytes: 27 digits and one character of padding.
  for (std::size_t i = 0; i < digest.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = i; k < i + 3; ++k)
      three = three << 8 | (k < digest.size() ? digest[k] : 0u);
    for (const unsigned shift : {18u, 12u, 6u, 0u}) {
      text[at++] = stun::base64_digits[three >> shift & 63];
    }
  }
  text.back() = '=';
  return text;
}

}  // namespace tickover::turn
