#include "sim/oracles/wire_attributes.h"

#include <algorithm>

#include "sim/oracles/naive_digest.h"

namespace tickover::sim::wire {

unsigned long number(WireBytes d, std::size_t at, std::size_t size) {
  unsigned long value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value * 256 + d[at + i];
  return value;
}

bool all_zero(WireBytes d, std::size_t at, std::size_t size) {
  return std::ranges::all_of(d.subspan(at, size), [](unsigned byte) { return byte == 0; });
}

std::size_t padded(std::size_t length) {
  return (length + 3) / 4 * 4;
}

namespace {

Verdict exactly(std::size_t wanted, std::size_t length, std::size_t at) {
  if (length == wanted) return {};
  return Complaint{"attribute does not have its fixed length", at};
}

/// RFC 8656, sections 18.6 to 18.8 and 18.11: one byte that counts, then three zeros.
Verdict about_one_byte(WireBytes d, std::size_t at, std::size_t length) {
  if (length != 4) return exactly(4, length, at);
  if (!all_zero(d, at + 1, 3)) return Complaint{"reserved bytes are not zero", at + 1};
  return {};
}

Verdict about_family(WireBytes d, std::size_t at, std::size_t length, bool ipv4_too) {
  if (const Verdict v = about_one_byte(d, at, length)) return v;
  if (d[at] == 2 || (ipv4_too && d[at] == 1)) return {};
  return Complaint{"address family is not one that can be requested", at};
}

/// RFC 8489, sections 14.3, 14.9, 14.10 and 14.14; no NUL inside the length (PROTOCOL W22).
Verdict about_text(WireBytes d, std::size_t at, std::size_t length, std::size_t most) {
  if (length > most) return Complaint{"text is longer than may be sent", at};
  for (std::size_t i = 0; i < length; ++i) {
    if (d[at + i] == 0) return Complaint{"text contains a NUL", at + i};
  }
  return {};
}

/// RFC 8489, section 14.8; ADDRESS-ERROR-CODE (RFC 8656, section 18.12) has a family first.
Verdict about_error(WireBytes d, std::size_t at, std::size_t length, bool with_family) {
  if (length < 4) return Complaint{"error code is too short", at};
  if (with_family && d[at] != 1 && d[at] != 2) return Complaint{"address family is wrong", at};
  if (!with_family && d[at] != 0) return Complaint{"reserved bits of an error are not zero", at};
  if (d[at + 1] != 0) return Complaint{"reserved bits of an error are not zero", at + 1};
  if (d[at + 2] < 3 || d[at + 2] > 6) return Complaint{"error class is not 3 to 6", at + 2};
  if (d[at + 3] > 99) return Complaint{"error number is above 99", at + 3};
  return about_text(d, at + 4, length - 4, 509);
}

/// RFC 8489, sections 14.11 and 14.12: id, length of parameters, parameters padded to four.
Verdict about_algorithms(WireBytes d, std::size_t at, std::size_t length, std::size_t most) {
  std::size_t used = 0;
  std::size_t count = 0;
  while (used < length) {
    if (length - used < 4) return Complaint{"password algorithm is cut short", at + used};
    used += 4 + padded(number(d, at + used + 2, 2));
    ++count;
  }
  if (used != length) return Complaint{"parameters of a password algorithm overrun", at};
  if (count == 0 || count > most) return Complaint{"wrong number of password algorithms", at};
  return {};
}

Verdict about_channel_number(WireBytes d, std::size_t at, std::size_t length) {
  if (length != 4) return exactly(4, length, at);
  if (d[at] < 0x40 || d[at] > 0x4f) return Complaint{"channel is not in 0x4000..0x4FFF", at};
  if (!all_zero(d, at + 2, 2)) return Complaint{"reserved bytes are not zero", at + 2};
  return {};
}

/// RFC 8489, section 14.7. It comes last, so the header already has the final length.
Verdict about_fingerprint(WireBytes d, std::size_t at, std::size_t length) {
  if (length != 4) return exactly(4, length, at);
  if (number(d, at, 4) == (naive_crc32(d.first(at - 4)) ^ 0x5354554eu)) return {};
  return Complaint{"FINGERPRINT is wrong", at};
}

}  // namespace

Verdict about_address(WireBytes d, std::size_t at, std::size_t length) {
  if (length < 4) return Complaint{"address attribute without address", at};
  if (d[at] != 0) return Complaint{"first byte of an address attribute is not zero", at};
  if (d[at + 1] != 1 && d[at + 1] != 2) return Complaint{"address family is neither 1 nor 2", at};
  return exactly(d[at + 1] == 1 ? 8 : 20, length, at);
}

Verdict about_value(WireBytes d, unsigned type, std::size_t at, std::size_t length) {
  switch (type) {
    case 0x0001:  // MAPPED-ADDRESS
    case 0x0012:  // XOR-PEER-ADDRESS
    case 0x0016:  // XOR-RELAYED-ADDRESS
    case 0x0020:  // XOR-MAPPED-ADDRESS
    case 0x8023:  // ALTERNATE-SERVER
    case 0x802b:  // RESPONSE-ORIGIN
    case 0x802c:  // OTHER-ADDRESS
      return about_address(d, at, length);
    case 0x0006:  // USERNAME
      return about_text(d, at, length, 508);
    case 0x0014:  // REALM
    case 0x0015:  // NONCE
    case 0x8022:  // SOFTWARE
    case 0x8003:  // ALTERNATE-DOMAIN
      return about_text(d, at, length, 509);
    case 0x0008:  // MESSAGE-INTEGRITY
      return exactly(20, length, at);
    case 0x001c:  // MESSAGE-INTEGRITY-SHA256
      if (length >= 16 && length <= 32 && length % 4 == 0) return {};
      return Complaint{"MESSAGE-INTEGRITY-SHA256 has a wrong length", at};
    case 0x0009:  // ERROR-CODE
      return about_error(d, at, length, false);
    case 0x8001:  // ADDRESS-ERROR-CODE
      return about_error(d, at, length, true);
    case 0x000a:  // UNKNOWN-ATTRIBUTES
      if (length >= 2 && length % 2 == 0) return {};
      return Complaint{"UNKNOWN-ATTRIBUTES is not a list of types", at};
    case 0x000c:
      return about_channel_number(d, at, length);
    case 0x000d:  // LIFETIME
    case 0x0024:  // PRIORITY
      return exactly(4, length, at);
    case 0x0013:  // DATA
      return {};
    case 0x0017:  // REQUESTED-ADDRESS-FAMILY
      return about_family(d, at, length, true);
    case 0x8000:  // ADDITIONAL-ADDRESS-FAMILY
      return about_family(d, at, length, false);
    case 0x0018:  // EVEN-PORT
      if (length != 1 || d[at] % 128 == 0) return exactly(1, length, at);
      return Complaint{"reserved bits of EVEN-PORT are not zero", at};
    case 0x0019:  // REQUESTED-TRANSPORT
      return about_one_byte(d, at, length);
    case 0x001a:  // DONT-FRAGMENT
    case 0x0025:  // USE-CANDIDATE
      return exactly(0, length, at);
    case 0x001d:  // PASSWORD-ALGORITHM
      return about_algorithms(d, at, length, 1);
    case 0x8002:  // PASSWORD-ALGORITHMS
      return about_algorithms(d, at, length, 100);
    case 0x001e:  // USERHASH
      return exactly(32, length, at);
    case 0x0022:  // RESERVATION-TOKEN
    case 0x8029:  // ICE-CONTROLLED
    case 0x802a:  // ICE-CONTROLLING
      return exactly(8, length, at);
    case 0x8004:  // ICMP
      if (length != 8 || all_zero(d, at, 2)) return exactly(8, length, at);
      return Complaint{"reserved bytes are not zero", at};
    case 0x8028:
      return about_fingerprint(d, at, length);
    default:
      return Complaint{"attribute is none of STUN, TURN or ICE", at};
  }
}

}  // namespace tickover::sim::wire
