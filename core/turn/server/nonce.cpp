#include "core/turn/server/nonce.h"

#include <algorithm>

namespace tickover::turn {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view cookie = "obMatJos2AAAA";  // no security feature, PROTOCOL W6
constexpr std::size_t time_size = 8;
constexpr std::size_t mac_size = 13;  // 104 of 160 bits, so that base64 needs no padding
constexpr std::size_t payload_size = time_size + mac_size;
static_assert(payload_size % 3 == 0);
static_assert(cookie.size() + payload_size / 3 * 4 ==
              std::tuple_size_v<decltype(Nonce::characters)>);

stun::IntegrityKey draw_key(Random& random) {
  std::array<std::uint8_t, 32> secret{};
  random.fill(secret);
  return stun::IntegrityKey::raw(secret);
}

int digit(char c) {
  const std::size_t at = alphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// The time of issue that the text claims; nothing if its shape is wrong.
std::optional<std::uint64_t> claimed_time(std::string_view text) {
  std::uint64_t bits = 0;
  // Eleven characters hold 66 bits: the 64 of the time and two of the MAC.
  for (std::size_t i = 0; i < 11; ++i) {
    const int value = digit(text[cookie.size() + i]);
    if (value < 0) return {};
    const auto six = static_cast<std::uint64_t>(value);
    bits = i < 10 ? (bits << 6) | six : (bits << 4) | (six >> 2);
  }
  return bits;
}

}  // namespace

NonceMint::NonceMint(Random random, Duration lifetime, Instant epoch)
    : key_(draw_key(random)), lifetime_(lifetime), epoch_(epoch) {}

Nonce NonceMint::make(const Endpoint& client, std::uint64_t issued) const {
  std::array<std::uint8_t, time_size + 19> covered{};
  ByteWriter input(covered);
  input.u64(issued);
  input.u8(static_cast<std::uint8_t>(client.family()));
  input.u16(client.port);
  input.bytes(client.ip.bytes());
  CHECK(input.ok());
  const stun::Sha1Digest mac = key_.digest(covered);

  std::array<std::uint8_t, payload_size> payload{};
  ByteWriter output(payload);
  output.u64(issued);
  output.bytes(Bytes(mac).first(mac_size));

  Nonce nonce;
  char* out = std::ranges::copy(cookie, nonce.characters.begin()).out;
  for (std::size_t i = 0; i < payload_size; i += 3) {
    const unsigned three = static_cast<unsigned>(payload[i]) << 16 |
                           static_cast<unsigned>(payload[i + 1]) << 8 | payload[i + 2];
    for (const unsigned shift : {18u, 12u, 6u, 0u}) *out++ = alphabet[(three >> shift) & 63];
  }
  return nonce;
}

Nonce NonceMint::issue(const Endpoint& client, Instant now) const {
  return make(client, static_cast<std::uint64_t>((now - epoch_).count()));
}

bool NonceMint::is_fresh(std::string_view text, const Endpoint& client, Instant now) const {
  if (text.size() != Nonce().characters.size()) return false;
  const auto issued = claimed_time(text);
  if (!issued) return false;
  if (!stun::equal_in_constant_time(as_bytes(text), as_bytes(make(client, *issued).text()))) {
    return false;
  }
  const Duration age = (now - epoch_) - Duration::nanoseconds(static_cast<std::int64_t>(*issued));
  return age < lifetime_;
}

}  // namespace tickover::turn
