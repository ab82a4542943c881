// A TURN server under any sequence of datagrams, signed requests, socket trouble and time: its
// tables agree, stay within their limits and end empty, and what it sends to clients is canonical.

#include <map>
#include <set>

#include "core/stun/message_writer.h"
#include "core/turn/server/server.h"
#include "properties/fuzz/script.h"
#include "sim/oracles/wire_decoder.h"

namespace tickover::fuzz {
namespace {

using namespace std::chrono_literals;
using stun::AttributeType;
using stun::Method;

const Endpoint listener = *Endpoint::parse("192.0.2.1:3478");
const Endpoint listener_v6 = *Endpoint::parse("[2001:db8::1]:3478");
const char* const client_texts[] = {"198.51.100.7:4000", "198.51.100.7:4001", "198.51.100.8:4000",
                                    "[2001:db8:1::7]:4000"};
const char* const peer_texts[] = {"203.0.113.5:7000", "203.0.113.5:7001",     "203.0.113.6:7000",
                                  "127.0.0.1:7000",   "[2001:db8:2::5]:7000", "192.0.2.1:50001"};
struct Account {
  std::string name;
  std::string password;
};
const Account accounts[] = {{"alice", "s3cret"}, {"bob", "hunter2"}, {"mallory", "guess"}};

turn::ServerConfig config() {
  return {.listen = {listener, listener_v6},
          .relay_addresses = {listener.ip, listener_v6.ip},
          .first_relay_port = 50000,
          .last_relay_port = 50005,
          .realm = "example.org",
          .users = {{"alice", "s3cret"}, {"bob", "hunter2"}},
          .max_allocations = 6,
          .max_allocations_per_user = 3,
          .max_permissions = 4,
          .max_channels = 4};
}

class Bench {
 public:
  explicit Bench(Script script) : script_(script), server_(config(), Random(1), now_) { drain(); }

  void run() {
    for (int steps = 0; !script_.at_end() && steps < 400; ++steps) {
      act();
      drain();
    }
    script_ = Script({});
    for (int hours = 0; hours < 3; ++hours) {
      now_ += 1h;
      server_.handle_timeout(now_);
      drain();
    }
    CHECK(server_.allocation_count() == 0 && server_.allocations().empty());
    CHECK(server_.ports_in_use() == 0);
  }

 private:
  Endpoint client() { return *Endpoint::parse(client_texts[script_.below(4)]); }
  Endpoint peer() { return *Endpoint::parse(peer_texts[script_.below(6)]); }
  static Endpoint listener_of(const Endpoint& client) {
    return client.family() == AddressFamily::ipv4 ? listener : listener_v6;
  }

  void act() {
    switch (script_.below(12)) {
      case 0:
        now_ += script_.duration();
        return server_.handle_timeout(now_);
      case 1:
        return receive(client(), script_.bytes());
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        return request();
      case 7:
        return relay_input();
      case 8:
        return receive(client(), channel_data());
      case 9:
        refuse_sockets_ = script_.below(3);
        return;
      case 10:
        return trouble();
      default:
        return send_indication();
    }
  }
  void receive(const Endpoint& from, Bytes payload) {
    server_.handle_input(
        Datagram{.local = listener_of(from),
                 .remote = from,
                 .payload = payload,
                 .hop_limit = static_cast<std::uint8_t>(script_.below(8) == 0 ? 1 : 64)},
        now_);
  }

  void add_attributes(stun::MessageWriter& writer) {
    for (std::uint32_t count = script_.below(6); count > 0; --count) {
      switch (script_.below(12)) {
        case 0:
          writer.add_leading_byte(AttributeType::requested_transport,
                                  script_.below(4) == 0 ? script_.byte() : std::uint8_t{17});
          break;
        case 1:
          writer.add_lifetime(Duration(1s) * (script_.u16() - 1));
          break;
        case 2:
        case 3:
          writer.add_xor_address(AttributeType::xor_peer_address, peer());
          break;
        case 4:
          writer.add_channel_number(static_cast<std::uint16_t>(0x3fff + script_.below(6)));
          break;
        case 5:
          writer.add_leading_byte(AttributeType::requested_address_family,
                                  static_cast<std::uint8_t>(script_.below(4)));
          break;
        case 6:
          writer.add_leading_byte(AttributeType::additional_address_family,
                                  static_cast<std::uint8_t>(script_.below(4)));
          break;
        case 7:
          writer.add_even_port(script_.below(2) == 1);
          break;
        case 8:
          if (!tokens_.empty()) {
            writer.add(AttributeType::reservation_token,
                       tokens_[script_.below(static_cast<std::uint32_t>(tokens_.size()))]);
          }
          break;
        case 9:
          writer.add(AttributeType::dont_fragment, {});
          break;
        case 10:
          writer.add(AttributeType::data, script_.bytes());
          break;
        default: {
          const auto type = static_cast<AttributeType>(script_.u16());
          writer.add(type, script_.bytes());
        }
      }
    }
  }

  void request() {
    constexpr Method methods[] = {Method::allocate,     Method::allocate,          Method::refresh,
                                  Method::channel_bind, Method::create_permission, Method::binding};
    const Endpoint from = client();
    const Account& account = accounts[script_.below(8) == 7 ? 2 : script_.below(2)];
    const Method method = methods[script_.below(6)];
    // Ids come again now and then, as those of copies do.
    stun::TransactionId id;
    id.bytes[0] = script_.below(16) == 0 ? std::uint8_t{0} : ++ids_;
    std::vector<std::uint8_t> buffer(6000);
    stun::MessageWriter writer(buffer, {method, stun::Class::request}, id);
    add_attributes(writer);
    if (method == Method::allocate && script_.below(4) != 0) {
      writer.add_leading_byte(AttributeType::requested_transport, 17);
    }
    if (script_.below(16) != 0) {
      writer.add_text(AttributeType::username, account.name);
      writer.add_text(AttributeType::realm, "example.org");
      writer.add_text(AttributeType::nonce, nonces_[from]);
      writer.add_integrity(
          stun::IntegrityKey::long_term(account.name, "example.org", account.password));
    }
    if (script_.below(2) == 0) writer.add_fingerprint();
    if (!writer.ok()) return;
    receive(from, writer.bytes());
    if (script_.below(4) == 0) receive(from, writer.bytes());
  }

  void send_indication() {
    std::vector<std::uint8_t> buffer(6000);
    stun::MessageWriter writer(buffer, {Method::send, stun::Class::indication}, {});
    writer.add_xor_address(AttributeType::xor_peer_address, peer());
    writer.add(AttributeType::data, script_.bytes());
    add_attributes(writer);
    if (writer.ok()) receive(client(), writer.bytes());
  }

  Bytes channel_data() {
    static std::vector<std::uint8_t> buffer;
    const Bytes payload = script_.bytes();
    buffer = {0x40, static_cast<std::uint8_t>(script_.below(5)), 0,
              static_cast<std::uint8_t>(payload.size())};
    buffer.insert(buffer.end(), payload.begin(), payload.end());
    buffer.resize(buffer.size() + script_.below(4));
    return buffer;
  }

  void relay_input() {
    if (open_.empty()) return;
    auto relay = open_.begin();
    std::advance(relay, script_.below(static_cast<std::uint32_t>(open_.size())));
    const Endpoint local = *relay;
    const Endpoint remote = peer();
    switch (script_.below(4)) {
      case 0:
        return server_.handle_input(IcmpError{.local = local,
                                              .remote = remote,
                                              .type = script_.byte(),
                                              .code = script_.byte(),
                                              .data = script_.u16()},
                                    now_);
      case 1:
        if (script_.below(8) != 0) return;
        open_.erase(relay);
        return server_.handle_input(SocketClosed{local}, now_);
      default: {
        const Bytes payload = script_.bytes();
        return server_.handle_input(Datagram{.local = local, .remote = remote, .payload = payload},
                                    now_);
      }
    }
  }

  void trouble() {
    switch (script_.below(5)) {
      case 0:
        return server_.handle_input(SocketOpened{script_.byte(), listener}, now_);
      case 1:
        return server_.handle_input(SocketRefused{script_.byte()}, now_);
      case 2:
        return server_.handle_input(SendRefused{listener, client()}, now_);
      case 3:
        return server_.handle_input(AddressesChanged{{listener.ip, peer().ip}}, now_);
      default:
        return server_.handle_input(WallClock{WallTime()}, now_);
    }
  }

  void drain() {
    std::vector<OpenSocket> asked;
    fuzz::drain(
        server_, now_, [&](const Send& send, Bytes bytes) { sent(send, bytes); },
        [&](const OpenSocket& request) { asked.push_back(request); },
        [&](const CloseSocket& closed) { CHECK(open_.erase(closed.local) == 1); },
        [](const turn::ServerEvent&) {});
    CHECK(server_.is_consistent());
    CHECK(server_.allocation_count() <= server_.config().max_allocations);
    for (const OpenSocket& request : asked) {
      if (refuse_sockets_ > 0) {
        --refuse_sockets_;
        server_.handle_input(SocketRefused{request.request}, now_);
      } else {
        CHECK(open_.insert(request.local).second);
        server_.handle_input(SocketOpened{request.request, request.local}, now_);
      }
      drain();
    }
  }

  void sent(const Send& send, Bytes bytes) {
    CHECK(open_.contains(send.local));
    if (send.local != listener && send.local != listener_v6) return;  // the client's own bytes
    CHECK(!sim::complaint_about(bytes));
    const auto message = stun::MessageView::decode(bytes);
    if (!message) return;
    if (const auto nonce = message->text(AttributeType::nonce)) nonces_[send.remote] = *nonce;
    if (const auto token = message->reservation_token()) tokens_.push_back(*token);
  }

  Script script_;
  Instant now_ = Instant::at(1000s);
  turn::Server server_;
  std::set<Endpoint> open_;
  std::map<Endpoint, std::string> nonces_;
  std::vector<stun::ReservationToken> tokens_;
  std::uint8_t ids_ = 0;
  std::uint32_t refuse_sockets_ = 0;
};

}  // namespace
}  // namespace tickover::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tickover::fuzz::Bench(tickover::fuzz::Script({data, size})).run();
  return 0;
}
