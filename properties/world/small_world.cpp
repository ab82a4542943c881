#include "properties/world/small_world.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/transmit_queue.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t echo_port = 9;
constexpr std::uint16_t announced_port = 5;
constexpr std::uint8_t question = 'Q';
constexpr std::uint8_t answer = 'A';

/// Questions and answers share their key: the eight bytes after the first.
Label label_of(Bytes datagram) {
  ByteReader reader(datagram);
  const std::uint8_t type = reader.u8();
  const std::uint64_t key = reader.u64();
  if (!reader.ok() || (type != question && type != answer)) return {};
  return {type, type == question ? Label::Part::request : Label::Part::answer, key};
}

std::string_view name_of_kind(std::uint16_t kind) {
  if (kind == question) return "question";
  return kind == answer ? "answer" : "datagram";
}

class Talker {
 public:
  using Event = Notice;

  explicit Talker(const RoleContext& context)
      : random_(context.random),
        every_(context.duration("every", milliseconds(100))),
        again_(context.duration("again", milliseconds(30))),
        copies_(context.integer("copies", 3)),
        salt_(context.integer("salt", 0)) {
    const HostInfo* to = context.host(context.text("to", ""));
    CHECK(to != nullptr);
    const IpAddress& own = context.self.addresses.front();
    const auto theirs = std::ranges::find(to->addresses, own.family(), &IpAddress::family);
    to_ = {theirs == to->addresses.end() ? to->addresses.front() : *theirs, echo_port};
    transmits_.open({0, {context.self.addresses.front(), 0}});
  }

  void handle_input(const Input& input, Instant now) {
    if (const auto* opened = std::get_if<SocketOpened>(&input)) {
      local_ = opened->local;
      next_ = now + every_;
    }
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    const Label label = label_of(datagram->payload);
    const auto asked = std::ranges::find(waiting_, label.key, &Waiting::key);
    if (label.kind != answer || asked == waiting_.end()) return;
    answered_.push_back(asked->number);
    waiting_.erase(asked);
  }

  void handle_timeout(Instant now) {
    for (Waiting& w : waiting_) {
      if (w.again > now) continue;
      w.again = w.copies < copies_ ? w.again + again_ : Instant::never();
      if (w.copies++ < copies_) send(w);
    }
    std::erase_if(waiting_, [&](const Waiting& w) { return w.copies > copies_; });
    if (next_ > now) return;
    next_ += every_;
    waiting_.push_back({random_.word(), ++asked_, 1, now + again_});
    send(waiting_.back());
  }

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (answered_.empty()) return {};
    const std::uint64_t number = answered_.front();
    answered_.erase(answered_.begin());
    return Notice{.name = "answered", .remote = to_, .number = number};
  }
  std::optional<Timeout> poll_timeout() const {
    Instant at = next_;
    for (const Waiting& w : waiting_) at = std::min(at, w.again);
    if (at == Instant::never()) return {};
    return Timeout{at, at == next_ ? "question" : "again"};
  }

  static Label label(Bytes datagram) { return label_of(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return name_of_kind(kind); }

  bool operator==(const Talker&) const = default;

 private:
  struct Waiting {
    std::uint64_t key = 0;
    std::uint64_t number = 0;
    std::int64_t copies = 0;
    Instant again;
    bool operator==(const Waiting&) const = default;
  };
  void send(const Waiting& w) {
    std::uint8_t bytes[32] = {};
    ByteWriter writer(bytes);
    writer.u8(question);
    writer.u64(w.key);
    writer.u64(w.number);
    writer.u64(static_cast<std::uint64_t>(salt_));
    transmits_.send({.local = local_, .remote = to_}, bytes);
  }

  Random random_;
  Duration every_;
  Duration again_;
  std::int64_t copies_;
  std::int64_t salt_;
  Endpoint to_;
  Endpoint local_;
  Instant next_ = Instant::never();
  std::uint64_t asked_ = 0;
  std::vector<Waiting> waiting_;
  std::vector<std::uint64_t> answered_;
  TransmitQueue transmits_;
};
static_assert(Machine<Talker>);

class Echo {
 public:
  using Event = Notice;

  explicit Echo(const RoleContext& context) {
    for (const IpAddress& ip : context.self.addresses) transmits_.open({0, {ip, echo_port}});
  }
  void handle_input(const Input& input, Instant) {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr || label_of(datagram->payload).kind != question) return;
    std::vector<std::uint8_t> bytes(datagram->payload.begin(), datagram->payload.end());
    bytes[0] = answer;
    transmits_.send({.local = datagram->local, .remote = datagram->remote}, bytes);
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const { return {}; }

  static Label label(Bytes datagram) { return label_of(datagram); }
  static std::string_view kind_name(std::uint16_t kind) { return name_of_kind(kind); }

  bool operator==(const Echo&) const = default;

 private:
  TransmitQueue transmits_;
};
static_assert(Machine<Echo>);

class Announcer {
 public:
  using Event = Notice;

  explicit Announcer(const RoleContext& context) : to_refuse_(context.integer("refuse", 0)) {
    transmits_.open({0, {context.self.addresses.front(), announced_port}});
  }
  bool handle_command(const Command& command, Instant) {
    const auto* reach = std::get_if<ReachCommand>(&command);
    if (reach == nullptr) return false;
    if (to_refuse_-- > 0) return false;
    expected_.push_back(reach->peer);
    return true;
  }
  void handle_input(const Input& input, Instant) {
    if (const auto* opened = std::get_if<SocketOpened>(&input)) {
      notices_.push_back(
          {.kind = Notice::Kind::candidate_added, .name = "announced", .local = opened->local});
    }
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr || std::ranges::find(expected_, datagram->remote) == expected_.end()) {
      return;
    }
    ByteReader reader(datagram->payload);
    reader.skip(8);
    notices_.push_back({.name = "got", .remote = datagram->remote, .number = reader.u64()});
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (notices_.empty()) return {};
    const Notice first = notices_.front();
    notices_.erase(notices_.begin());
    return first;
  }
  std::optional<Timeout> poll_timeout() const { return {}; }

  bool operator==(const Announcer& other) const {
    return to_refuse_ == other.to_refuse_ && expected_ == other.expected_ &&
           notices_.size() == other.notices_.size() && transmits_ == other.transmits_;
  }

 private:
  std::int64_t to_refuse_;
  std::vector<Endpoint> expected_;
  std::vector<Notice> notices_;
  TransmitQueue transmits_;
};
static_assert(Machine<Announcer>);

class Misfit {
 public:
  using Event = Notice;

  explicit Misfit(const RoleContext& context) : address_(context.self.addresses.front()) {
    transmits_.send({.local = {address_, 1}, .remote = {address_, 2}}, as_bytes("hello"));
  }
  void handle_input(const Input& input, Instant) {
    if (std::holds_alternative<SendRefused>(input)) ++refused_;
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (told_ == refused_) return {};
    return Notice{.name = "refused", .number = ++told_};
  }
  std::optional<Timeout> poll_timeout() const { return {}; }
  bool operator==(const Misfit&) const = default;

 private:
  IpAddress address_;
  std::uint64_t refused_ = 0;
  std::uint64_t told_ = 0;
  TransmitQueue transmits_;
};
static_assert(Machine<Misfit>);

class Herald {
 public:
  using Event = Notice;

  explicit Herald(const RoleContext& context) : local_{context.self.addresses.front(), 1} {
    transmits_.open({0, local_});
  }
  void handle_input(const Input& input, Instant) {
    if (std::holds_alternative<WallClock>(input)) say("the time");
    if (std::holds_alternative<AddressesChanged>(input)) say("the place");
    if (const auto* datagram = std::get_if<Datagram>(&input)) hop_limit_ = datagram->hop_limit;
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (!hop_limit_) return {};
    return Notice{.name = "sees hop limit", .number = *std::exchange(hop_limit_, std::nullopt)};
  }
  std::optional<Timeout> poll_timeout() const { return {}; }
  bool operator==(const Herald&) const = default;

 private:
  void say(std::string_view text) {
    transmits_.send({.local = local_, .remote = {local_.ip, 2}}, as_bytes(text));
  }

  Endpoint local_;
  std::optional<std::uint64_t> hop_limit_;
  TransmitQueue transmits_;
};
static_assert(Machine<Herald>);

template <class M>
Role role(std::string name, std::vector<KeySpec> keys, std::uint16_t port = 0) {
  return {.name = std::move(name),
          .help = "for tests",
          .keys = std::move(keys),
          .make = [](const RoleContext& context) { return AnyMachine(M(context)); },
          .port = port};
}

}  // namespace

const RoleRegistry& small_roles() {
  static const RoleRegistry registry = [] {
    RoleRegistry r = RoleRegistry::built_in();
    r.add(role<Talker>("talker", {{"to", ValueType::host, "whom it asks"},
                                  {"every", ValueType::duration, "how often"},
                                  {"again", ValueType::duration, "between two copies"},
                                  {"copies", ValueType::integer, "sends of one question"},
                                  {"salt", ValueType::integer, "a part of every question"}}));
    r.add(role<Echo>("echo", {}, echo_port));
    r.add(role<Announcer>("announcer", {{"refuse", ValueType::integer, "orders it refuses"}}));
    r.add(role<Misfit>("misfit", {}));
    r.add(role<Herald>("herald", {}));
    return r;
  }();
  return registry;
}

Settings settings(std::vector<Setting> entries) {
  return {std::move(entries)};
}
Setting text(std::string key, std::string value) {
  return {std::move(key), std::move(value), {}};
}
Setting length(std::string key, Duration value) {
  return {std::move(key), Range<Duration>(value), {}};
}
Setting number(std::string key, std::int64_t value) {
  return {std::move(key), Range<std::int64_t>(value), {}};
}

HostSpec echo(std::string name) {
  return {.name = std::move(name), .role = "echo"};
}

HostSpec talker(std::string name, std::string to) {
  return {
      .name = std::move(name), .role = "talker", .settings = settings({text("to", std::move(to))})};
}

LinkSpec link(std::string a, std::string b, LinkConditions conditions) {
  return {.a = std::move(a), .b = std::move(b), .both = std::move(conditions)};
}

FaultSpec fault(Duration at, Duration length, FaultAction action) {
  return {
      .at = Range<Duration>(at), .length = Range<Duration>(length), .action = std::move(action)};
}

Scenario small_talk(LinkConditions conditions) {
  return {.sentence = "alice talks to bob",
          .duration = Duration(seconds(2)),
          .hosts = {talker("alice", "bob"), echo("bob")},
          .links = {link("alice", "bob", std::move(conditions))}};
}

std::shared_ptr<const Plan> planned(const Scenario& scenario, std::uint64_t seed) {
  auto plan = make_plan(scenario, seed, small_roles());
  if (!plan) check_failed(plan.error().what.c_str(), __FILE__, __LINE__);
  return *plan;
}

World world_of(const Scenario& scenario, std::uint64_t seed) {
  return World(planned(scenario, seed), {});
}

std::string plan_error(const Scenario& scenario) {
  const auto plan = make_plan(scenario, 1, small_roles());
  return plan ? "" : plan.error().what;
}

std::string speakable(const World& world, const PacketId& id) {
  const Plan& plan = world.plan();
  std::string kind = "kind " + std::to_string(id.kind);
  if (id.kind == question || id.kind == answer) kind = name_of_kind(id.kind);
  return plan.from_name(id.direction) + ">" + plan.to_name(id.direction) + " " + kind + " " +
         std::to_string(id.transaction) + "." + std::to_string(id.copy);
}

}  // namespace tickover::sim
