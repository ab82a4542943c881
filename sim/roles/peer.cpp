#include <vector>

#include "core/transmit_queue.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

constexpr std::uint16_t peer_port = 7000;

class Peer {
 public:
  using Event = Notice;

  Peer(std::vector<IpAddress> addresses, bool echo, Instant closes_at)
      : echo_(echo), closes_at_(closes_at) {
    for (const IpAddress& ip : addresses) {
      transmits_.open({static_cast<std::uint32_t>(transmits_.empty() ? 0 : 1), {ip, peer_port}});
    }
  }

  bool handle_command(const Command& command, Instant now) {
    handle_timeout(now);
    const auto* send = std::get_if<SendCommand>(&command);
    if (send == nullptr) return true;
    for (const Endpoint& local : sockets_) {
      if (local.family() != send->to.family()) continue;
      transmits_.send({.local = local, .remote = send->to}, send->payload);
      return true;
    }
    return false;
  }

  void handle_input(const Input& input, Instant now) {
    take(input);
    handle_timeout(now);  // who oversleeps is woken by this first
  }
  void handle_timeout(Instant now) {
    if (now < closes_at_) return;
    for (const Endpoint& local : sockets_) transmits_.close({local});
    sockets_.clear();
    closes_at_ = Instant::never();
  }

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (!has_received_) return {};
    has_received_ = false;
    return Notice{.kind = Notice::Kind::received,
                  .name = "datagram received",
                  .remote = from_,
                  .payload = received_};
  }
  std::optional<Timeout> poll_timeout() const {
    if (closes_at_ == Instant::never()) return {};
    return Timeout{closes_at_, "close"};
  }

  bool operator==(const Peer&) const = default;

 private:
  void take(const Input& input) {
    if (const auto* opened = std::get_if<SocketOpened>(&input)) sockets_.push_back(opened->local);
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    received_.assign(datagram->payload.begin(), datagram->payload.end());
    from_ = datagram->remote;
    has_received_ = true;
    if (!echo_) return;
    transmits_.send({.local = datagram->local, .remote = datagram->remote}, datagram->payload);
  }

  bool echo_;
  Instant closes_at_;
  std::vector<Endpoint> sockets_;
  TransmitQueue transmits_;
  std::vector<std::uint8_t> received_;
  Endpoint from_;
  bool has_received_ = false;
};
static_assert(Machine<Peer>);

}  // namespace

Role peer_role() {
  return {
      .name = "peer",
      .help = "a plain UDP endpoint that applications talk to, through relays or directly",
      .keys = {{"echo", ValueType::flag, "send every datagram back to where it came from"},
               {"closes-after", ValueType::duration, "closes its sockets (never)"}},
      .make =
          [](const RoleContext& context) {
            const Instant closes_at = context.settings.find("closes-after") != nullptr
                                          ? context.now + context.duration("closes-after", {})
                                          : Instant::never();
            return AnyMachine(Peer(context.self.addresses, context.flag("echo", false), closes_at));
          },
      .port = peer_port,
      .messages = {"datagram"}};
}

}  // namespace tickover::sim
