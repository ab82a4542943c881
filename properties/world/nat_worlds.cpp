// Hosts behind NATs: how datagrams find their way out, back in, and around.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/transmit_queue.h"
#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

std::size_t answers(const Record& r, const std::string& host) {
  return static_cast<std::size_t>(std::ranges::count_if(
      r.events, [&](const std::string& e) { return e.starts_with(host + " answered"); }));
}

const Record::Sending& first_of(const Record& r, const std::string& host) {
  return *std::ranges::find(r.sendings, host, &Record::Sending::host);
}

Scenario behind_nat() {
  Scenario s = small_talk();
  s.hosts[0].nat = NatSpec{.addresses = {ip("198.51.100.1")}};
  return s;
}

TEST(NatWorld, lets_a_host_be_seen_at_the_address_of_its_nat) {
  const Record r = record(behind_nat());
  EXPECT_EQ(answers(r, "alice"), 19u);
  for (const Record::Arrival& a : r.arrivals) {
    const bool at_bob = a.host == "bob";
    EXPECT_EQ(at_bob ? a.source.ip : a.destination.ip, ip(at_bob ? "198.51.100.1" : "10.0.0.2"));
  }
}

TEST(NatWorld, drops_what_comes_back_after_the_mapping_is_gone) {
  Scenario s = behind_nat();
  s.hosts[0].nat->timeout = Duration(milliseconds(20));  // the very round trip
  s.hosts[0].settings.entries.push_back(number("copies", 1));
  const Record r = record(s);
  EXPECT_EQ(answers(r, "alice"), 0u);
  EXPECT_EQ(r.dropped(DropReason::nat_mapping), 19u);

  s.hosts[0].nat->timeout = Duration(milliseconds(20)) + Duration::nanoseconds(1);
  EXPECT_EQ(answers(record(s), "alice"), 19u);
}

TEST(NatWorld, hides_two_hosts_behind_one_address) {
  Scenario s = small_talk();
  s.nats = {{.name = "home", .addresses = {ip("198.51.100.1")}}};
  s.hosts.push_back(talker("carol", "bob"));
  s.hosts[0].behind = s.hosts[2].behind = "home";
  s.links = {link("home", "bob")};
  const Record r = record(s);
  EXPECT_EQ(answers(r, "alice"), 19u);
  EXPECT_EQ(answers(r, "carol"), 19u);
  EXPECT_EQ(first_of(r, "alice").seen_source.ip, ip("198.51.100.1"));
  EXPECT_EQ(first_of(r, "carol").seen_source.ip, ip("198.51.100.1"));
  EXPECT_NE(first_of(r, "alice").seen_source.port, first_of(r, "carol").seen_source.port);
  // One link carries both, and numbers their questions together.
  EXPECT_TRUE(r.fates().contains("home>bob question 38.1"));
}

TEST(NatWorld, goes_through_a_nat_behind_a_nat) {
  for (const bool shorthand : {false, true}) {
    Scenario s = small_talk();
    s.nats = {{.name = "carrier", .addresses = {ip("198.51.100.1")}}};
    const NatSpec inner{.addresses = {ip("100.64.0.1")}, .behind = "carrier"};
    if (shorthand) {
      s.hosts[0].nat = inner;
    } else {
      s.nats.push_back(inner);
      s.nats.back().name = "home";
      s.hosts[0].behind = "home";
    }
    s.links = {link("carrier", "bob")};
    const Record r = record(s);
    EXPECT_EQ(answers(r, "alice"), 19u);
    EXPECT_EQ(first_of(r, "alice").seen_source.ip, ip("198.51.100.1"));
  }
}

// --- hairpinning -------------------------------------------------------------------------------

/// Tells everybody where it sees them.
class Mirror {
 public:
  using Event = Notice;
  explicit Mirror(const RoleContext& context) {
    transmits_.open({0, {context.self.addresses.front(), 9}});
  }
  void handle_input(const Input& input, Instant) {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    transmits_.send({.local = datagram->local, .remote = datagram->remote},
                    as_bytes(datagram->remote.text()));
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const { return {}; }
  bool operator==(const Mirror&) const = default;

 private:
  TransmitQueue transmits_;
};

/// Asks the mirror where its first socket is seen, and sends there from its second one.
class Seeker {
 public:
  using Event = Notice;
  explicit Seeker(const RoleContext& context)
      : ip_(context.self.addresses.front()), mirror_{context.hosts.front().addresses.front(), 9} {
    transmits_.open({1, {ip_, 1}});
    transmits_.open({2, {ip_, 2}});
    transmits_.send({.local = {ip_, 1}, .remote = mirror_}, as_bytes("where am I?"));
  }
  void handle_input(const Input& input, Instant) {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    if (datagram->remote == mirror_) {
      seen_at_ = *Endpoint::parse(as_text(datagram->payload));
      transmits_.send({.local = {ip_, 2}, .remote = seen_at_}, as_bytes("it is me"));
    } else {
      found_ = datagram->local.port == 1 && datagram->remote.ip == seen_at_.ip;
    }
  }
  void handle_timeout(Instant) {}
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (!std::exchange(found_, false)) return {};
    return Notice{.name = "found itself"};
  }
  std::optional<Timeout> poll_timeout() const { return {}; }
  bool operator==(const Seeker&) const = default;

 private:
  IpAddress ip_;
  Endpoint mirror_;
  Endpoint seen_at_;
  bool found_ = false;
  TransmitQueue transmits_;
};

Record seek(const NatSpec& nat) {
  RoleRegistry roles;
  roles.add({.name = "mirror", .make = [](const auto& c) { return AnyMachine(Mirror(c)); }});
  roles.add({.name = "seeker", .make = [](const auto& c) { return AnyMachine(Seeker(c)); }});
  const Scenario s{
      .hosts = {{.name = "bob", .role = "mirror"}, {.name = "alice", .role = "seeker", .nat = nat}},
      .links = {link("alice", "bob")}};
  World world(*make_plan(s, 1, roles), {});
  return record(world);
}

// RFC 4787, REQ-9: also with the external source address.
TEST(NatWorld, turns_hairpins_if_it_is_told_to) {
  const Record r = seek({.filtering = NatBehaviour::endpoint_independent});
  EXPECT_EQ(r.events, std::vector<std::string>{"alice found itself 0"});
}

TEST(NatWorld, filters_hairpins_like_everything_else) {
  const Record r = seek({.filtering = NatBehaviour::address});
  EXPECT_TRUE(r.events.empty());
  EXPECT_EQ(r.dropped(DropReason::nat_filter), 1u);
}

TEST(NatWorld, turns_no_hairpins_otherwise) {
  const Record r = seek({.filtering = NatBehaviour::endpoint_independent, .hairpinning = false});
  EXPECT_TRUE(r.events.empty());
  EXPECT_EQ(r.dropped(DropReason::nat_filter), 1u);
}

// --- IPv6 and resets ---------------------------------------------------------------------------

TEST(NatWorld, filters_ipv6_without_translating_it) {
  Scenario s = small_talk();
  s.hosts[0].addresses = {ip("2001:db8::2")};
  s.hosts[1].addresses = {ip("2001:db8:1::1")};
  s.hosts[0].nat = NatSpec{.timeout = Duration(milliseconds(20))};
  s.hosts[0].settings.entries.push_back(number("copies", 1));
  const Record expired = record(s);
  EXPECT_EQ(first_of(expired, "alice").seen_source.ip, ip("2001:db8::2"));
  EXPECT_EQ(expired.dropped(DropReason::nat_mapping), 19u);
  s.hosts[0].nat->timeout = Duration(seconds(1));
  EXPECT_EQ(answers(record(s), "alice"), 19u);
}

TEST(NatWorld, gives_another_port_after_a_reset_also_when_a_host_names_it) {
  for (const bool shared : {false, true}) {
    Scenario s = behind_nat();
    if (shared) {
      s.nats = {*s.hosts[0].nat};
      s.nats[0].name = "home";
      s.hosts[0].nat.reset();
      s.hosts[0].behind = "home";
      s.links[0].a = "home";
    }
    s.faults = {fault(milliseconds(1'050), {}, NatReset{"alice"})};
    World world = world_of(s);
    const Record r = record(world);
    std::set<std::uint16_t> ports;
    for (const Record::Sending& sent : r.sendings) {
      if (sent.host == "alice") ports.insert(sent.seen_source.port);
    }
    EXPECT_EQ(ports.size(), 2u);
    EXPECT_EQ(answers(r, "alice"), 19u);
    EXPECT_EQ(world.matches(0), 1u);
  }
}

}  // namespace
}  // namespace tickover::sim
