#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sim/roles/attacks.h"
#include "sim/roles/rogue_user.h"
#include "sim/roles/roles.h"

namespace tickover::sim {
namespace {

using stun::Class;
using stun::Method;

constexpr std::uint16_t attacker_port = 6666;
/// What it keeps to send again.
constexpr std::size_t most_captured = 32;

enum class Attack { flood, garbage, replay, forge_answers, spoof_data, usurp, exhaust, peer_scan };

struct AttackName {
  std::string_view name;
  Attack attack;
  bool needs_victim;
};
constexpr std::array attack_names = {
    AttackName{"flood", Attack::flood, false},
    AttackName{"garbage", Attack::garbage, false},
    AttackName{"replay", Attack::replay, true},
    AttackName{"forge-answers", Attack::forge_answers, true},
    AttackName{"spoof-data", Attack::spoof_data, true},
    AttackName{"usurp", Attack::usurp, true},
    AttackName{"exhaust", Attack::exhaust, false},
    AttackName{"peer-scan", Attack::peer_scan, false},
};

const AttackName* find_attack(std::string_view name) {
  const auto at = std::ranges::find(attack_names, name, &AttackName::name);
  return at == attack_names.end() ? nullptr : &*at;
}

struct AttackerConfig {
  IpAddress own;
  Endpoint target;
  std::optional<IpAddress> blamed;  // whose address a flood bears; absent: all addresses
  std::vector<Attack> attacks;
  Duration every;
  Duration lasts;
  std::int64_t sockets = 0;
  std::string username;
  std::string password;

  bool operator==(const AttackerConfig&) const = default;
};

/// What its victim and the relay say to each other, as far as it serves.
struct Captured {
  struct Request {
    Endpoint from;
    std::vector<std::uint8_t> bytes;
    bool operator==(const Request&) const = default;
  };
  std::vector<Request> requests;  // a ring
  std::size_t next = 0;
  std::optional<Endpoint> client;  // the victim as the relay sees it
  std::optional<Endpoint> relayed;
  std::optional<turn::ChannelNumber> channel;
  std::string realm;
  std::string nonce;  // the victim's latest

  bool operator==(const Captured&) const = default;
};

class Attacker {
 public:
  using Event = Notice;

  Attacker(AttackerConfig config, Random random, Instant now)
      : config_(std::move(config)),
        random_(random),
        user_(config_.target, config_.username, config_.password, random.split(1)),
        next_(now + config_.every),
        end_(now + config_.lasts) {
    out_.open({0, {config_.own, attacker_port}});
    for (std::int64_t i = 1; i <= config_.sockets; ++i) {
      out_.open({static_cast<std::uint32_t>(i), {config_.own, 0}});
    }
  }

  static Label label(Bytes datagram) { return stun_label(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return stun_kind_name(kind); }

  void handle_input(const Input& input, Instant now) {
    handle_timeout(now);  // what is due at this instant does not wait for a wake-up of its own
    if (const auto* opened = std::get_if<SocketOpened>(&input)) {
      sockets_.push_back(opened->local);
      if (opened->request != 0) user_.opened(opened->local);
      return;
    }
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    if (std::ranges::find(sockets_, datagram->local) != sockets_.end()) {
      user_.handle_datagram(*datagram);
    } else if (datagram->remote == config_.target) {
      overhear_relay(*datagram);
    } else if (datagram->local == config_.target) {
      overhear_victim(*datagram, now);
    }
  }

  /// One datagram of each attack; what a late wake-up missed is not made up for.
  void handle_timeout(Instant now) {
    if (now < next_ || next_ >= end_) return;
    for (const Attack attack : config_.attacks) act(attack);
    ++acts_;
    next_ = next_ + config_.every * ((now - next_) / config_.every + 1);
  }

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return out_.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const {
    if (next_ >= end_) return {};
    return Timeout{next_, "attack"};
  }

  bool operator==(const Attacker&) const = default;

 private:
  Endpoint own() const { return {config_.own, attacker_port}; }
  /// Of those that operating systems choose for clients.
  std::uint16_t some_port() {
    return static_cast<std::uint16_t>(49'152 + random_.below(65'536 - 49'152));
  }

  template <class Write>
  void send(const Endpoint& from, const Endpoint& to, Write&& write) {
    const Bytes bytes = write(out_.reserve(attack_size));
    out_.sent({.local = from, .remote = to, .size = bytes.size()});
  }

  Endpoint false_source() {
    if (config_.blamed) return {*config_.blamed, some_port()};
    std::array<std::uint8_t, 16> bytes{};
    random_.fill(bytes);
    if (config_.target.family() == AddressFamily::ipv6) return {IpAddress::v6(bytes), some_port()};
    return {IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}), some_port()};
  }

  void act(Attack attack) {
    switch (attack) {
      case Attack::flood:
        return send(false_source(), config_.target,
                    [&](MutableBytes b) { return write_flood(b, acts_, random_); });
      case Attack::garbage:
        return send(own(), config_.target,
                    [&](MutableBytes b) { return write_garbage(b, acts_, random_); });
      case Attack::replay:
        return replay();
      case Attack::forge_answers:
        return;  // whenever the victim asks something
      case Attack::spoof_data:
        return spoof_data();
      case Attack::usurp:
        if (captured_.client && !captured_.nonce.empty()) {
          user_.usurp(out_, *captured_.client, captured_.realm, captured_.nonce);
        }
        return;
      case Attack::exhaust:
        return user_.exhaust(out_);
      case Attack::peer_scan:
        return user_.scan(out_);
    }
  }

  /// From where the victim sent it, or, every third time, from the attacker's own address.
  void replay() {
    if (captured_.requests.empty()) return;
    const Captured::Request& again = captured_.requests[random_.below(captured_.requests.size())];
    out_.send({.local = acts_ % 3 == 2 ? own() : again.from, .remote = config_.target},
              again.bytes);
  }

  /// In the victim's name to a peer and on a channel that the victim never asked for, and to the
  /// victim's relayed address and to the victim itself from where nobody is permitted.
  void spoof_data() {
    if (!captured_.client) return;
    const Endpoint stranger = false_source();
    const std::uint64_t variant = acts_ % 4;
    if (variant == 0) {
      return send(*captured_.client, config_.target, [&](MutableBytes b) {
        return write_indication(b, Method::send, own(), random_);
      });
    }
    if (variant == 1 && captured_.channel) {
      constexpr std::uint16_t far_away = 0x0800;
      const auto raw = static_cast<std::uint16_t>(captured_.channel->value() ^ far_away);
      return send(*captured_.client, config_.target, [&](MutableBytes b) {
        return write_stray_channel_data(b, *turn::ChannelNumber::parse(raw), random_);
      });
    }
    if (variant == 2 && captured_.relayed) {
      return send(stranger, *captured_.relayed,
                  [&](MutableBytes b) { return write_noise(b, random_); });
    }
    send(stranger, *captured_.client,
         [&](MutableBytes b) { return write_indication(b, Method::data, own(), random_); });
  }

  void overhear_victim(const Datagram& datagram, Instant now) {
    captured_.client = datagram.remote;
    if (const auto data = turn::ChannelData::decode(datagram.payload)) {
      captured_.channel = data->number;
      return;
    }
    const auto message = stun::MessageView::decode(datagram.payload);
    if (!message || message->message_class() != Class::request) return;
    capture(datagram);
    captured_.realm = message->text(stun::AttributeType::realm).value_or("");
    captured_.nonce = message->text(stun::AttributeType::nonce).value_or("");
    const bool forges =
        std::ranges::find(config_.attacks, Attack::forge_answers) != config_.attacks.end();
    if (!forges || now >= end_) return;
    send(config_.target, datagram.remote, [&](MutableBytes b) {
      return write_forged_answer(b, *message, forged_++, own(), random_);
    });
  }

  void capture(const Datagram& datagram) {
    Captured::Request request{datagram.remote, {datagram.payload.begin(), datagram.payload.end()}};
    if (captured_.requests.size() < most_captured) {
      captured_.requests.push_back(std::move(request));
    } else {
      captured_.requests[captured_.next] = std::move(request);
      captured_.next = (captured_.next + 1) % most_captured;
    }
  }

  void overhear_relay(const Datagram& datagram) {
    const auto message = stun::MessageView::decode(datagram.payload);
    if (!message || message->message_class() != Class::success) return;
    const auto relayed = message->xor_address(stun::AttributeType::xor_relayed_address);
    if (relayed && relayed->family() == config_.target.family()) captured_.relayed = *relayed;
  }

  AttackerConfig config_;
  Random random_;
  RogueUser user_;
  Captured captured_;
  TransmitQueue out_;
  std::vector<Endpoint> sockets_;
  Instant next_;
  Instant end_;
  std::uint64_t acts_ = 0;
  std::uint64_t forged_ = 0;
};
static_assert(Machine<Attacker>);

AttackerConfig config_of(const RoleContext& context) {
  AttackerConfig config;
  const HostInfo* target = context.host(context.text("target", ""));
  if (target != nullptr && !target->addresses.empty()) {
    config.target = {target->addresses.front(), stun_port};
  }
  for (const IpAddress& ip : context.self.addresses) {
    if (ip.family() == config.target.family()) config.own = ip;
  }
  if (const HostInfo* blamed = context.host(context.text("blames", ""))) {
    config.blamed = blamed->addresses.front();
  }
  for (const std::string& name : context.texts("attack")) {
    if (const AttackName* known = find_attack(name)) config.attacks.push_back(known->attack);
  }
  config.every = context.duration("every", std::chrono::milliseconds(100));
  config.lasts = context.duration("for", Duration::max());
  config.sockets = context.integer("sockets", 8);
  config.username = context.text("username", "user");
  config.password = context.text("password", "password");
  return config;
}

std::optional<std::string> problem_of(const RoleContext& context) {
  const AttackerConfig config = config_of(context);
  if (config.own.family() != config.target.family() || config.own.is_unspecified()) {
    return "it has no address of its target's family";
  }
  if (config.blamed && config.blamed->family() != config.target.family()) {
    return "whom it blames has no address of its target's family";
  }
  if (config.attacks.empty()) return "its `attack` names none";
  const bool floods = std::ranges::find(config.attacks, Attack::flood) != config.attacks.end();
  if (config.blamed && !floods) return "`blames` is for a flood, and it makes none";
  if (auto problem = text_problem(context, config.username)) return problem;
  const bool has_victim = context.settings.find("victim") != nullptr;
  for (const std::string& name : context.texts("attack")) {
    const AttackName* known = find_attack(name);
    if (known != nullptr && known->needs_victim && !has_victim) return name + " needs a `victim`";
  }
  return {};
}

std::vector<std::string> all_attacks() {
  std::vector<std::string> names;
  for (const AttackName& each : attack_names) names.emplace_back(each.name);
  return names;
}

}  // namespace

Role attacker_role() {
  return {
      .name = "attacker",
      .help = "a stranger who means harm: sends in any name, and overhears its victim",
      .keys =
          {{"target", ValueType::host, "the relay that it attacks", {}, true},
           {"victim", ValueType::host, "whose talk with the target it overhears"},
           {"attack", ValueType::texts, "one or more of those there are", {}, true, all_attacks()},
           {.name = "every",
            .type = ValueType::duration,
            .help = "one datagram of each attack (100ms)",
            .least = 1},
           {"for", ValueType::duration, "how long it goes on (to the end)"},
           {"blames", ValueType::host, "in whose name it floods (all the world's)"},
           {"username", ValueType::text,
            "an account of its own, with which it exhausts, scans and usurps (user)"},
           {"password", ValueType::text, "(password)"},
           {.name = "sockets",
            .type = ValueType::integer,
            .help = "on which it allocates (8)",
            .least = 0,
            .most = 1'000}},
      .make =
          [](const RoleContext& context) {
            return AnyMachine(Attacker(config_of(context), context.random, context.now));
          },
      .port = attacker_port,
      .messages = stun_messages(),
      .problem = problem_of,
      .spoofs = true,
      .overhears =
          [](const RoleContext& context) -> std::optional<std::pair<std::string, std::string>> {
        if (context.settings.find("victim") == nullptr) return {};
        return std::pair(context.text("target", ""), context.text("victim", ""));
      }};
}

}  // namespace tickover::sim
