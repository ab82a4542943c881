#include "core/turn/channel_data.h"

#include "core/check.h"

namespace tickover::turn {

std::optional<ChannelData> ChannelData::decode(Bytes datagram) {
  ByteReader in(datagram);
  const auto number = ChannelNumber::parse(in.u16());
  const Bytes payload = in.bytes(in.u16());
  if (!in.ok() || !number) return {};
  return ChannelData{*number, payload};
}

Bytes write_channel_data(MutableBytes buffer, ChannelNumber number, Bytes payload) {
  CHECK(payload.size() <= 0xFFFF);
  CHECK(buffer.size() >= channel_data_header_size + payload.size());
  ByteWriter out(buffer);
  out.u16(number.value());
  out.u16(static_cast<std::uint16_t>(payload.size()));
  out.bytes(payload);
  return out.written();
}

}  // namespace tickover::turn
