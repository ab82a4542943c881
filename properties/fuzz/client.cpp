// A TURN client under any answers, challenges, garbage, commands and time: it never spins, what it
// sends is canonical, its events keep their protocol, and it stays within its request budget.

#include <deque>

#include "core/stun/message_writer.h"
#include "core/turn/client/client.h"
#include "properties/fuzz/script.h"
#include "sim/oracles/wire_decoder.h"

namespace tickover::fuzz {
namespace {

using namespace std::chrono_literals;
using stun::AttributeType;
using stun::Class;
using stun::Method;

const Endpoint servers[] = {*Endpoint::parse("192.0.2.1:3478"),
                            *Endpoint::parse("[2001:db8::1]:3478")};
const char* const peer_texts[] = {"203.0.113.5:7000", "203.0.113.5:7001", "203.0.113.6:7000",
                                  "[2001:db8:2::5]:7000"};

class Bench {
 public:
  explicit Bench(Script script)
      : script_(script),
        client_({.server = {servers[0], servers[1]}, .username = "alice", .password = "s3cret"},
                Random(1), now_) {
    drain();
  }

  void run() {
    for (int steps = 0; !script_.at_end() && steps < 400; ++steps) {
      act();
      drain();
    }
    // Nobody answers any more: in an hour no more goes out than a patient client may send.
    client_.close(now_);
    drain();
    sent_count_ = 0;
    for (const Instant end = now_ + 1h; now_ < end;) {
      const auto timeout = client_.poll_timeout();
      if (!timeout || timeout->at > end) break;
      now_ = timeout->at;
      client_.handle_timeout(now_);
      drain();
    }
    CHECK(sent_count_ <= 64);
    CHECK(!client_.allocation());
  }

 private:
  turn::PeerAddress peer() {
    return turn::PeerAddress{*Endpoint::parse(peer_texts[script_.below(4)])};
  }

  void act() {
    switch (script_.below(16)) {
      case 0:
        now_ += script_.duration();
        return client_.handle_timeout(now_);
      case 1:
        if (const auto timeout = client_.poll_timeout()) now_ = timeout->at;
        return client_.handle_timeout(now_);
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        return answer();
      case 7:
        return garbage();
      case 8:
        return static_cast<void>(client_.bind_channel(peer(), now_));
      case 9:
        return static_cast<void>(client_.create_permission(peer(), now_));
      case 10:
        return static_cast<void>(client_.release_peer(peer(), now_));
      case 11: {
        const Bytes payload = script_.bytes();
        return static_cast<void>(client_.send(peer(), payload, now_));
      }
      case 12:
        if (script_.below(8) == 0) client_.close(now_);
        if (script_.below(4) == 0) client_.restart(now_);
        return;
      case 13:
        return data();
      default:
        return trouble();
    }
  }

  /// An answer to one of the last requests: right, wrong, signed or not.
  void answer() {
    if (requests_.empty()) return;
    const Sent request = requests_[script_.below(static_cast<std::uint32_t>(requests_.size()))];
    const auto asked = *stun::MessageView::decode(request.bytes);
    const bool is_signed = asked.has_integrity() || asked.has_integrity_sha256();
    const std::uint32_t how = script_.below(8);
    std::vector<std::uint8_t> buffer(4000);
    const Class message_class = how < (is_signed ? 5u : 1u) ? Class::success : Class::error;
    stun::MessageWriter writer(buffer, {asked.method(), message_class}, asked.id());
    if (message_class == Class::error) {
      constexpr int codes[] = {401, 438, 437, 400, 403, 441, 442, 486, 508, 500, 300, 420};
      const int code = is_signed ? codes[script_.below(12)] : 401;
      writer.add_error(static_cast<stun::ErrorCode>(code), "");
      if (script_.below(8) != 0) writer.add_text(AttributeType::realm, "example.org");
      const std::string nonce = "nonce" + std::to_string(script_.below(4));
      if (script_.below(8) != 0) writer.add_text(AttributeType::nonce, nonce);
    } else {
      writer.add_xor_address(AttributeType::xor_relayed_address,
                             {servers[0].ip, static_cast<std::uint16_t>(script_.below(3))});
      writer.add_xor_address(AttributeType::xor_mapped_address, request.send.local);
      if (script_.below(8) != 0) writer.add_lifetime(Duration(1s) * script_.u16());
    }
    if (script_.below(8) == 0) writer.add(static_cast<AttributeType>(script_.u16()), {});
    if (script_.below(8) != 0 && is_signed) {
      writer.add_integrity(stun::IntegrityKey::long_term("alice", "example.org", "s3cret"));
    }
    if (!writer.ok()) return;
    receive(request.send.local, request.send.remote, writer.bytes());
  }

  void garbage() {
    if (requests_.empty()) return;
    const Send path = requests_.back().send;
    receive(path.local, path.remote, script_.bytes());
  }

  void data() {
    if (requests_.empty()) return;
    const Send path = requests_.back().send;
    std::vector<std::uint8_t> buffer(400);
    if (script_.below(2) == 0) {
      stun::MessageWriter writer(buffer, {Method::data, Class::indication}, {});
      writer.add_xor_address(AttributeType::xor_peer_address, peer().endpoint);
      writer.add(AttributeType::data, script_.bytes());
      return receive(path.local, path.remote, writer.bytes());
    }
    if (channels_.empty()) return;
    const std::uint16_t number =
        channels_[script_.below(static_cast<std::uint32_t>(channels_.size()))];
    buffer = {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number & 0xff), 0,
              1, 42};
    receive(path.local, path.remote, buffer);
  }

  void receive(const Endpoint& local, const Endpoint& remote, Bytes payload) {
    client_.handle_input(Datagram{.local = local, .remote = remote, .payload = payload}, now_);
  }

  void trouble() {
    const Endpoint local =
        requests_.empty() ? Endpoint{servers[0].ip, 1} : requests_.back().send.local;
    const Endpoint remote = requests_.empty() ? servers[0] : requests_.back().send.remote;
    switch (script_.below(6)) {
      case 0:
        return client_.handle_input(IcmpError{.local = local,
                                              .remote = remote,
                                              .type = static_cast<std::uint8_t>(script_.below(5)),
                                              .code = static_cast<std::uint8_t>(script_.below(5))},
                                    now_);
      case 1:
        return client_.handle_input(SendRefused{local, remote}, now_);
      case 2:
        return client_.handle_input(SocketClosed{local}, now_);
      case 3:
        refuse_sockets_ = script_.below(3);
        return;
      case 4:
        return client_.handle_input(SocketOpened{script_.byte(), local}, now_);
      default:
        return client_.handle_input(
            AddressesChanged{{script_.below(2) == 0 ? servers[0].ip : servers[1].ip}}, now_);
    }
  }

  void drain() {
    std::vector<OpenSocket> asked;
    fuzz::drain(
        client_, now_, [&](const Send& send, Bytes bytes) { sent(send, bytes); },
        [&](const OpenSocket& request) { asked.push_back(request); }, [](const CloseSocket&) {},
        [&](const turn::ClientEvent& event) { told(event); });
    for (const OpenSocket& request : asked) {
      if (refuse_sockets_ > 0) {
        --refuse_sockets_;
        client_.handle_input(SocketRefused{request.request}, now_);
      } else {
        const char* const text =
            request.local.family() == AddressFamily::ipv4 ? "198.51.100.7:1" : "[2001:db8:1::7]:1";
        client_.handle_input(
            SocketOpened{request.request, {Endpoint::parse(text)->ip, next_port_++}}, now_);
      }
      drain();
    }
  }

  void sent(const Send& send, Bytes bytes) {
    ++sent_count_;
    CHECK(!sim::complaint_about(bytes));
    const auto message = stun::MessageView::decode(bytes);
    if (!message || message->message_class() != Class::request) return;
    if (const auto number = message->channel_number()) channels_.push_back(*number);
    requests_.push_back({send, {bytes.begin(), bytes.end()}});
    if (requests_.size() > 8) requests_.pop_front();
  }

  void told(const turn::ClientEvent& event) {
    if (std::holds_alternative<turn::CandidateAdded>(event)) {
      CHECK(!has_candidate_);
      has_candidate_ = true;
    } else if (std::holds_alternative<turn::CandidateRemoved>(event)) {
      CHECK(has_candidate_);
      has_candidate_ = false;
    }
  }

  Script script_;
  Instant now_ = Instant::at(1000s);
  turn::Client client_;
  std::deque<Sent> requests_;
  std::vector<std::uint16_t> channels_;
  std::uint16_t next_port_ = 1024;
  std::uint32_t refuse_sockets_ = 0;
  int sent_count_ = 0;
  bool has_candidate_ = false;
};

}  // namespace
}  // namespace tickover::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tickover::fuzz::Bench(tickover::fuzz::Script({data, size})).run();
  return 0;
}
