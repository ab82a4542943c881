#pragma once

#include "properties/turn_server/bench.h"

// Words for what an Allocate or Refresh can ask for beside a transport and a lifetime.
namespace tickover::turn::bench {

constexpr std::uint8_t v4 = 1;
constexpr std::uint8_t v6 = 2;

inline Fill naming(AttributeType type, std::uint8_t family) {
  return [=](MessageWriter& m) { m.add_leading_byte(type, family); };
}
inline Fill requesting(std::uint8_t family) {
  return both(over_udp, naming(AttributeType::requested_address_family, family));
}
inline Fill adding(std::uint8_t family) {
  return both(over_udp, naming(AttributeType::additional_address_family, family));
}
inline Fill even_port(bool reserve_next) {
  return both(over_udp, [=](MessageWriter& m) { m.add_even_port(reserve_next); });
}
inline Fill holding(const stun::ReservationToken& token) {
  return both(over_udp, [=](MessageWriter& m) { m.add(AttributeType::reservation_token, token); });
}
/// A Refresh of one relayed address of two.
inline Fill of_family(std::uint8_t family, std::int64_t lifetime) {
  return both(naming(AttributeType::requested_address_family, family), lasting(lifetime));
}

inline std::vector<Endpoint> all_relayed(const Answer& answer) {
  std::vector<Endpoint> all;
  const MessageView view = answer.view();
  view.for_each([&](const stun::Attribute& attribute) {
    if (attribute.type != AttributeType::xor_relayed_address) return;
    all.push_back(view.xor_address(attribute).value());
  });
  return all;
}
/// ADDRESS-ERROR-CODE, or what it was in the drafts: family and code; zeros if there is none.
inline std::pair<int, int> missing_family(const Answer& answer,
                                          AttributeType type = AttributeType::address_error_code) {
  const MessageView view = answer.view();
  const auto value = view.find(type);
  if (!value) return {};
  const auto info = view.address_error({type, *value}).value();
  return {static_cast<int>(info.family), info.error.code};
}

inline ServerConfig ports(std::uint16_t first, std::uint16_t last) {
  ServerConfig with = config();
  with.first_relay_port = first;
  with.last_relay_port = last;
  return with;
}
inline ServerConfig relaying_from(std::vector<IpAddress> addresses) {
  ServerConfig with = config();
  with.relay_addresses = std::move(addresses);
  return with;
}

}  // namespace tickover::turn::bench
