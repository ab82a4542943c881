#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sim/search/invention.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = InventedKind;

/// What a client sends to its relay, and what comes back.
constexpr std::array requests = {
    "Allocate request", "Refresh request", "ChannelBind request", "CreatePermission request",
    "Refresh request",  "ChannelData",     "Send indication"};
constexpr std::array answers = {"Allocate success",
                                "Allocate error",
                                "Refresh success",
                                "Refresh error",
                                "ChannelBind success",
                                "ChannelBind error",
                                "CreatePermission success",
                                "CreatePermission error",
                                "ChannelData",
                                "Data indication"};
/// What bears a digest, so that nobody believes it when it is bent. Of what does not, UDP's
/// checksum says that it never arrives.
constexpr std::array signed_requests = {"Refresh request", "ChannelBind request",
                                        "CreatePermission request"};
constexpr std::array signed_answers = {"Refresh success", "ChannelBind success",
                                       "CreatePermission success", "Allocate success"};
constexpr std::array forgeries = {"no message of any kind", "@ nor this, though it begins as one",
                                  ""};

/// The way between two ends that a fault befalls.
struct Way {
  std::string from, to;
  bool from_client = false;  // or rather from the NAT around one
  bool to_client = false;
};

class FaultInventor {
 public:
  explicit FaultInventor(Invention& world) : world_(world) {}

  std::optional<FaultSpec> invent() {
    std::vector<Kind> kinds;
    for (auto k = static_cast<std::size_t>(Kind::partition); k < invented_kinds; ++k) {
      if (world_.present[k]) kinds.push_back(static_cast<Kind>(k));
    }
    if (kinds.empty()) return {};
    FaultSpec fault{.at = Range<Duration>(world_.length({}, world_.heal_at))};
    const Kind kind = kinds[world_.choices.below(kinds.size())];
    const bool on_link = kind < Kind::reboot || kind == Kind::refuse || kind >= Kind::corrupt;
    if (!(on_link ? befall_link(fault, kind) : befall_node(fault, kind))) return {};
    repeat(fault);
    return fault;
  }

 private:
  void repeat(FaultSpec& fault) {
    // A second flap would come while the client asks anew because of the first.
    const bool may_repeat = fault.length && !std::holds_alternative<NatFlap>(fault.action);
    if (may_repeat && world_.choices.below(4) == 3) {
      // After each of these an allocation is asked for anew, which P5 counts.
      const bool is_anew = std::holds_alternative<Move>(fault.action) ||
                           std::holds_alternative<Reboot>(fault.action);
      fault.every = fault.length->high + world_.length(seconds(is_anew ? 30 : 1), minutes(1));
    }
    if (world_.choices.below(4) == 3) fault.sometimes = Range<Ratio>(Ratio(1, 2));
    if (world_.choices.below(4) == 3 && !fault.after) {
      begin_after(fault, world_.some_client(), world_.length({}, seconds(30)));
    }
  }

  static void begin_after(FaultSpec& fault, const InventedClient& client, Duration delay) {
    fault.after = After{delay, {client.member + " gets an allocation", {}}};
    fault.at.reset();
  }

  Way some_way() {
    const auto& links = world_.scenario.links;
    const LinkSpec& link = links[world_.choices.below(links.size())];
    const bool forward = !world_.coin();
    // The attacker's link leads to everybody; a fault names somebody.
    const std::string& there = link.b == "*" ? world_.clients.front().relay : link.b;
    Way way{forward ? link.a : there, forward ? there : link.a};
    way.from_client = is_client(way.from);
    way.to_client = is_client(way.to);
    return way;
  }
  bool is_client(const std::string& end) const {
    return std::ranges::any_of(world_.clients,
                               [&](const InventedClient& client) { return client.door == end; });
  }

  /// False if there is nothing of the kind to break.
  bool befall_link(FaultSpec& fault, Kind kind) {
    const Way way = some_way();
    fault.length = world_.length(milliseconds(100), minutes(2));
    switch (kind) {
      case Kind::partition:
        fault.action = Partition{way.from, way.to};
        return true;
      case Kind::block:
        fault.action = Block{way.from, way.to};
        return true;
      case Kind::drop:
        fault.action = Drop{match(way)};
        return true;
      case Kind::delay:
        fault.action = Delay{match(way), world_.length(milliseconds(1), seconds(40))};
        return true;
      case Kind::duplicate:
        fault.action = Duplicate{match(way), world_.length({}, seconds(40))};
        return true;
      case Kind::degrade:
        fault.action = Degrade{way.from, way.to, degraded()};
        return true;
      case Kind::corrupt:
        fault.action = Corrupt{signed_match(way), {}};
        return way.from_client || way.to_client;
      case Kind::truncate:
        fault.action = Truncate{signed_match(way), {}};
        return way.from_client || way.to_client;
      case Kind::forge:
        return forge(fault);
      default:
        fault.action = Refuse{match(way)};
        fault.length = world_.length(milliseconds(100), minutes(1));
        return !is_nat(way.from);
    }
  }
  /// Between a client and its relay.
  bool forge(FaultSpec& fault) {
    const InventedClient& client = world_.some_client();
    const bool to_relay = world_.coin();
    fault.length.reset();
    fault.action = Forge{to_relay ? client.member : client.relay,
                         to_relay ? client.relay : client.member, world_.one_of(forgeries)};
    return true;
  }
  bool is_nat(const std::string& end) const {
    return std::ranges::find(world_.scenario.nats, end, &NatSpec::name) !=
           world_.scenario.nats.end();
  }

  bool befall_node(FaultSpec& fault, Kind kind) {
    const InventedClient& client = world_.some_client();
    fault.length = world_.length(milliseconds(1), minutes(2));
    switch (kind) {
      case Kind::reboot:
        fault.action = Reboot{world_.some_host()};
        if (!world_.coin()) fault.length.reset();
        return true;
      case Kind::sleep:
        fault.action = Suspend{world_.some_host()};
        return true;
      case Kind::nat_flap:
        // An allocation whose answer the flap takes would be the client's once more when its port
        // is the old one again, and it cannot know that it is another than the one it made since.
        begin_after(fault, client, world_.length(seconds(5), seconds(30)));
        fault.action = NatFlap{client.member};
        return client.has_nat;
      case Kind::nat_reset:
        fault.action = NatReset{client.member};
        fault.length.reset();
        return client.has_nat;
      case Kind::nat_move:
        // For good: a client cannot know of an allocation that it made before its NAT moved back.
        fault.length.reset();
        fault.action = NatMove{client.member, other_address({203, 0, 113}, client)};
        return client.has_nat && client.door == client.name;
      case Kind::move:
        fault.action = moved(client);
        return true;
      default: {
        const auto by = static_cast<std::int64_t>(world_.choices.below(100'000));
        fault.length.reset();
        fault.action = WallJump{world_.some_host(), Duration(seconds(world_.coin() ? -by : by))};
        return true;
      }
    }
  }

  /// Each client has addresses of its own wherever it goes.
  IpAddress other_address(std::array<std::uint8_t, 3> net, const InventedClient& client) {
    const auto last = static_cast<std::uint8_t>(1 + client.number * 50 + world_.choices.below(50));
    return IpAddress::v4({net[0], net[1], net[2], last});
  }
  Move moved(const InventedClient& client) {
    Move move{.host = client.member};
    if (world_.coin() && !client.has_nat64) {
      constexpr std::array<std::uint8_t, 3> inside = {10, 77, 0};
      constexpr std::array<std::uint8_t, 3> outside = {198, 51, 100};
      move.addresses.push_back(other_address(client.has_nat ? inside : outside, client));
    }
    if (client.has_ipv6 && world_.coin()) {
      move.addresses.push_back(
          *IpAddress::parse("2001:db8:77::" + std::to_string(1 + client.number)));
    }
    move.dead = world_.length({}, seconds(10));
    return move;
  }

  PacketMatch match(const Way& way) {
    PacketMatch m{.from = way.from, .to = way.to};
    // Between relays and peers everything is a plain datagram.
    if (way.from_client && world_.choices.below(4) > 0) m.message = world_.one_of(requests);
    if (way.to_client && world_.choices.below(4) > 0) m.message = world_.one_of(answers);
    if (world_.coin()) {
      const auto first = 1 + static_cast<std::int64_t>(world_.choices.below(6));
      m.transaction =
          Range<std::int64_t>(first, first + static_cast<std::int64_t>(world_.choices.below(3)));
    }
    if (world_.choices.below(4) == 3) {
      m.copy = Range<std::int64_t>(1 + static_cast<std::int64_t>(world_.choices.below(3)));
    }
    return m;
  }
  PacketMatch signed_match(const Way& way) {
    PacketMatch m = match(way);
    m.message = way.from_client ? world_.one_of(signed_requests) : world_.one_of(signed_answers);
    return m;
  }

  LinkConditions degraded() {
    LinkConditions c;
    c.latency = world_.length(milliseconds(1), seconds(3));
    if (world_.coin()) c.loss = world_.per_mille(900);
    if (world_.coin()) c.duplicate = world_.per_mille(900);
    return c;
  }

  Invention& world_;
};

}  // namespace

void add_invented_fault(Invention& world) {
  if (auto fault = FaultInventor(world).invent()) {
    world.scenario.faults.push_back(std::move(*fault));
  }
}

}  // namespace tickover::sim
