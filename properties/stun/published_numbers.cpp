#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "core/stun/types.h"

namespace tickover::stun {
namespace {

// A number that both sides have wrong works between them, so these stand here a second time, as
// IANA lists them (BUGS B01).
// BUG B01(b), B01(c); BUGS P18
TEST(AttributeType, has_the_published_numbers) {
  using enum AttributeType;
  const std::map<std::uint16_t, AttributeType> published = {
      {0x0001, mapped_address},
      {0x0006, username},
      {0x0008, message_integrity},
      {0x0009, error_code},
      {0x000A, unknown_attributes},
      {0x000C, channel_number},
      {0x000D, lifetime},
      {0x0012, xor_peer_address},
      {0x0013, data},
      {0x0014, realm},
      {0x0015, nonce},
      {0x0016, xor_relayed_address},
      {0x0017, requested_address_family},
      {0x0018, even_port},
      {0x0019, requested_transport},
      {0x001A, dont_fragment},
      {0x001C, message_integrity_sha256},
      {0x001D, password_algorithm},
      {0x001E, userhash},
      {0x0020, xor_mapped_address},
      {0x0022, reservation_token},
      {0x8000, additional_address_family},
      {0x8001, address_error_code},
      {0x8002, password_algorithms},
      {0x8003, alternate_domain},
      {0x8004, icmp},
      {0x8022, software},
      {0x8023, alternate_server},
      {0x8028, fingerprint},
  };
  for (const auto& [number, type] : published) EXPECT_EQ(static_cast<std::uint16_t>(type), number);
}

// PROTOCOL K2; BUGS P18
TEST(Method, has_the_published_numbers) {
  EXPECT_EQ(static_cast<int>(Method::binding), 0x001);
  EXPECT_EQ(static_cast<int>(Method::allocate), 0x003);
  EXPECT_EQ(static_cast<int>(Method::refresh), 0x004);
  EXPECT_EQ(static_cast<int>(Method::send), 0x006);
  EXPECT_EQ(static_cast<int>(Method::data), 0x007);
  EXPECT_EQ(static_cast<int>(Method::create_permission), 0x008);
  EXPECT_EQ(static_cast<int>(Method::channel_bind), 0x009);
}

}  // namespace
}  // namespace tickover::stun
