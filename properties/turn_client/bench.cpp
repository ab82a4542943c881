#include "properties/turn_client/bench.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace tickover::properties {

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace

std::string text_of(const ClientEvent& event) {
  using namespace turn;
  return std::visit(
      Overloaded{[](const CandidateAdded& e) { return "added " + e.relayed.endpoint.text(); },
                 [](const CandidateRemoved& e) {
                   return fmt::format("removed {}: {}", e.relayed.endpoint.text(), name(e.why));
                 },
                 [](const ChannelBound& e) { return "bound " + e.peer.endpoint.text(); },
                 [](const PermissionInstalled& e) { return "permitted " + e.peer.endpoint.text(); },
                 [](const PeerLost& e) { return "lost " + e.peer.endpoint.text(); },
                 [](const PeerRefused& e) {
                   return fmt::format("refused {}: {}", e.peer.endpoint.text(), e.code);
                 },
                 [](const DataReceived& e) {
                   return fmt::format("data {}: {}", e.peer.endpoint.text(), as_text(e.payload));
                 },
                 [](const IcmpReceived& e) {
                   return fmt::format("icmp {}: {}/{} {}", e.peer.endpoint.text(), e.type, e.code,
                                      e.data);
                 },
                 [](const AllocationFailed& e) {
                   return fmt::format("failed {} {}", name(e.why), e.code);
                 }},
      event);
}

Bench::Bench(ClientConfig c, std::uint64_t key)
    : client(std::move(c), Random(key), now), buffer_(max_datagram_size) {
  drain();
}

void Bench::fetch() {
  while (const auto transmit = client.poll_transmit(buffer_)) {
    if (const auto* s = std::get_if<Send>(&*transmit)) {
      const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(s->size);
      log.push_back({now, s->local, s->remote, {buffer_.begin(), end}});
      fresh_.push_back(log.back());
    } else if (const auto* open = std::get_if<OpenSocket>(&*transmit)) {
      asked_sockets.push_back(*open);
    } else {
      closed_sockets.push_back(std::get<CloseSocket>(*transmit));
    }
  }
  while (const auto event = client.poll_event()) {
    events_.push_back(text_of(*event));
    event_log.emplace_back(now, events_.back());
  }
  const auto timeout = client.poll_timeout();
  if (timeout) {
    EXPECT_GT(timeout->at, now) << timeout->reason;
  }
}

void Bench::drain() {
  fetch();
  while (opens_sockets && !asked_sockets.empty()) {
    const OpenSocket open = asked_sockets.front();
    asked_sockets.erase(asked_sockets.begin());
    const IpAddress ip =
        open.local.family() == AddressFamily::ipv4 ? at("10.0.0.2:1").ip : at("[2001:db8::2]:1").ip;
    client.handle_input(SocketOpened{open.request, {ip, next_port++}}, now);
    fetch();
  }
  while (obeying_ && !fresh_.empty()) {
    for (const Sent& request : take()) obey(request);
  }
}

void Bench::input(const Input& input) {
  client.handle_input(input, now);
  drain();
}

void Bench::deliver(Bytes payload, const Sent& to) {
  input(Datagram{.local = to.local, .remote = to.remote, .payload = payload});
}

void Bench::answer(const Sent& to, Class message_class, const Write& write,
                   std::optional<std::string> password) {
  std::array<std::uint8_t, 1500> buffer;
  MessageWriter writer(buffer, {to.view().method(), message_class}, to.view().id());
  if (write) write(writer);
  const auto realm = to.view().text(AttributeType::realm);
  if (password && realm) {
    writer.add_integrity(stun::IntegrityKey::long_term("alice", *realm, *password));
  }
  deliver(writer.bytes(), to);
}

void Bench::challenge(const Sent& to, int code, const char* nonce, const char* realm) {
  const auto write = [&](MessageWriter& writer) {
    writer.add_error(static_cast<stun::ErrorCode>(code), "");
    writer.add_text(AttributeType::realm, realm);
    writer.add_text(AttributeType::nonce, nonce);
  };
  answer(to, Class::error, write, std::nullopt);
}

void Bench::refuse(const Sent& to, int code, std::optional<std::string> password) {
  const auto write = [&](MessageWriter& w) { w.add_error(static_cast<stun::ErrorCode>(code), ""); };
  answer(to, Class::error, write, std::move(password));
}

void Bench::accept(const Sent& to, Duration lifetime) {
  const Method method = to.view().method();
  answer(to, Class::success, [&](MessageWriter& writer) {
    if (method == Method::allocate) {
      writer.add_xor_address(AttributeType::xor_relayed_address, relayed);
    }
    if (method == Method::allocate || method == Method::binding) {
      writer.add_xor_address(AttributeType::xor_mapped_address, mapped);
    }
    if (method == Method::allocate || method == Method::refresh) {
      writer.add_lifetime(to.lifetime() == Duration{} ? Duration{} : lifetime);
    }
  });
}

void Bench::run_until(Instant until, std::optional<Duration> tick) {
  drain();
  for (;;) {
    const auto timeout = client.poll_timeout();
    Instant next = timeout ? timeout->at : until;
    if (tick) next = std::min(next, now + (*tick - now.since_origin() % *tick));
    if (next > until || !(next > now)) break;
    now = next;
    client.handle_timeout(now);
    const Client once = client;
    client.handle_timeout(now);
    EXPECT_TRUE(client == once) << "a repeated timeout changed something";
    drain();
  }
  now = until;
}

void Bench::obey() {
  obeying_ = true;
  drain();
}

void Bench::obey(const Sent& request) {
  if (!request.is_stun() || request.view().message_class() != Class::request) return;
  if (!request.view().has_integrity() && request.is(Method::allocate)) return challenge(request);
  accept(request);
}

void Bench::allocate(Duration lifetime) {
  challenge(take_one());
  accept(take_one(), lifetime);
  EXPECT_TRUE(client.allocation());
  take_events();
}

void Bench::bind(const PeerAddress& peer) {
  EXPECT_TRUE(client.bind_channel(peer, now));
  drain();
  accept(take_one());
  take_events();
}

std::expected<void, turn::CommandError> Bench::send(const char* text, const PeerAddress& peer) {
  const auto sent = client.send(peer, as_bytes(text), now);
  drain();
  return sent;
}

std::vector<Sent> Bench::take() {
  return std::exchange(fresh_, {});
}

Sent Bench::take_one() {
  const auto sent = take();
  EXPECT_EQ(sent.size(), 1u);
  if (sent.empty()) throw std::runtime_error("nothing was sent");
  return sent.front();
}

std::vector<std::string> Bench::take_events() {
  return std::exchange(events_, {});
}

std::size_t Bench::count(Method method) const {
  return times(method).size();
}

std::vector<Instant> Bench::times(Method method) const {
  std::vector<Instant> found;
  for (const Sent& sent : log) {
    if (sent.is(method)) found.push_back(sent.at);
  }
  return found;
}

}  // namespace tickover::properties
