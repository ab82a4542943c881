#include "core/turn/channel_data.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/random.h"

namespace tickover::turn {
namespace {

using Buffer = std::vector<std::uint8_t>;

/// A datagram that declares one length and has another.
Buffer frame(unsigned number, unsigned declared, std::size_t present) {
  Buffer bytes(4 + present);
  Random(declared).fill(MutableBytes(bytes).subspan(4));
  bytes[0] = static_cast<std::uint8_t>(number >> 8);
  bytes[1] = static_cast<std::uint8_t>(number & 0xff);
  bytes[2] = static_cast<std::uint8_t>(declared >> 8);
  bytes[3] = static_cast<std::uint8_t>(declared & 0xff);
  return bytes;
}

// PROTOCOL K25, H8; BUG B09(a), B09(b), B09(c); BUGS P11
TEST(ChannelData, delivers_exactly_the_declared_length) {
  for (unsigned declared = 0; declared < 10; ++declared) {
    for (std::size_t tail = 0; tail <= 12; ++tail) {
      const Buffer bytes = frame(0x4001, declared, declared + tail);
      const auto data = ChannelData::decode(bytes);
      ASSERT_TRUE(data.has_value());
      EXPECT_EQ(data->number.value(), 0x4001);
      EXPECT_EQ(data->payload.data(), bytes.data() + 4);
      EXPECT_EQ(data->payload.size(), declared);
    }
    for (std::size_t present = 0; present < declared; ++present) {
      EXPECT_FALSE(ChannelData::decode(frame(0x4001, declared, present)).has_value());
    }
  }
}

// A length near 65535 does not wrap into a short one.
// BUG B05; BUGS G15
TEST(ChannelData, keeps_lengths_near_65535) {
  for (unsigned declared = 0xFFEC; declared <= 0xFFFF; ++declared) {
    EXPECT_FALSE(ChannelData::decode(frame(0x4000, declared, 0)).has_value());
    EXPECT_FALSE(ChannelData::decode(frame(0x4000, declared, 20)).has_value());
    EXPECT_FALSE(ChannelData::decode(frame(0x4000, declared, declared - 1)).has_value());
    EXPECT_EQ(ChannelData::decode(frame(0x4000, declared, declared))->payload.size(), declared);
  }
}

// PROTOCOL W10, H8; BUG B09(d)
TEST(ChannelData, has_a_number_that_is_a_channel) {
  for (const unsigned number : {0x0001u, 0x3FFFu, 0x5000u, 0x7FFFu, 0xFFFFu}) {
    EXPECT_FALSE(ChannelData::decode(frame(number, 0, 0)).has_value()) << number;
  }
  for (const unsigned number : {0x4000u, 0x4FFFu}) {
    EXPECT_EQ(ChannelData::decode(frame(number, 0, 0))->number.value(), number);
  }
}

// PROTOCOL H8
TEST(ChannelData, needs_a_whole_header) {
  const Buffer whole = frame(0x4000, 0, 0);
  for (std::size_t size = 0; size < 4; ++size) {
    EXPECT_FALSE(ChannelData::decode(Bytes(whole).first(size)).has_value());
  }
}

// PROTOCOL K25
TEST(ChannelData, comes_back_as_it_was_written) {
  for (const std::size_t size : {0u, 1u, 3u, 1200u, 65535u}) {
    Buffer payload(size);
    Random(size).fill(payload);
    Buffer buffer(size + 10, 0xcc);
    const Bytes written = write_channel_data(buffer, *ChannelNumber::parse(0x4321), payload);
    EXPECT_EQ(written.size(), size + 4);  // no padding over UDP
    EXPECT_EQ(written[0], 0x43);
    EXPECT_EQ(written[1], 0x21);
    const auto data = ChannelData::decode(written);
    ASSERT_TRUE(data.has_value());
    EXPECT_TRUE(std::ranges::equal(data->payload, payload));
  }
}

TEST(ChannelData, is_never_written_past_its_buffer) {
  Buffer buffer(6);
  const ChannelNumber number = *ChannelNumber::parse(0x4000);
  EXPECT_DEATH(write_channel_data(buffer, number, Buffer(3)), "CHECK failed");
  Buffer large(70'000);
  EXPECT_DEATH(write_channel_data(large, number, Buffer(65'536)), "CHECK failed");
}

}  // namespace
}  // namespace tickover::turn
