#include "core/turn/server/nonce.h"

#include <algorithm>

namespace tickover::turn {
namespace {

// Short enough that a 401 stays below five times the shortest request (PROTOCOL AB1).
constexpr std::size_t cookie_size = 13;
constexpr std::size_t time_size = 6;  // enough for 8,900 years of milliseconds
constexpr std::size_t mac_size = 12;  // 96 of 160 bits, so that base64 needs no padding
constexpr std::size_t payload_size = time_size + mac_size;
constexpr Duration unit = std::chrono::milliseconds(1);
static_assert(payload_size % 3 == 0);
static_assert(cookie_size + payload_size / 3 * 4 == std::tuple_size_v<decltype(Nonce::characters)>);

stun::IntegrityKey draw_key(Random& random) {
  std::array<std::uint8_t, 32> secret{};
  random.fill(secret);
  return stun::IntegrityKey::raw(secret);
}

/// The time of issue that the text claims; nothing if its shape is wrong.
std::optional<std::uint64_t> claimed_time(std::string_view text) {
  std::uint64_t bits = 0;
  for (const char c : text.substr(cookie_size, time_size / 3 * 4)) {
    const std::size_t digit = stun::base64_digits.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | digit;
  }
  return bits;
}

}  // namespace

NonceMint::NonceMint(Random random, Duration lifetime, stun::SecurityFeatures features,
                     Instant epoch)
    : key_(draw_key(random)), lifetime_(lifetime), features_(features), epoch_(epoch) {}

Nonce NonceMint::make(const Endpoint& client, std::uint64_t issued) const {
  const auto cookie = stun::nonce_cookie(features_);
  std::array<std::uint8_t, cookie_size + 8 + 19> covered{};
  ByteWriter input(covered);
  input.bytes(as_bytes({cookie.data(), cookie.size()}));
  input.u64(issued);
  input.u8(static_cast<std::uint8_t>(client.family()));
  input.u16(client.port);
  input.bytes(client.ip.bytes());
  CHECK(input.ok());
  const stun::Sha1Digest mac = key_.digest(covered);

  std::array<std::uint8_t, payload_size> payload{};
  ByteWriter output(payload);
  output.u16(static_cast<std::uint16_t>(issued >> 32));
  output.u32(static_cast<std::uint32_t>(issued));
  output.bytes(Bytes(mac).first(mac_size));

  Nonce nonce;
  char* out = std::ranges::copy(cookie, nonce.characters.begin()).out;
  for (std::size_t i = 0; i < payload_size; i += 3) {
    const unsigned three = static_cast<unsigned>(payload[i]) << 16 |
                           static_cast<unsigned>(payload[i + 1]) << 8 | payload[i + 2];
    for (const unsigned shift : {18u, 12u, 6u, 0u}) {
      *out++ = stun::base64_digits[(three >> shift) & 63];
    }
  }
  return nonce;
}

Nonce NonceMint::issue(const Endpoint& client, Instant now) const {
  return make(client, static_cast<std::uint64_t>((now - epoch_) / unit));
}

bool NonceMint::is_fresh(std::string_view text, const Endpoint& client, Instant now) const {
  if (text.size() != Nonce().characters.size()) return false;
  const auto issued = claimed_time(text);
  if (!issued) return false;
  if (!stun::equal_in_constant_time(as_bytes(text), as_bytes(make(client, *issued).text()))) {
    return false;
  }
  const Duration age = (now - epoch_) - unit * static_cast<std::int64_t>(*issued);
  return age < lifetime_;
}

}  // namespace tickover::turn
