// What a driver does with sockets and datagrams.
#include <cerrno>

#include "sim/live/driver_impl.h"

namespace tickover::sim::live {
namespace {

constexpr int most_errors = 64;  // that are taken from one socket before others have their turn

bool has_no_room(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}
bool is_too_big(const IcmpError& error) {
  return error.remote.family() == AddressFamily::ipv4 ? error.type == 3 && error.code == 4
                                                      : error.type == 2;
}
bool passes_at_once(const Fate& fate) {
  return fate.copies == 1 && fate.delay[0] <= Duration{} && !fate.is_bent() && !fate.congested &&
         fate.dropped == DropReason::none;
}
/// What arrives of these bytes.
Bytes bent(MutableBytes bytes, const Fate& fate) {
  if (fate.corrupted && !bytes.empty()) {
    const std::uint64_t bit = fate.corrupt_bit % (bytes.size() * 8);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  }
  return fate.truncated ? bytes.first(std::min<std::size_t>(fate.kept, bytes.size())) : bytes;
}
Ecn marked(Ecn ecn, const Fate& fate) {
  return fate.congested && ecn != Ecn::not_ect ? Ecn::ce : ecn;
}
std::uint8_t copies_of(const Fate& fate) {
  return fate.dropped == DropReason::none ? fate.copies : std::uint8_t{0};
}

}  // namespace

void Driver::Impl::open(const OpenSocket& request) {
  const auto kept = std::ranges::find(reserved, request.local, &UdpSocket::local);
  if (kept != reserved.end()) {
    UdpSocket socket = std::move(*kept);
    std::vector<UdpSocket> others;
    for (UdpSocket& other : reserved) {
      if (other.descriptor() >= 0) others.push_back(std::move(other));
    }
    reserved.swap(others);
    answer_later(SocketOpened{request.request, socket.local()});
    return listen(std::move(socket));
  }
  auto socket = UdpSocket::open(request.local);
  if (!socket) {
    ++counters.sockets_refused;
    return answer_later(SocketRefused{request.request});
  }
  answer_later(SocketOpened{request.request, socket->local()});
  listen(std::move(*socket));
}

void Driver::Impl::listen(UdpSocket socket) {
  auto port = std::make_shared<Port>(loop.impl().context, std::move(socket));
  ports.insert(place_of(port->socket.local()), port);
  asio::co_spawn(loop.impl().context, receive(this, std::move(port)), asio::detached);
}

void Driver::Impl::close(const Endpoint& local) {
  if (find(local) == nullptr) return;
  flush();  // what was sent before
  const auto at = place_of(local);
  (*at)->close();
  ports.erase(at);
}

asio::awaitable<void> Driver::Impl::receive(Impl* impl, PortPointer port) {
  while (port->is_open) {
    const auto [error] = co_await port->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    // A port that is open has a driver that is alive.
    if (error || !port->is_open) co_return;
    impl->take_all(*port);
  }
}

void Driver::Impl::take_all(Port& port) {
  std::size_t taken = 0;
  while (taken < options.batch && port.is_open) {
    const std::size_t most = std::min(options.batch - taken, Intake::capacity);
    const auto count = port.socket.receive(intake, most);
    if (!count) {
      const bool is_empty = count.error() == EAGAIN || count.error() == EWOULDBLOCK;
      if (!is_empty || taken == 0) take_errors(port);
      if (is_empty) return;
      ++taken;
      continue;
    }
    taken += *count;
    is_collecting = options.passage == nullptr &&
                    std::ranges::none_of(options.observers, &Observer::sees_datagrams);
    for (std::size_t i = 0; i < *count && port.is_open; ++i) {
      const auto datagram = port.socket.taken(intake, i);
      if (!datagram) continue;
      ++counters.received;
      arrived(*datagram, intake.bytes(i));
    }
    is_collecting = false;
    flush();
    if (*count < most) return;
  }
}

/// Whether there were any beside those that say that a datagram is too big.
bool Driver::Impl::take_errors(Port& port) {
  bool any = false;
  for (int taken = 0; taken < most_errors; ++taken) {
    const auto error = port.socket.next_error();
    if (!error) break;
    ++counters.icmp_errors;
    any = any || !is_too_big(*error);
    answer_later(*error);
  }
  return any;
}

void Driver::Impl::arrived(const Datagram& datagram, MutableBytes bytes) {
  if (options.passage == nullptr) return give(datagram);
  const Instant now = loop.now();
  const Fate fate = options.passage->incoming(self, datagram, now);
  tell([&](Observer& observer) { observer.arrived(self, datagram, fate, now); });
  if (passes_at_once(fate)) return give(datagram);
  const Bytes rest = bent(bytes, fate);
  Datagram as_it_arrives = datagram;
  as_it_arrives.ecn = marked(datagram.ecn, fate);
  std::uint8_t copies = copies_of(fate);
  for (std::uint8_t copy = 0; copy < copies; ++copy) {
    if (!flights.add(now + fate.delay[copy], as_it_arrives, rest)) copies = 0;
  }
  if (copies == 0) {
    ++counters.taken_away;
    tell([&](Observer& observer) { observer.lost(self, datagram, fate, now); });
  }
  arm_flights();
}

void Driver::Impl::send(const Send& send, MutableBytes payload) {
  if (is_collecting) {
    outbox.add(send);
    if (outbox.is_full()) flush();
    return;
  }
  const auto done = [&](const Fate& fate, SendResult result) {
    tell([&](Observer& observer) { observer.sent(self, send, payload, fate, result, changed_at); });
  };
  Fate fate{.copies = 1};
  if (options.passage != nullptr && find(send.local) != nullptr) {
    fate = options.passage->outgoing(self, send, payload, changed_at);
  }
  if (passes_at_once(fate)) return done(fate, put(send, payload));
  if (fate.dropped == DropReason::send_refused) {
    ++counters.taken_away;
    answer_later(SendRefused{send.local, send.remote});
    return done(fate, SendResult::refused);
  }
  done(fate, SendResult::held);  // as it was sent
  const Bytes rest = bent(payload, fate);
  Send as_it_leaves = send;
  as_it_leaves.ecn = marked(send.ecn, fate);
  as_it_leaves.size = rest.size();
  std::uint8_t copies = copies_of(fate);
  for (std::uint8_t copy = 0; copy < copies; ++copy) {
    if (!flights.add(changed_at + fate.delay[copy], as_it_leaves, rest)) copies = 0;
  }
  if (copies == 0) ++counters.taken_away;
  arm_flights();
}

SendResult Driver::Impl::put(const Send& send, Bytes payload) {
  Port* port = find(send.local);
  int error = EBADF;
  if (port != nullptr) {
    error = port->socket.send(send, payload);
    // What an earlier datagram met is told by the next call, which then does nothing itself.
    if (error != 0 && !has_no_room(error)) {
      const std::size_t before = answers.size();
      if (take_errors(*port)) error = port->socket.send(send, payload);
      if (error == EMSGSIZE && (answers.size() > before || take_errors(*port))) {
        return SendResult::too_big;
      }
    }
  }
  if (error == 0) {
    ++counters.sent;
    return SendResult::sent;
  }
  ++counters.sends_refused;
  if (has_no_room(error)) ++counters.sends_without_room;
  answer_later(SendRefused{send.local, send.remote});
  return SendResult::refused;
}

/// What was collected leaves, in its order.
void Driver::Impl::flush() {
  for (std::size_t i = 0; i < outbox.size();) {
    const Send& next = outbox.at(i);
    Port* const port = find(next.local);
    const std::size_t sent = port == nullptr ? 0 : port->socket.send(outbox, i);
    counters.sent += sent;
    if (sent == 0) put(next, outbox.bytes(i));  // which learns why
    i += std::max<std::size_t>(sent, 1);
  }
  outbox.clear();
}

/// What is held back and due goes on.
void Driver::Impl::fly() {
  flights_armed_for = Instant::never();
  while (auto flight = flights.take(loop.now())) {
    if (is_stopped) return;
    if (find(flight->outgoing ? flight->send.local : flight->datagram.local) == nullptr) {
      ++counters.taken_away;  // its socket was closed meanwhile
    } else if (flight->outgoing) {
      put(flight->send, flight->bytes);
    } else {
      give(flight->datagram);
    }
    flights.give_back(std::move(*flight));
  }
  arm_flights();
}

void Driver::Impl::arm_flights() {
  const Instant at = flights.earliest();
  if (is_stopped || at >= flights_armed_for) return;
  flights_armed_for = at;
  flight_deadline.expires_at(loop.impl().point_of(at, loop.now()));
  flight_deadline.async_wait([this, still = alive](const boost::system::error_code& error) {
    if (!error && *still) fly();
  });
}

}  // namespace tickover::sim::live
