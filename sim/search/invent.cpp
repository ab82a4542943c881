#include "sim/search/invent.h"

#include <algorithm>
#include <array>
#include <string>

#include "sim/search/invent_links.h"

namespace tickover::sim {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array relays = {"relay", "backup"};
constexpr std::array clients = {"alice", "carol", "dave"};
constexpr std::array peers = {"bob", "erin"};
constexpr std::uint64_t most_flows = 3;
constexpr std::uint64_t most_faults = 5;

/// What a swarm leaves in or out.
enum class Kind : std::uint8_t {
  loss,
  duplication,
  reordering,
  jitter,
  weather,
  bottleneck,
  partition,
  block,
  drop,
  delay,
  duplicate,
  degrade,
  reboot,
  nat_reset,
  wall_jump,
  nat_flap,
  refuse,
  sleep,
};
constexpr std::size_t kinds = 18;
constexpr std::size_t first_fault = static_cast<std::size_t>(Kind::partition);

/// What a client sends to its relay, and what comes back.
constexpr std::array requests = {
    "Allocate request", "Refresh request", "ChannelBind request", "CreatePermission request",
    "Binding request",  "ChannelData",     "Send indication"};
constexpr std::array answers = {
    "Allocate success",    "Allocate error",    "Refresh success",          "Refresh error",
    "ChannelBind success", "ChannelBind error", "CreatePermission success", "Binding success",
    "ChannelData",         "Data indication"};

bool is_client(const std::string& name) {
  return std::ranges::find(clients, name) != clients.end();
}

class Inventor {
 public:
  explicit Inventor(Choices& choices) : choices_(choices) {}

  Scenario invent() {
    scenario_.icmp = choices_.below(2) == 1;
    scenario_.sentence = "Every client has an allocation again when its network has healed.";
    for (bool& present : present_) present = choices_.below(2) == 1;
    relay_count_ = 1 + choices_.below(relays.size());
    client_count_ = 1 + choices_.below(clients.size());
    peer_count_ = 1 + choices_.below(peers.size());
    for (std::uint64_t i = 0; i < relay_count_; ++i) add_relay(relays[i]);
    for (std::uint64_t i = 0; i < client_count_; ++i) add_client(clients[i]);
    for (std::uint64_t i = 0; i < peer_count_; ++i) add_peer(peers[i]);
    add_links_between_relays_and_peers();
    const std::uint64_t flows = choices_.below(most_flows + 1);
    for (std::uint64_t i = 0; i < flows; ++i) add_flow();
    heal_at_ = minutes(1 + static_cast<std::int64_t>(choices_.below(5)));
    const std::uint64_t faults = choices_.below(most_faults + 1);
    for (std::uint64_t i = 0; i < faults; ++i) add_fault();
    add_expectations();
    return std::move(scenario_);
  }

 private:
  struct Client {
    std::string name;
    std::string relay;
    bool has_nat = false;
  };

  bool has(Kind kind) const { return present_[static_cast<std::size_t>(kind)]; }
  /// One of the values; the first is the simplest.
  template <class T, std::size_t n>
  T one_of(const std::array<T, n>& values) {
    return values[choices_.below(n)];
  }
  Duration length(Duration low, Duration high) { return invent_length(choices_, low, high); }
  Range<Ratio> per_mille(std::uint64_t most) {
    return Ratio(static_cast<std::uint32_t>(choices_.below(most + 1)), 1'000);
  }

  void set(HostSpec& host, std::string key, Value value) {
    host.settings.entries.push_back({std::move(key), std::move(value), {}});
  }

  void add_driver_and_clock(HostSpec& host) {
    switch (choices_.below(3)) {
      case 1:
        host.driver = {DriverKind::ticking, length(milliseconds(200), seconds(5))};
        break;
      case 2:
        host.driver = {DriverKind::oversleeping, length(milliseconds(1), milliseconds(20))};
        break;
      default:
        break;
    }
    // BUGS G17: where 32-bit clocks of milliseconds turn over, and far beyond.
    constexpr std::array<std::int64_t, 5> origins = {
        0, std::int64_t{1} << 31, (std::int64_t{1} << 32) - 1, (std::int64_t{1} << 32) - 60'000,
        std::int64_t{20} * 365 * 86'400'000};
    host.clock.offset = Duration(milliseconds(one_of(origins)));
    const auto drift = static_cast<std::int64_t>(choices_.below(201));
    host.clock.drift_ppm = choices_.below(2) == 1 ? -drift : drift;
    host.clock.wall_offset = Duration(hours(static_cast<std::int64_t>(choices_.below(1'000))));
    host.start = length({}, seconds(5));
  }

  void add_relay(const std::string& name) {
    HostSpec host{.name = name, .role = "turn-server"};
    add_driver_and_clock(host);
    std::vector<std::string> users;
    for (const char* client : clients) users.push_back(std::string(client) + ":secret");
    set(host, "users", users);
    // Short enough that nonces go stale and allocations end within a run.
    constexpr std::array<std::int64_t, 3> nonce_minutes = {60, 10, 1};
    set(host, "nonce-lifetime", Range<Duration>(minutes(one_of(nonce_minutes))));
    scenario_.hosts.push_back(std::move(host));
  }

  void add_client(const std::string& name) {
    HostSpec host{.name = name, .role = "turn-client"};
    add_driver_and_clock(host);
    const Client client{name, relays[choices_.below(relay_count_)], choices_.below(2) == 1};
    set(host, "relay", client.relay);
    set(host, "username", name);
    set(host, "password", std::string("secret"));
    constexpr std::array<std::int64_t, 3> keep_alive = {25, 15, 5};
    set(host, "keep-alive", Range<Duration>(seconds(one_of(keep_alive))));
    if (choices_.below(2) == 1) set(host, "backoff", std::string("connlib"));
    if (choices_.below(2) == 1) set(host, "use", std::string("permissions"));
    if (choices_.below(2) == 1) {
      set(host, "lifetime", Range<Duration>(length(minutes(10), minutes(20))));
    }
    if (client.has_nat) {
      constexpr std::array behaviours = {NatBehaviour::endpoint_independent, NatBehaviour::address,
                                         NatBehaviour::address_and_port};
      host.nat = NatSpec{.mapping = one_of(behaviours),
                         .filtering = one_of(behaviours),
                         .timeout = length(minutes(1), minutes(5)),
                         .hairpinning = choices_.below(2) == 0,
                         .inbound_refresh = choices_.below(2) == 1};
      if (choices_.below(2) == 1) host.nat->unreplied_timeout = length(seconds(30), minutes(1));
      host.nat->ports = static_cast<PortChoice>(choices_.below(3));
      host.nat->keeps_parity = choices_.below(2) == 1;
    }
    scenario_.hosts.push_back(std::move(host));
    add_link(name, client.relay);
    clients_.push_back(client);
  }

  void add_peer(const std::string& name) {
    HostSpec host{.name = name, .role = "peer"};
    add_driver_and_clock(host);
    set(host, "echo", true);
    scenario_.hosts.push_back(std::move(host));
  }

  void add_links_between_relays_and_peers() {
    for (std::uint64_t r = 0; r < relay_count_; ++r) {
      for (std::uint64_t p = 0; p < peer_count_; ++p) add_link(relays[r], peers[p]);
    }
    if (relay_count_ == 2) add_link(relays[0], relays[1]);
  }

  void add_link(const std::string& a, const std::string& b) {
    LinkSpec link{.a = a, .b = b, .both = conditions()};
    // Some links are slower one way.
    if (choices_.below(4) == 3) link.back.latency = latency();
    scenario_.links.push_back(std::move(link));
  }

  Range<Duration> latency() { return length(milliseconds(1), milliseconds(400)); }

  LinkConditions conditions() {
    LinkConditions c;
    c.latency = latency();
    if (has(Kind::jitter)) c.jitter = Range<Duration>({}, length({}, milliseconds(200)));
    if (has(Kind::loss)) c.loss = per_mille(200);
    if (has(Kind::duplication)) c.duplicate = per_mille(200);
    if (has(Kind::reordering)) {
      c.reorder = per_mille(200);
      c.reorder_delay = Range<Duration>(milliseconds(1), length(milliseconds(1), seconds(2)));
    }
    if (has(Kind::weather)) add_weather(choices_, c);
    if (has(Kind::bottleneck)) add_bottleneck(choices_, c);
    return c;
  }

  /// Between a client and any other host: peers do not know of relays.
  void add_flow() {
    const std::uint64_t one = choices_.below(client_count_);
    const std::uint64_t other = choices_.below(peer_count_ + client_count_ - 1);
    std::string from = clients[one];
    std::string to = other < peer_count_ ? peers[other]
                                         : clients[(one + 1 + other - peer_count_) % client_count_];
    if (choices_.below(2) == 1) std::swap(from, to);
    const auto is_there = [&](const TrafficSpec& t) { return t.from == from && t.to == to; };
    if (std::ranges::any_of(scenario_.traffic, is_there)) return;
    constexpr std::array<std::int64_t, 4> periods = {1, 5, 30, 100};
    TrafficSpec flow{.from = from,
                     .to = to,
                     .every = Duration(seconds(one_of(periods))),
                     .size = std::int64_t{16} + static_cast<std::int64_t>(choices_.below(1'185)),
                     .start = length({}, minutes(1))};
    scenario_.traffic.push_back(std::move(flow));
  }

  // --- faults ----------------------------------------------------------------------------------

  void add_fault() {
    std::vector<Kind> kinds_left;
    for (std::size_t k = first_fault; k < kinds; ++k) {
      if (present_[k]) kinds_left.push_back(static_cast<Kind>(k));
    }
    if (kinds_left.empty()) return;
    FaultSpec fault{.at = Range<Duration>(length({}, heal_at_))};
    if (!choose_action(fault, kinds_left[choices_.below(kinds_left.size())])) return;
    add_repetition(fault);
    scenario_.faults.push_back(std::move(fault));
  }

  void add_repetition(FaultSpec& fault) {
    if (fault.length && choices_.below(4) == 3) {
      fault.every = fault.length->high + length(seconds(1), minutes(1));
    }
    if (choices_.below(4) == 3) fault.sometimes = Range<Ratio>(Ratio(1, 2));
    if (choices_.below(4) == 3) {
      const Client& client = clients_[choices_.below(clients_.size())];
      fault.after = After{length({}, seconds(30)), {client.name + " gets an allocation", {}}};
      fault.at.reset();
    }
  }

  /// False if there is nothing of the kind to break.
  bool choose_action(FaultSpec& fault, Kind kind) {
    const LinkSpec& link = scenario_.links[choices_.below(scenario_.links.size())];
    const bool forward = choices_.below(2) == 0;
    const std::string& from = forward ? link.a : link.b;
    const std::string& to = forward ? link.b : link.a;
    switch (kind) {
      case Kind::partition:
        fault.action = Partition{link.a, link.b};
        fault.length = length(milliseconds(100), minutes(2));
        return true;
      case Kind::block:
        fault.action = Block{from, to};
        fault.length = length(milliseconds(100), minutes(2));
        return true;
      case Kind::drop:
        fault.action = Drop{match(from, to)};
        fault.length = length(milliseconds(100), minutes(2));
        return true;
      case Kind::delay:
        fault.action = Delay{match(from, to), length(milliseconds(1), seconds(40))};
        fault.length = length(milliseconds(100), minutes(2));
        return true;
      case Kind::duplicate:
        fault.action = Duplicate{match(from, to), length({}, seconds(40))};
        fault.length = length(milliseconds(100), minutes(2));
        return true;
      case Kind::degrade:
        fault.action = Degrade{link.a, link.b, degraded()};
        fault.length = length(milliseconds(100), minutes(2));
        return true;
      case Kind::reboot:
        fault.action = Reboot{scenario_.hosts[choices_.below(scenario_.hosts.size())].name};
        if (choices_.below(2) == 1) fault.length = length(milliseconds(1), minutes(2));
        return true;
      case Kind::refuse:
        fault.action = Refuse{match(from, to)};
        fault.length = length(milliseconds(100), minutes(1));
        return true;
      case Kind::sleep:
        fault.action = Suspend{scenario_.hosts[choices_.below(scenario_.hosts.size())].name};
        fault.length = length(milliseconds(1), minutes(2));
        return true;
      case Kind::nat_flap: {
        const Client& client = clients_[choices_.below(clients_.size())];
        fault.action = NatFlap{client.name};
        fault.length = length(milliseconds(1), minutes(2));
        return client.has_nat;
      }
      case Kind::nat_reset: {
        const Client& client = clients_[choices_.below(clients_.size())];
        fault.action = NatReset{client.name};
        return client.has_nat;
      }
      default: {
        const auto by = static_cast<std::int64_t>(choices_.below(100'000));
        fault.action = WallJump{scenario_.hosts[choices_.below(scenario_.hosts.size())].name,
                                Duration(seconds(choices_.below(2) == 1 ? -by : by))};
        return true;
      }
    }
  }

  PacketMatch match(const std::string& from, const std::string& to) {
    PacketMatch m{.from = from, .to = to};
    // Between relays and peers everything is a plain datagram.
    if (is_client(from) && choices_.below(4) > 0) m.message = one_of(requests);
    if (is_client(to) && choices_.below(4) > 0) m.message = one_of(answers);
    if (choices_.below(2) == 1) {
      const auto first = 1 + static_cast<std::int64_t>(choices_.below(6));
      m.transaction =
          Range<std::int64_t>(first, first + static_cast<std::int64_t>(choices_.below(3)));
    }
    if (choices_.below(4) == 3) {
      m.copy = Range<std::int64_t>(1 + static_cast<std::int64_t>(choices_.below(3)));
    }
    return m;
  }

  LinkConditions degraded() {
    LinkConditions c;
    c.latency = length(milliseconds(1), seconds(3));
    if (choices_.below(2) == 1) c.loss = per_mille(900);
    if (choices_.below(2) == 1) c.duplicate = per_mille(900);
    return c;
  }

  void add_expectations() {
    for (const Client& client : clients_) {
      scenario_.expect.finally_.push_back({client.name + " has an allocation", {}});
    }
    scenario_.expect.heal = HealSpec{.at = heal_at_};
    // Room for the bound that the longest lifetime and the slowest link here can ask for.
    scenario_.duration = heal_at_ + minutes(20);
  }

  Choices& choices_;
  Scenario scenario_;
  std::array<bool, kinds> present_{};
  std::uint64_t relay_count_ = 1;
  std::uint64_t client_count_ = 1;
  std::uint64_t peer_count_ = 1;
  std::vector<Client> clients_;
  Duration heal_at_;
};

}  // namespace

Scenario invent(Choices& choices) {
  return Inventor(choices).invent();
}

}  // namespace tickover::sim
