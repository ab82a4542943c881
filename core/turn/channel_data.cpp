#include "core/turn/channel_data.h"

#include "core/check.h"

namespace tickover::turn {

namespace {

template <class Parse>
std::optional<ChannelData> decode_with(Parse&& parse, Bytes datagram) {
  ByteReader in(datagram);
  const auto number = parse(in.u16());
  const Bytes payload = in.bytes(in.u16());
  if (!in.ok() || !number) return {};
  return ChannelData{*number, payload};
}

}  // namespace

std::optional<ChannelData> ChannelData::decode(Bytes datagram) {
  return decode_with(ChannelNumber::parse, datagram);
}

std::optional<ChannelData> ChannelData::decode_legacy(Bytes datagram) {
  return decode_with(ChannelNumber::parse_legacy, datagram);
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
