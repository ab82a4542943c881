#include "sim/search/invent.h"

#include <algorithm>
#include <array>
#include <string>

#include "sim/search/invention.h"

namespace tickover::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = InventedKind;

constexpr std::array relays = {"relay", "backup"};
constexpr std::array clients = {"alice", "carol", "dave"};
constexpr std::array peers = {"bob", "erin"};
constexpr std::uint64_t most_flows = 3;
constexpr std::uint64_t most_faults = 5;
constexpr const char* late_refusal = "Refresh 2: 437";
constexpr const char* carrier = "carrier";  // the NAT around other NATs
constexpr const char* realm = "example.org";

class Inventor {
 public:
  explicit Inventor(Choices& choices) : world_{choices}, choices_(choices) {}

  Scenario invent() {
    scenario_.icmp = world_.coin();
    scenario_.sentence = "Every client has an allocation again when its network has healed.";
    for (bool& present : world_.present) present = world_.coin();
    relay_count_ = 1 + choices_.below(relays.size());
    client_count_ = 1 + choices_.below(clients.size());
    peer_count_ = 1 + choices_.below(peers.size());
    has_attacker_ = world_.has(Kind::attacker) && world_.coin();
    for (std::uint64_t i = 0; i < relay_count_; ++i) add_relay(i);
    for (std::uint64_t i = 0; i < client_count_; ++i) add_client(i);
    for (std::uint64_t i = 0; i < peer_count_; ++i) add_peer(i);
    add_links_between_relays_and_peers();
    if (has_attacker_) add_attacker();
    const std::uint64_t flows = choices_.below(most_flows + 1);
    for (std::uint64_t i = 0; i < flows; ++i) add_flow();
    if (flows > 0) forget_late_refusals();
    world_.heal_at = minutes(1 + static_cast<std::int64_t>(choices_.below(5)));
    const std::uint64_t faults = choices_.below(most_faults + 1);
    for (std::uint64_t i = 0; i < faults; ++i) add_invented_fault(world_);
    add_expectations();
    return std::move(scenario_);
  }

 private:
  void set(HostSpec& host, std::string key, Value value) {
    host.settings.entries.push_back({std::move(key), std::move(value), {}});
  }

  void add_driver_and_clock(HostSpec& host) {
    switch (choices_.below(3)) {
      case 1:
        host.driver = {DriverKind::ticking, world_.length(milliseconds(200), seconds(5))};
        break;
      case 2:
        host.driver = {DriverKind::oversleeping, world_.length(milliseconds(1), milliseconds(20))};
        break;
      default:
        break;
    }
    // BUGS G17: where 32-bit clocks of milliseconds turn over, and far beyond.
    constexpr std::array<std::int64_t, 5> origins = {
        0, std::int64_t{1} << 31, (std::int64_t{1} << 32) - 1, (std::int64_t{1} << 32) - 60'000,
        std::int64_t{20} * 365 * 86'400'000};
    host.clock.offset = Duration(milliseconds(world_.one_of(origins)));
    const auto drift = static_cast<std::int64_t>(choices_.below(201));
    host.clock.drift_ppm = world_.coin() ? -drift : drift;
    host.clock.wall_offset = Duration(hours(static_cast<std::int64_t>(choices_.below(1'000))));
    host.start = world_.length({}, seconds(5));
  }

  /// Where there are two families, everybody who must be reached by all has both.
  void add_addresses(HostSpec& host, std::uint8_t net, std::uint64_t number) {
    if (!world_.has(Kind::two_families)) return;
    const auto last = static_cast<std::uint8_t>(1 + number);
    host.addresses = {
        IpAddress::v4({203, 0, net, last}),
        *IpAddress::parse("2001:db8:" + std::to_string(net) + "::" + std::to_string(last))};
  }

  void add_relay(std::uint64_t number) {
    HostSpec host{.name = relays[number], .role = "turn-server"};
    add_driver_and_clock(host);
    add_addresses(host, 10, number);
    std::vector<std::string> users;
    for (const char* client : clients) users.push_back(std::string(client) + ":secret");
    set(host, "users", users);
    // Short enough that nonces go stale and allocations end within a run.
    constexpr std::array<std::int64_t, 3> nonce_minutes = {60, 10, 1};
    set(host, "nonce-lifetime", Range<Duration>(minutes(world_.one_of(nonce_minutes))));
    if (has_attacker_) {
      // What one user may take, so that he cannot take all.
      users.emplace_back("mallory:secret");
      host.settings.entries.front().value = users;
      for (const auto& [key, most] : {std::pair("max-allocations-per-user", 400),
                                      {"max-permissions", 40},
                                      {"max-channels", 20}}) {
        set(host, key, Range<std::int64_t>(most));
      }
    }
    if (world_.has(Kind::odd_settings)) {
      constexpr std::array cues = {"Allocate 1: 486", "Allocate 2: 437", "Refresh 1: 438",
                                   late_refusal,      "Allocate 2: 508", "ChannelBind 1: 438"};
      const auto first = choices_.below(cues.size());
      std::vector<std::string> answers;
      for (std::uint64_t n = choices_.below(3); n > 0; --n) {
        answers.emplace_back(cues[(first + n) % cues.size()]);
      }
      if (!answers.empty()) set(host, "answers", answers);
    }
    scenario_.hosts.push_back(std::move(host));
  }

  void add_client(std::uint64_t number) {
    const std::string name = clients[number];
    HostSpec host{.name = name, .role = "turn-client"};
    add_driver_and_clock(host);
    InventedClient client{.name = name,
                          .member = name,
                          .relay = relays[choices_.below(relay_count_)],
                          .door = name,
                          .number = static_cast<std::uint8_t>(number),
                          .has_nat = world_.coin()};
    set(host, "relay", client.relay);
    set(host, "username", name);
    set(host, "password", std::string("secret"));
    constexpr std::array<std::int64_t, 3> keep_alive = {25, 15, 5};
    set(host, "keep-alive", Range<Duration>(seconds(world_.one_of(keep_alive))));
    if (world_.coin()) set(host, "backoff", std::string("connlib"));
    if (world_.coin()) set(host, "use", std::string("permissions"));
    if (world_.coin()) {
      set(host, "lifetime", Range<Duration>(world_.length(minutes(10), minutes(20))));
    }
    // Who trusts any realm can be made to ask for another.
    if (has_attacker_) set(host, "realm", std::string(realm));
    if (world_.has(Kind::odd_settings)) {
      if (world_.coin()) set(host, "fingerprint", true);
      if (world_.coin()) set(host, "measure-round-trip", false);
    }
    if (world_.has(Kind::herd) && choices_.below(3) == 2) {
      host.count = 2 + static_cast<std::int64_t>(choices_.below(3));
      client.member = name + "-1";
    }
    if (client.has_nat) {
      add_nat(host, client);
    } else if (world_.has(Kind::two_families)) {
      add_families(host, client, number);
    }
    scenario_.hosts.push_back(std::move(host));
    add_link(client.door, client.relay);
    world_.clients.push_back(std::move(client));
  }

  /// A client with both families or one.
  void add_families(HostSpec& host, InventedClient& client, std::uint64_t number) {
    add_addresses(host, 20, number * 10);
    const auto families = choices_.below(3);  // IPv4, both, IPv6
    if (families == 0) host.addresses.pop_back();
    if (families == 2) host.addresses.erase(host.addresses.begin());
    client.has_ipv6 = families > 0;
  }

  NatSpec nat() {
    constexpr std::array behaviours = {NatBehaviour::endpoint_independent, NatBehaviour::address,
                                       NatBehaviour::address_and_port};
    NatSpec nat{.mapping = world_.one_of(behaviours),
                .filtering = world_.one_of(behaviours),
                .timeout = world_.length(minutes(1), minutes(5)),
                .hairpinning = !world_.coin(),
                .inbound_refresh = world_.coin()};
    if (world_.coin()) nat.unreplied_timeout = world_.length(seconds(30), minutes(1));
    nat.ports = static_cast<PortChoice>(choices_.below(3));
    nat.keeps_parity = world_.coin();
    return nat;
  }
  void add_nat(HostSpec& host, InventedClient& client) {
    host.nat = nat();
    if (!world_.has(Kind::two_families) && choices_.below(4) == 3) {
      host.nat->nat64 = Nat64Prefix::parse("64:ff9b::/96");
      host.addresses = {
          *IpAddress::parse("2001:db8:20::" + std::to_string(1 + 10 * client.number))};
      client.has_ipv6 = true;
      client.has_nat64 = true;
    }
    if (!world_.has(Kind::nested_nat) || !world_.coin()) return;
    if (scenario_.nats.empty()) {
      scenario_.nats.push_back(nat());
      scenario_.nats.front().name = carrier;
    }
    client.door = carrier;
    host.nat->behind = carrier;
  }

  void add_peer(std::uint64_t number) {
    HostSpec host{.name = peers[number], .role = "peer"};
    add_driver_and_clock(host);
    add_addresses(host, 30, number);
    set(host, "echo", true);
    scenario_.hosts.push_back(std::move(host));
  }

  void add_attacker() {
    HostSpec host{.name = "mallory", .role = "attacker"};
    add_addresses(host, 40, 0);
    set(host, "target", world_.clients.front().relay);
    set(host, "victim", world_.clients.front().member);
    // Not "forge-answers": whoever sits on the path keeps a client from seeing that its relay is
    // gone.
    constexpr std::array attacks = {"flood", "garbage", "replay",   "spoof-data",
                                    "usurp", "exhaust", "peer-scan"};
    const auto first = choices_.below(attacks.size());
    std::vector<std::string> chosen;
    for (std::uint64_t n = 1 + choices_.below(3); n > 0; --n) {
      chosen.emplace_back(attacks[(first + n) % attacks.size()]);
    }
    set(host, "attack", chosen);
    set(host, "username", std::string("mallory"));
    set(host, "password", std::string("secret"));
    set(host, "every", Range<Duration>(world_.length(milliseconds(500), seconds(5))));
    scenario_.hosts.push_back(std::move(host));
    scenario_.links.push_back(
        {.a = "mallory", .b = "*", .both = {.latency = Range<Duration>(milliseconds(2))}});
  }

  void add_links_between_relays_and_peers() {
    for (std::uint64_t r = 0; r < relay_count_; ++r) {
      for (std::uint64_t p = 0; p < peer_count_; ++p) add_link(relays[r], peers[p]);
    }
    if (relay_count_ == 2) add_link(relays[0], relays[1]);
  }

  void add_link(const std::string& a, const std::string& b) {
    const auto is_there = [&](const LinkSpec& link) { return link.a == a && link.b == b; };
    if (std::ranges::any_of(scenario_.links, is_there)) return;
    LinkSpec link{.a = a, .b = b, .both = conditions()};
    // Some links are slower one way.
    if (choices_.below(4) == 3) link.back.latency = latency();
    scenario_.links.push_back(std::move(link));
  }

  Range<Duration> latency() { return world_.length(milliseconds(1), milliseconds(400)); }

  LinkConditions conditions() {
    LinkConditions c;
    c.latency = latency();
    if (world_.has(Kind::jitter)) {
      c.jitter = Range<Duration>({}, world_.length({}, milliseconds(200)));
    }
    if (world_.has(Kind::loss)) c.loss = world_.per_mille(200);
    if (world_.has(Kind::duplication)) c.duplicate = world_.per_mille(200);
    if (world_.has(Kind::reordering)) {
      c.reorder = world_.per_mille(200);
      c.reorder_delay =
          Range<Duration>(milliseconds(1), world_.length(milliseconds(1), seconds(2)));
    }
    if (world_.has(Kind::weather)) add_weather(choices_, c);
    if (world_.has(Kind::bottleneck)) add_bottleneck(choices_, c);
    return c;
  }

  /// Between a client and any other host: peers do not know of relays.
  void add_flow() {
    const std::uint64_t one = choices_.below(client_count_);
    const std::uint64_t other = choices_.below(peer_count_ + client_count_ - 1);
    std::string from = clients[one];
    std::string to = other < peer_count_ ? peers[other]
                                         : clients[(one + 1 + other - peer_count_) % client_count_];
    if (world_.coin()) std::swap(from, to);
    const auto is_there = [&](const TrafficSpec& t) { return t.from == from && t.to == to; };
    if (std::ranges::any_of(scenario_.traffic, is_there)) return;
    constexpr std::array<std::int64_t, 4> periods = {1, 5, 30, 100};
    TrafficSpec flow{.from = from,
                     .to = to,
                     .every = Duration(seconds(world_.one_of(periods))),
                     .size = std::int64_t{16} + static_cast<std::int64_t>(choices_.below(1'185)),
                     .start = world_.length({}, minutes(1))};
    scenario_.traffic.push_back(std::move(flow));
  }

  /// Traffic can put a Refresh off until the heal's deadline. Who is refused it just then has no
  /// allocation for a moment, through no fault of its own.
  void forget_late_refusals() {
    for (HostSpec& host : scenario_.hosts) {
      std::erase_if(host.settings.entries, [](Setting& entry) {
        if (entry.key != "answers") return false;
        auto& answers = std::get<std::vector<std::string>>(entry.value);
        std::erase(answers, late_refusal);
        return answers.empty();
      });
    }
  }

  void add_expectations() {
    for (const InventedClient& client : world_.clients) {
      scenario_.expect.finally_.push_back({client.name + " has an allocation", {}});
    }
    scenario_.expect.heal = HealSpec{.at = world_.heal_at};
    // Room for the bound that the longest lifetime and the slowest link here can ask for.
    scenario_.duration = world_.heal_at + minutes(20);
    add_invented_claims(world_);
  }

  Invention world_;
  Choices& choices_;
  Scenario& scenario_ = world_.scenario;
  std::uint64_t relay_count_ = 1;
  std::uint64_t client_count_ = 1;
  std::uint64_t peer_count_ = 1;
  bool has_attacker_ = false;
};

}  // namespace

Scenario invent(Choices& choices) {
  return Inventor(choices).invent();
}

}  // namespace tickover::sim
