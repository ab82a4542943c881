#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/address.h"
#include "sim/scenario/link_spec.h"
#include "sim/scenario/nat64.h"
#include "sim/scenario/value.h"

namespace tickover::sim {

/// A scenario as written: names instead of indexes, ranges instead of draws. The same value comes
/// from a file, from the inventor and from a shrinker, and can be printed back as a file.

enum class NatBehaviour : std::uint8_t {
  endpoint_independent,
  address,
  address_and_port
};  // RFC 4787

/// How a NAT chooses the port of a new mapping.
enum class PortChoice : std::uint8_t {
  random,
  preserve,  // the inside port if it is free (RFC 4787, section 4.2.1)
  overload,  // the inside port in any case: the mapping that had it is gone (against REQ-3)
};

struct NatSpec {
  std::string name;                  // empty for the shorthand on a host
  std::vector<IpAddress> addresses;  // outside; empty: one is given
  std::string behind;                // the next NAT outwards; empty: the public network
  NatBehaviour mapping = NatBehaviour::endpoint_independent;
  NatBehaviour filtering = NatBehaviour::address_and_port;
  Range<Duration> timeout = Duration(std::chrono::minutes(2));
  bool hairpinning = true;
  bool inbound_refresh = false;  // RFC 4787, REQ-6
  /// How long somebody may answer to whom something was sent last; absent: the mapping's timeout.
  std::optional<Range<Duration>> filter_timeout;
  /// The timeout of a mapping until something came in through it; absent: the same.
  std::optional<Range<Duration>> unreplied_timeout;
  bool outbound_refresh = true;  // false is against RFC 4787, REQ-6
  bool hairpins_inside = false;  // with the inside source address, against RFC 4787, REQ-9
  bool is_paired = true;         // one outside address per inside address (RFC 4787, REQ-2)
  bool keeps_parity = false;     // even to even, odd to odd (RFC 4787, section 4.2.2)
  PortChoice ports = PortChoice::random;
  Range<std::int64_t> port_range{1'024, 65'535};  // of all outside addresses
  std::int64_t port_block = 0;       // > 0: so many ports for each inside address (RFC 6888, REQ-2)
  bool translates = true;            // false: a stateful firewall
  std::optional<Nat64Prefix> nat64;  // under which IPv6 hosts behind it find IPv4 (RFC 6146)
  Place place;
  bool operator==(const NatSpec&) const = default;
};

enum class DriverKind : std::uint8_t { lazy, ticking, oversleeping };

struct DriverSpec {
  DriverKind kind = DriverKind::lazy;
  Range<Duration> every =
      Duration(std::chrono::milliseconds(100));  // ticking: the period; oversleeping: the most
  bool operator==(const DriverSpec&) const = default;
};

struct ClockSpec {
  Range<Duration> offset = Duration{};  // of the monotonic clock at the start of the run
  std::int64_t drift_ppm = 0;  // a host second is (1 + ppm/1e6) simulated seconds long on its clock
  Range<Duration> wall_offset = Duration{};
  bool operator==(const ClockSpec&) const = default;
};

struct HostSpec {
  std::string name;
  std::string role;
  std::vector<IpAddress> addresses;  // empty: one IPv4 address is given
  std::int64_t count = 1;            // > 1: hosts NAME-1 .. NAME-count, addresses counted on
  std::vector<std::string> groups;   // other names that it, or all of them, answer to
  std::optional<NatSpec> nat;        // the shorthand
  std::string behind;                // or the name of a [[nat]]
  DriverSpec driver;
  ClockSpec clock;
  Range<Duration> start = Duration{};
  Settings settings;  // what the role understands
  Place place;
  bool operator==(const HostSpec&) const = default;
};

struct LinkSpec {
  std::string a, b;  // host or NAT names, group names, or "*"
  LinkConditions both;
  LinkConditions there;  // a to b, where it differs
  LinkConditions back;   // b to a, where it differs
  Place place;
  bool operator==(const LinkSpec&) const = default;
};

/// Application data sent by command; every payload says flow and number, so that it can be
/// followed.
struct TrafficSpec {
  std::string from, to;
  Range<Duration> every = Duration(std::chrono::seconds(1));
  Range<std::int64_t> size = std::int64_t{100};  // bytes, at least 16
  Range<Duration> start = Duration{};
  std::optional<Range<Duration>> stop;  // from the start of the run; none: to the end
  Place place;
  bool operator==(const TrafficSpec&) const = default;
};

/// Packets by their speakable identity. What is not said matches all.
///
/// A fault on packets that says neither when it begins nor for how long stands from the first
/// instant, and begins with no event. If it names one transaction and one copy besides, it is a
/// datagram's fate; if that is a delay, it outlasts the heal, as jitter does.
struct PacketMatch {
  std::string from, to;  // host, group or NAT names
  std::string message;   // "Refresh success", "Refresh", "ChannelData", …; empty: any
  std::optional<Range<std::int64_t>> transaction;  // counts from 1; 0: answers to nothing known
  std::optional<Range<std::int64_t>> copy;         // counts from 1
  bool operator==(const PacketMatch&) const = default;
};

struct Partition {
  std::string a, b;
  bool operator==(const Partition&) const = default;
};
struct Block {
  std::string from, to;
  bool operator==(const Block&) const = default;
};  // one way
struct Drop {
  PacketMatch match;
  bool operator==(const Drop&) const = default;
};
struct Delay {
  PacketMatch match;
  Range<Duration> by;  // negative: earlier than the link's latency
  bool operator==(const Delay&) const = default;
};
struct Duplicate {
  PacketMatch match;
  Range<Duration> after;       // negative: the second copy comes first
  std::vector<Duration> also;  // how much later than the first further copies come
  bool operator==(const Duplicate&) const = default;
};
struct Corrupt {
  PacketMatch match;
  std::optional<std::int64_t> bit;  // counts from 0; none: drawn per packet
  bool operator==(const Corrupt&) const = default;
};
struct Truncate {
  PacketMatch match;
  std::optional<std::int64_t> keep;  // bytes, fewer than there were; none: drawn per packet
  bool operator==(const Truncate&) const = default;
};
/// Bytes that nobody sent arrive, as if from a socket of `from` at a socket of `to`.
struct Forge {
  std::string from, to, text;
  bool operator==(const Forge&) const = default;
};
/// The host loses all its state and starts anew; down for the fault's length.
struct Reboot {
  std::string host;
  bool operator==(const Reboot&) const = default;
};
/// The NAT in front of the host (or the named NAT) forgets every mapping.
struct NatReset {
  std::string nat;
  bool operator==(const NatReset&) const = default;
};
/// The NAT gives every mapping another port, and at the fault's end the old one again.
struct NatFlap {
  std::string nat;
  bool operator==(const NatFlap&) const = default;
};
/// The NAT has another outside address, and forgets every mapping; at the fault's end again.
struct NatMove {
  std::string nat;
  IpAddress address;
  bool operator==(const NatMove&) const = default;
};
/// The host sleeps with all its state: it does nothing, what arrives is lost, and its monotonic
/// clock stands still.
struct Suspend {
  std::string host;
  bool operator==(const Suspend&) const = default;
};
/// The host has other addresses, perhaps behind another NAT, after a time without any; at the
/// fault's end it goes back in the same way. No address at all is a network that is gone.
struct Move {
  std::string host;
  std::vector<IpAddress> addresses;
  std::string nat;  // empty: it stays where it is
  Range<Duration> dead;
  bool operator==(const Move&) const = default;
};
/// The host's operating system refuses to send these.
struct Refuse {
  PacketMatch match;
  bool operator==(const Refuse&) const = default;
};
struct WallJump {
  std::string host;
  Range<Duration> by;
  bool operator==(const WallJump&) const = default;
};
/// Other conditions on a link while the fault lasts.
struct Degrade {
  std::string a, b;
  LinkConditions conditions;
  bool operator==(const Degrade&) const = default;
};

using FaultAction =
    std::variant<Partition, Block, Drop, Delay, Duplicate, Corrupt, Forge, Reboot, NatReset,
                 WallJump, Degrade, Truncate, NatFlap, NatMove, Suspend, Move, Refuse>;

/// A sentence such as "alice has an allocation"; its grammar is in sim/oracles/expectation.h.
struct Sentence {
  std::string text;
  Place place;
  bool operator==(const Sentence&) const = default;
};

/// "2s after alice has an allocation": the delay, and the state or event that it counts from.
struct After {
  Duration delay;
  Sentence sentence;
  bool operator==(const After&) const = default;
};

struct FaultSpec {
  std::optional<Range<Duration>> at;      // default: from the start
  std::optional<After> after;             // instead of `at`
  std::optional<Range<Duration>> every;   // again and again, from one begin to the next
  std::optional<Range<Ratio>> sometimes;  // how likely a run has it at all; absent: surely
  std::optional<Range<Duration>> length;  // key `for`; default: to the end (or to the heal)
  FaultAction action;
  Place place;
  bool operator==(const FaultSpec&) const = default;
};

struct CountSpec {
  Sentence of;  // an event sentence: "alice sends Allocate request"
  Range<std::int64_t> is;
  bool operator==(const CountSpec&) const = default;
};

/// No more than `most` of an event in any stretch of time as long as `per`, and `least` in some;
/// without `per`, in all. Counted from each `from` to the next `until`: absent, from the start and
/// to the end. It has one bound or both.
struct BudgetSpec {
  Sentence of;  // an event; "every client …" has a budget for each
  std::optional<std::int64_t> most;
  std::optional<std::int64_t> least;
  std::optional<Duration> per;
  std::optional<Sentence> from;
  std::optional<Sentence> until;
  bool operator==(const BudgetSpec&) const = default;
};

/// How evenly an event comes to the hosts of a group: bounds of Jain's index of the times until it
/// happens to each, or of how often it does (sim/oracles/fairness.h). It has one bound or both.
struct FairnessSpec {
  Sentence of;                    // an event: "client gets an allocation"
  std::optional<Sentence> after;  // the event or state that it counts from; none: the start
  std::optional<Sentence> until;  // the event that ends a host's count; none: the first time counts
  std::optional<Ratio> at_least;
  std::optional<Ratio> at_most;
  bool operator==(const FairnessSpec&) const = default;
};

/// How likely a run is to keep a claim; a sweep draws seeds until that is decided.
struct ProbabilitySpec {
  Sentence of;  // a claim (sim/oracles/claim.h), or a state at the end, or an event at any time
  Ratio bound;
  bool is_least = true;         // the bound is the least probability; false: the most
  std::optional<Ratio> margin;  // this near to the bound either verdict may come; none: 5 %, or
                                // half of the way to the nearer of 0 and 1 if that is less
  Ratio confidence = Ratio(99, 100);
  std::int64_t seeds = 10'000;  // no more than so many are drawn
  bool operator==(const ProbabilitySpec&) const = default;
};

struct HealSpec {
  Range<Duration> at;
  std::optional<Duration> within;  // none: the bound computed from the hosts' policies ("policy")
  Place place;
  bool operator==(const HealSpec&) const = default;
};

struct ExpectSpec {
  std::vector<Sentence> finally_;  // states at the end of the run, and at the heal's deadline
  std::vector<Sentence> always;    // states that hold from `always_from` on
  Range<Duration> always_from = Duration{};
  std::vector<Sentence> never;  // events
  std::vector<CountSpec> count;
  std::vector<Sentence>
      within;  // claims: "alice has an allocation within 30s after relay restarts"
  std::vector<BudgetSpec> budget;
  std::vector<FairnessSpec> fairness;
  std::vector<ProbabilitySpec> probability;
  std::vector<Sentence> marks;  // names of sim/scenario/mark.h that a sweep meets in some run
  std::optional<HealSpec> heal;
  bool operator==(const ExpectSpec&) const = default;
};

/// What a saved failure was, for replay to compare with.
struct Found {
  std::string oracle;
  std::string digest;
  std::string version;
  std::uint64_t event = 0;
  bool operator==(const Found&) const = default;
};

struct Scenario {
  std::string sentence;  // the first comment: what must hold
  Range<Duration> duration = Duration(std::chrono::minutes(1));
  std::optional<std::uint64_t> seed;
  bool icmp = false;  // hosts, NATs and routers tell by ICMP what they cannot deliver
  std::vector<HostSpec> hosts;
  std::vector<NatSpec> nats;
  std::vector<LinkSpec> links;
  std::vector<TrafficSpec> traffic;
  std::vector<FaultSpec> faults;
  ExpectSpec expect;
  std::string caught_by;  // scenarios/negative: the oracle's id, or "expect", that must catch it
  std::optional<Found> found;

  bool operator==(const Scenario&) const = default;
};

}  // namespace tickover::sim
