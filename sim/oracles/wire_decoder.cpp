#include "sim/oracles/wire_decoder.h"

#include <algorithm>
#include <bitset>

#include "sim/oracles/naive_digest.h"
#include "sim/oracles/wire_attributes.h"

namespace tickover::sim {
namespace {

using namespace wire;

constexpr unsigned cookie[4] = {0x21, 0x12, 0xA4, 0x42};  // RFC 8489, section 5
enum Class : unsigned { request, indication, success, error };

/// RFC 8489, section 5: 00 M11..M7 C1 M6..M4 C0 M3..M0.
unsigned method_of(WireBytes d) {
  return d[1] % 16u + d[1] / 32u * 16u + d[0] / 2u * 128u;
}
unsigned class_of(WireBytes d) {
  return d[1] / 16u % 2u + d[0] % 2u * 2u;
}

/// Which attributes a message carries: 0x00nn at nn, 0x80nn at 256 + nn.
struct Seen {
  std::bitset<512> types;
  unsigned long error_code = 0;
  bool offers_algorithms = false;  // by the cookie of its nonce

  static bool has_place(unsigned type) { return type / 256 == 0 || type / 256 == 0x80; }
  static std::size_t place(unsigned type) { return type % 256 + (type >= 0x8000 ? 256 : 0); }
  bool operator[](unsigned type) const { return types[place(type)]; }
};

/// RFC 8489, section 14: only these may stand more than once (RFC 8656, sections 7.3 and 10.1).
bool may_repeat(unsigned type) {
  return type == 0x0012 || type == 0x0016 || type == 0x8001 || type == 0x8023;
}

/// RFC 8489, sections 14.5 to 14.7: what may stand behind the three that close a message.
Verdict about_order(const Seen& seen, unsigned type, std::size_t at) {
  if (seen[0x8028]) return Complaint{"something follows FINGERPRINT", at};
  if (seen[0x001c] && type != 0x8028) {
    return Complaint{"something follows MESSAGE-INTEGRITY-SHA256", at};
  }
  if (seen[0x0008] && type != 0x8028 && type != 0x001c) {
    return Complaint{"something follows MESSAGE-INTEGRITY", at};
  }
  if (seen[type] && !may_repeat(type)) return Complaint{"attribute stands there twice", at};
  return {};
}

/// RFC 8489, section 18.2; RFC 8656, section 17.
Verdict about_type(unsigned method, unsigned message_class) {
  const bool by_request = message_class != indication;
  switch (method) {
    case 0x001:
      return {};
    case 0x003:
    case 0x004:
    case 0x008:
    case 0x009:
      if (by_request) return {};
      return Complaint{"this method has no indications", 0};
    case 0x006:
    case 0x007:
      if (!by_request) return {};
      return Complaint{"Send and Data are indications only", 0};
    default:
      return Complaint{"method is none of STUN or TURN", 0};
  }
}

/// RFC 8489, section 9.2: behind the fixed start stand 24 bits in base64, the most significant
/// first; the very first of them is set in the digits from 'g' on.
bool offers_algorithms(WireBytes nonce) {
  constexpr std::string_view start = "obMatJos2";
  if (nonce.size() < start.size() + 4) return false;
  if (!std::equal(start.begin(), start.end(), nonce.begin())) return false;
  const unsigned digit = nonce[start.size()];
  return (digit >= 'g' && digit <= 'z') || (digit >= '0' && digit <= '9') || digit == '+' ||
         digit == '/';
}

/// RFC 8489, sections 6.3.4 and 9.2.4 (BUGS P14).
Verdict about_error_response(const Seen& seen) {
  if (!seen[0x0009]) return Complaint{"error response without ERROR-CODE", 0};
  const bool challenge = seen.error_code == 401 || seen.error_code == 438;
  if (challenge && !seen[0x0014]) return Complaint{"challenge without REALM", 0};
  if (challenge && !seen[0x0015]) return Complaint{"challenge without NONCE", 0};
  // RFC 8489, section 9.2.4: what the nonce promises, the challenge must show.
  if (challenge && seen.offers_algorithms != seen[0x8002]) {
    return Complaint{"PASSWORD-ALGORITHMS and the nonce cookie disagree", 0};
  }
  if (seen.error_code == 420 && !seen[0x000a]) {
    return Complaint{"420 without UNKNOWN-ATTRIBUTES", 0};
  }
  return {};
}

/// RFC 8656, sections 7.1, 9.1, 12.1; RFC 8489, section 9.2.3.
Verdict about_request(const Seen& seen, unsigned method) {
  if (method == 0x003 && !seen[0x0019]) return Complaint{"Allocate without REQUESTED-TRANSPORT", 0};
  if (method == 0x008 && !seen[0x0012]) {
    return Complaint{"CreatePermission without XOR-PEER-ADDRESS", 0};
  }
  if (method == 0x009 && (!seen[0x000c] || !seen[0x0012])) {
    return Complaint{"ChannelBind without CHANNEL-NUMBER or XOR-PEER-ADDRESS", 0};
  }
  const bool is_signed = seen[0x0008] || seen[0x001c];
  if (is_signed && !seen[0x0006] && !seen[0x001e]) {
    return Complaint{"signed request without USERNAME or USERHASH", 0};
  }
  // RFC 8489, section 9.2.3.2: both, or neither.
  if (seen[0x001d] != seen[0x8002]) {
    return Complaint{"one of PASSWORD-ALGORITHM and PASSWORD-ALGORITHMS without the other", 0};
  }
  if (seen[0x0006] && seen[0x001e]) return Complaint{"both USERNAME and USERHASH", 0};
  // A Binding request may use the short-term mechanism; TURN knows the long-term one only.
  if (is_signed && method != 0x001 && (!seen[0x0014] || !seen[0x0015])) {
    return Complaint{"signed request without REALM or NONCE", 0};
  }
  return {};
}

/// RFC 8489, sections 6.3.1.1 and 9.2.4; RFC 8656, sections 7.3 and 8.2.
Verdict about_success(const Seen& seen, unsigned method) {
  if (method == 0x001 && !seen[0x0020]) {
    return Complaint{"Binding success without XOR-MAPPED-ADDRESS", 0};
  }
  if (method == 0x003 && (!seen[0x0016] || !seen[0x0020] || !seen[0x000d])) {
    return Complaint{"Allocate success without its two addresses and LIFETIME", 0};
  }
  if (method == 0x004 && !seen[0x000d]) return Complaint{"Refresh success without LIFETIME", 0};
  if (seen[0x0006] || seen[0x0014] || seen[0x0015]) {
    return Complaint{"success repeats USERNAME, REALM or NONCE", 0};
  }
  return {};
}

/// RFC 8656, sections 11.1, 11.3 and 11.5: an error from the network comes as Data without DATA.
Verdict about_indication(const Seen& seen, unsigned method) {
  if (method == 0x001) return {};
  if (!seen[0x0012]) return Complaint{"Send or Data without XOR-PEER-ADDRESS", 0};
  const bool is_icmp = method == 0x007 && seen[0x8004];
  if (!seen[0x0013] && !is_icmp) return Complaint{"Send or Data without DATA", 0};
  return {};
}

/// A response says what became of a request; an error's attributes have no business elsewhere.
Verdict about_whole(const Seen& seen, unsigned method, unsigned message_class) {
  if (seen[0x0009] && message_class != error) {
    return Complaint{"ERROR-CODE outside an error response", 0};
  }
  switch (message_class) {
    case request:
      return about_request(seen, method);
    case indication:
      return about_indication(seen, method);
    case success:
      return about_success(seen, method);
    default:
      return about_error_response(seen);
  }
}

Verdict about_header(WireBytes d) {
  if (d.size() < 20) return Complaint{"STUN message is shorter than its header", 0};
  for (std::size_t i = 0; i < 4; ++i) {
    if (d[4 + i] != cookie[i]) return Complaint{"magic cookie is wrong", 4 + i};
  }
  const unsigned long length = number(d, 2, 2);
  if (length % 4 != 0) return Complaint{"message length is not a multiple of four", 2};
  if (length + 20 != d.size()) return Complaint{"message length is not that of the datagram", 2};
  return about_type(method_of(d), class_of(d));
}

Verdict about_stun(WireBytes d) {
  if (const Verdict v = about_header(d)) return v;
  Seen seen;
  for (std::size_t at = 20; at < d.size();) {
    const auto type = static_cast<unsigned>(number(d, at, 2));
    const std::size_t length = number(d, at + 2, 2);
    const std::size_t value = at + 4;
    if (padded(length) > d.size() - value) {
      return Complaint{"attribute reaches beyond the message", at};
    }
    if (!Seen::has_place(type)) return Complaint{"attribute is none of STUN, TURN or ICE", at};
    if (const Verdict v = about_order(seen, type, at)) return v;
    if (!all_zero(d, value + length, padded(length) - length)) {
      return Complaint{"padding is not zero", value + length};
    }
    if (const Verdict v = about_value(d, type, value, length)) return v;
    seen.types.set(Seen::place(type));
    if (type == 0x0015) seen.offers_algorithms = offers_algorithms(d.subspan(value, length));
    if (type == 0x0009) seen.error_code = d[value + 2] * 100u + d[value + 3];
    at = value + padded(length);
  }
  return about_whole(seen, method_of(d), class_of(d));
}

/// RFC 8656, sections 12.4 and 12.5. Over UDP padding may be left out, and ours is.
Verdict about_channel_data(WireBytes d) {
  if (d.size() < 4) return Complaint{"ChannelData is shorter than its header", 0};
  if (d[0] > 0x4f) return Complaint{"channel is not in 0x4000..0x4FFF", 0};
  if (number(d, 2, 2) + 4 != d.size()) {
    return Complaint{"ChannelData length is not that of the datagram", 2};
  }
  return {};
}

bool is_stun(WireBytes d) {
  return !d.empty() && d[0] / 64 == 0;
}
bool is_channel_data(WireBytes d) {
  return !d.empty() && d[0] / 64 == 1;
}

/// The address in an attribute of `length` bytes at `at`; X-Port and X-Address are undone with the
/// cookie and the transaction id, which follow each other in the header.
std::optional<Endpoint> address_of(WireBytes d, unsigned type, std::size_t at, std::size_t length) {
  const bool plain = type == 0x0001 || type == 0x8023 || type == 0x802b || type == 0x802c;
  const bool hidden = type == 0x0012 || type == 0x0016 || type == 0x0020;
  if (!plain && !hidden) return {};
  if (about_address(d, at, length)) return {};
  std::array<std::uint8_t, 18> bytes{};
  for (std::size_t i = 0; i + 2 < length; ++i) {
    const unsigned mask = !hidden ? 0u : i < 2 ? d[4 + i] : d[4 + i - 2];
    bytes[i] = static_cast<std::uint8_t>(d[at + 2 + i] ^ mask);
  }
  const auto port = static_cast<std::uint16_t>(bytes[0] * 256 + bytes[1]);
  if (length == 8) return Endpoint{IpAddress::v4({bytes[2], bytes[3], bytes[4], bytes[5]}), port};
  std::array<std::uint8_t, 16> sixteen{};
  std::copy_n(bytes.begin() + 2, 16, sixteen.begin());
  return Endpoint{IpAddress::v6(sixteen), port};
}

void read_stun(WireBytes d, WireFacts& facts) {
  if (d.size() < 20) return;
  facts.method = method_of(d);
  facts.message_class = class_of(d);
  std::copy_n(d.begin() + 8, 12, facts.transaction.begin());
  for (std::size_t at = 20; d.size() - at >= 4;) {
    const auto type = static_cast<unsigned>(number(d, at, 2));
    const std::size_t length = number(d, at + 2, 2);
    if (padded(length) > d.size() - at - 4) return;
    const WireBytes value = d.subspan(at + 4, length);
    facts.attributes.push_back(
        {type, {value.begin(), value.end()}, address_of(d, type, at + 4, length)});
    at += 4 + padded(length);
  }
}

}  // namespace

std::optional<Complaint> complaint_about(WireBytes datagram) {
  if (is_stun(datagram)) return about_stun(datagram);
  if (is_channel_data(datagram)) return about_channel_data(datagram);
  return Complaint{"neither STUN nor ChannelData", 0};
}

const WireAttribute* WireFacts::find(unsigned type) const {
  for (const WireAttribute& attribute : attributes) {
    if (attribute.type == type) return &attribute;
  }
  return nullptr;
}

WireFacts judge_datagram(WireBytes datagram) {
  WireFacts facts;
  facts.is_stun = is_stun(datagram);
  facts.is_channel_data = is_channel_data(datagram);
  facts.complaint = complaint_about(datagram);
  if (facts.is_stun) read_stun(datagram, facts);
  if (facts.is_channel_data && datagram.size() >= 4) {
    facts.channel = static_cast<unsigned>(number(datagram, 0, 2));
    facts.data.assign(datagram.begin() + 4, datagram.end());
  }
  return facts;
}

namespace {

std::vector<std::uint8_t> long_term_key(std::string_view user, std::string_view realm,
                                        std::string_view password, WireKey made_by) {
  std::vector<std::uint8_t> key(password.begin(), password.end());
  if (realm.empty()) return key;
  std::vector<std::uint8_t> text(user.begin(), user.end());
  text.push_back(':');
  text.insert(text.end(), realm.begin(), realm.end());
  text.push_back(':');
  text.insert(text.end(), password.begin(), password.end());
  if (made_by == WireKey::sha256) {
    const auto digest = naive_sha256(text);
    key.assign(digest.begin(), digest.end());
  } else {
    const auto digest = naive_md5(text);
    key.assign(digest.begin(), digest.end());
  }
  return key;
}

/// Where the value of the first attribute of this type and length stands; 0 if there is none.
std::size_t value_of(WireBytes datagram, unsigned type, std::size_t wanted) {
  for (std::size_t at = 20; at + 4 + wanted <= datagram.size();) {
    const std::size_t length = number(datagram, at + 2, 2);
    if (number(datagram, at, 2) == type && length == wanted) return at + 4;
    at += 4 + padded(length);
  }
  return 0;
}

/// Everything before an integrity attribute; the header says where that ends, whatever follows it.
std::vector<std::uint8_t> covered_by(WireBytes datagram, std::size_t value, std::size_t length) {
  std::vector<std::uint8_t> covered(datagram.begin(),
                                    datagram.begin() + static_cast<std::ptrdiff_t>(value - 4));
  covered[2] = static_cast<std::uint8_t>((value + length - 20) / 256);
  covered[3] = static_cast<std::uint8_t>((value + length - 20) % 256);
  return covered;
}

}  // namespace

bool integrity_matches(WireBytes datagram, std::string_view user, std::string_view realm,
                       std::string_view password) {
  const std::size_t value = value_of(datagram, 0x0008, 20);
  if (value == 0) return false;
  const auto expected = naive_hmac_sha1(long_term_key(user, realm, password, WireKey::md5),
                                        covered_by(datagram, value, 20));
  return std::ranges::equal(expected, datagram.subspan(value, 20));
}

bool integrity_sha256_matches(WireBytes datagram, std::string_view user, std::string_view realm,
                              std::string_view password, WireKey made_by) {
  const std::size_t value = value_of(datagram, 0x001c, 32);
  if (value == 0) return false;
  const auto expected = naive_hmac_sha256(long_term_key(user, realm, password, made_by),
                                          covered_by(datagram, value, 32));
  return std::ranges::equal(expected, datagram.subspan(value, 32));
}

}  // namespace tickover::sim
