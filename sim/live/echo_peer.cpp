#include "sim/live/echo_peer.h"

namespace tickover::sim::live {
namespace {

constexpr Duration until_answered = std::chrono::milliseconds(200);
constexpr Duration longest_silence = std::chrono::seconds(1);

}  // namespace

void EchoHeader::write(MutableBytes to) const {
  ByteWriter out(to);
  out.u64(tag);
  out.u64(number);
  out.u64(static_cast<std::uint64_t>(sent_at.since_origin().count()));
}

std::optional<EchoHeader> EchoHeader::read(Bytes from) {
  ByteReader in(from);
  EchoHeader header;
  header.tag = in.u64();
  header.number = in.u64();
  header.sent_at = Instant::at(Duration::nanoseconds(static_cast<std::int64_t>(in.u64())));
  if (!in.ok()) return {};
  return header;
}

EchoPeer::EchoPeer(const Endpoint& local, std::uint64_t tag) : tag_(tag) {
  transmits_.open({.request = 1, .local = local});
}

void EchoPeer::expect(std::optional<Endpoint> relayed, Instant now) {
  relayed_ = relayed;
  if (relayed_) knock(now);
}

void EchoPeer::knock(Instant now) {
  knock_at_ = now + until_answered;
  if (!local_ || !relayed_) return;
  std::array<std::uint8_t, EchoHeader::size> bytes{};
  EchoHeader{.tag = tag_, .number = EchoHeader::knock}.write(bytes);
  transmits_.send({.local = *local_, .remote = *relayed_}, bytes);
}

void EchoPeer::handle_input(const Input& input, Instant now) {
  if (const auto* opened = std::get_if<SocketOpened>(&input)) {
    local_ = opened->local;
    if (relayed_) knock(now);
  }
  const auto* datagram = std::get_if<Datagram>(&input);
  if (datagram == nullptr) return;
  const auto header = EchoHeader::read(datagram->payload);
  if (!header || header->tag != tag_ || datagram->remote != relayed_) return;
  knock_at_ = now + longest_silence;
  transmits_.send({.local = datagram->local, .remote = datagram->remote}, datagram->payload);
}

void EchoPeer::handle_timeout(Instant now) {
  if (relayed_ && knock_at_ <= now) knock(now);
}

std::optional<Timeout> EchoPeer::poll_timeout() const {
  if (!relayed_) return {};
  return Timeout{knock_at_, "knock"};
}

}  // namespace tickover::sim::live
