#include "sim/live/socket.h"

#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "sim/live/socket_address.h"

namespace tickover::sim::live {
namespace {

constexpr int usual_hop_limit = 64;
constexpr std::size_t longest_v4 = 65'535 - 20 - 8;  // without the headers of IPv4 and UDP
/// The system gives less if net.core.rmem_max and wmem_max say so.
constexpr int wanted_buffer = 4 * 1024 * 1024;

/// What one family calls the options, and the control messages of the same meaning.
struct Names {
  int level;
  int receive_ecn, receive_hop_limit, receive_errors, discover_mtu;
  int ecn, hop_limit, default_hop_limit;
  int with_df, without_df;
};
constexpr Names names_v4{IPPROTO_IP, IP_RECVTOS, IP_RECVTTL, IP_RECVERR,     IP_MTU_DISCOVER,
                         IP_TOS,     IP_TTL,     IP_TTL,     IP_PMTUDISC_DO, IP_PMTUDISC_DONT};
constexpr Names names_v6{IPPROTO_IPV6,      IPV6_RECVTCLASS,   IPV6_RECVHOPLIMIT, IPV6_RECVERR,
                         IPV6_MTU_DISCOVER, IPV6_TCLASS,       IPV6_HOPLIMIT,     IPV6_UNICAST_HOPS,
                         IPV6_PMTUDISC_DO,  IPV6_PMTUDISC_DONT};

const Names& names_of(AddressFamily family) {
  return family == AddressFamily::ipv4 ? names_v4 : names_v6;
}

bool set_option(int descriptor, int level, int name, int value) {
  return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

/// Room for the control messages of one datagram, aligned as the system wants it.
struct Control {
  alignas(cmsghdr) std::array<std::uint8_t, 256> bytes;
};

/// Some come as a byte and some as an int, by family and option.
int number_of(const cmsghdr& header) {
  const auto* data = CMSG_DATA(&header);
  if (header.cmsg_len < CMSG_LEN(sizeof(int))) return *data;
  int value = 0;
  std::memcpy(&value, data, sizeof value);
  return value;
}

template <class Visit>
void for_each_control(msghdr& message, Visit visit) {
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    visit(*at);
  }
}

void append_number(msghdr& message, const Names& names, int type, int value) {
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(message.msg_control) +
                                            message.msg_controllen);
  header->cmsg_level = names.level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

/// "Fragmentation needed" and "packet too big", as routers say it (RFC 792, RFC 4443).
void be_too_big(IcmpError& error, std::uint32_t mtu) {
  const bool is_v4 = error.remote.family() == AddressFamily::ipv4;
  error.type = is_v4 ? 3 : 2;
  error.code = is_v4 ? 4 : 0;
  error.data = mtu;
}

}  // namespace

std::expected<UdpSocket, int> UdpSocket::open(const Endpoint& local) {
  const bool is_v4 = local.family() == AddressFamily::ipv4;
  const int descriptor =
      ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(errno);
  UdpSocket socket(descriptor, local);
  const Names& names = names_of(local.family());
  const bool has_options =
      (is_v4 || set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
      set_option(descriptor, names.level, names.receive_ecn, 1) &&
      set_option(descriptor, names.level, names.receive_hop_limit, 1) &&
      set_option(descriptor, names.level, names.receive_errors, 1) &&
      set_option(descriptor, names.level, names.discover_mtu, names.without_df) &&
      set_option(descriptor, names.level, names.default_hop_limit, usual_hop_limit);
  if (!has_options) return std::unexpected(errno);
  // Smaller buffers lose more in bursts, and are no reason to give up.
  set_option(descriptor, SOL_SOCKET, SO_RCVBUF, wanted_buffer);
  set_option(descriptor, SOL_SOCKET, SO_SNDBUF, wanted_buffer);

  const SocketAddress wanted(local);
  if (::bind(descriptor, wanted.data(), wanted.size()) != 0) return std::unexpected(errno);
  SocketAddress bound;
  socklen_t size = SocketAddress::capacity;
  if (::getsockname(descriptor, bound.data(), &size) != 0) return std::unexpected(errno);
  socket.local_.port = bound.endpoint()->port;
  return socket;
}

void UdpSocket::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor >= 0) ::close(descriptor);
}

struct Intake::Slots {
  Slots() : bytes(capacity * slot_size) {
    for (std::size_t i = 0; i < capacity; ++i) {
      pieces[i] = {bytes.data() + i * slot_size, slot_size};
      messages[i] = {};
      messages[i].msg_hdr.msg_name = from[i].data();
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = controls[i].bytes.data();
    }
  }
  static constexpr std::size_t slot_size = max_datagram_size + 1;

  std::vector<std::uint8_t> bytes;
  std::array<iovec, capacity> pieces;
  std::array<SocketAddress, capacity> from;
  std::array<Control, capacity> controls;
  std::array<mmsghdr, capacity> messages;
};

Intake::Intake() : slots_(std::make_unique<Slots>()) {}
Intake::~Intake() = default;

MutableBytes Intake::bytes(std::size_t i) {
  return MutableBytes(slots_->bytes)
      .subspan(i * Slots::slot_size)
      .first(slots_->messages[i].msg_len);
}

std::expected<std::size_t, int> UdpSocket::receive(Intake& intake, std::size_t most) {
  Intake::Slots& slots = *intake.slots_;
  for (mmsghdr& each : slots.messages) {  // the system wrote there what it had
    each.msg_hdr.msg_namelen = SocketAddress::capacity;
    each.msg_hdr.msg_controllen = sizeof(Control);
  }
  const auto room = static_cast<unsigned>(std::min(most, Intake::capacity));
  const int count = ::recvmmsg(descriptor_, slots.messages.data(), room, 0, nullptr);
  if (count < 0) return std::unexpected(errno);
  return static_cast<std::size_t>(count);
}

std::optional<Datagram> UdpSocket::taken(Intake& intake, std::size_t i) const {
  Intake::Slots& slots = *intake.slots_;
  const auto remote = slots.from[i].endpoint();
  if (!remote) return {};
  Datagram datagram{.local = local_, .remote = *remote, .payload = intake.bytes(i)};
  const Names& names = names_of(local_.family());
  for_each_control(slots.messages[i].msg_hdr, [&](const cmsghdr& header) {
    if (header.cmsg_level != names.level) return;
    if (header.cmsg_type == names.ecn) datagram.ecn = static_cast<Ecn>(number_of(header) & 3);
    if (header.cmsg_type == names.hop_limit) {
      datagram.hop_limit = static_cast<std::uint8_t>(number_of(header));
    }
  });
  return datagram;
}

std::optional<IcmpError> UdpSocket::next_error() {
  const Names& names = names_of(local_.family());
  for (;;) {
    SocketAddress about;  // where the datagram went
    Control control;
    msghdr message{};
    message.msg_name = about.data();
    message.msg_namelen = SocketAddress::capacity;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    if (::recvmsg(descriptor_, &message, MSG_ERRQUEUE) < 0) return {};
    const auto remote = about.endpoint();
    if (!remote || remote->family() != local_.family()) continue;

    std::optional<IcmpError> found;
    for_each_control(message, [&](const cmsghdr& header) {
      if (header.cmsg_level != names.level || header.cmsg_type != names.receive_errors) return;
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(&header), sizeof error);
      IcmpError icmp{
          .local = local_, .remote = *remote, .type = error.ee_type, .code = error.ee_code};
      if (error.ee_errno == EMSGSIZE) {
        be_too_big(icmp, error.ee_info);
      } else if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) {
        return;
      }
      found = icmp;
    });
    if (found) return found;
  }
}

// There is no control message for DF, so the socket changes its mind where datagrams differ.
void UdpSocket::set_dont_fragment(bool on) {
  if (on == dont_fragment_) return;
  const Names& names = names_of(local_.family());
  dont_fragment_ = on;
  set_option(descriptor_, names.level, names.discover_mtu, on ? names.with_df : names.without_df);
}

namespace {

/// What the system wants to know about one datagram, at one place.
struct Departure {
  void prepare(const Send& send, Bytes payload) {
    to = SocketAddress(send.remote);
    piece = {const_cast<std::uint8_t*>(payload.data()), payload.size()};
    message = {};
    message.msg_name = to.data();
    message.msg_namelen = to.size();
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    const Names& names = names_of(send.remote.family());
    if (send.ecn != Ecn::not_ect) {
      append_number(message, names, names.ecn, static_cast<int>(send.ecn));
    }
    if (send.hop_limit != usual_hop_limit) {
      append_number(message, names, names.hop_limit, send.hop_limit);
    }
    if (message.msg_controllen == 0) message.msg_control = nullptr;
  }

  SocketAddress to;
  Control control;
  iovec piece;
  msghdr message;
};

/// The system would take the last for one that is merely too long for the path.
int objection(const Send& send, AddressFamily family, std::size_t size) {
  if (send.remote.family() != family) return EAFNOSUPPORT;
  return family == AddressFamily::ipv4 && size > longest_v4 ? EMSGSIZE : 0;
}

}  // namespace

int UdpSocket::send(const Send& send, Bytes payload) {
  if (const int error = objection(send, local_.family(), payload.size())) return error;
  set_dont_fragment(send.dont_fragment);
  Departure departure;
  departure.prepare(send, payload);
  return ::sendmsg(descriptor_, &departure.message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

struct Outbox::Slots {
  static constexpr std::size_t slot_size = max_datagram_size + 1;

  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(capacity * slot_size);
  std::array<Send, capacity> sends;
  std::array<Departure, capacity> departures;
  std::array<mmsghdr, capacity> messages;
};

Outbox::Outbox() : slots_(std::make_unique<Slots>()) {}
Outbox::~Outbox() = default;

const Send& Outbox::at(std::size_t i) const {
  return slots_->sends[i];
}
Bytes Outbox::bytes(std::size_t i) const {
  return Bytes(slots_->bytes).subspan(i * Slots::slot_size).first(slots_->sends[i].size);
}
MutableBytes Outbox::room() {
  CHECK(!is_full());
  return MutableBytes(slots_->bytes).subspan(size_ * Slots::slot_size).first(Slots::slot_size);
}
void Outbox::add(const Send& send) {
  CHECK(!is_full());
  slots_->sends[size_++] = send;
}

std::size_t UdpSocket::send(Outbox& outbox, std::size_t first) {
  Outbox::Slots& slots = *outbox.slots_;
  const bool dont_fragment = outbox.at(first).dont_fragment;
  std::size_t end = first;
  for (; end < outbox.size(); ++end) {
    const Send& each = outbox.at(end);
    const Bytes payload = outbox.bytes(end);
    if (each.local != local_ || each.dont_fragment != dont_fragment) break;
    if (objection(each, local_.family(), payload.size()) != 0) break;
    slots.departures[end].prepare(each, payload);
    slots.messages[end].msg_hdr = slots.departures[end].message;
  }
  if (end == first) return 0;
  set_dont_fragment(dont_fragment);
  const auto count = static_cast<unsigned>(end - first);
  const int sent = ::sendmmsg(descriptor_, &slots.messages[first], count, MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

}  // namespace tickover::sim::live
