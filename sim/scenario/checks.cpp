#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "sim/scenario/nearest.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

/// The addresses first .. last of one owner.
struct AddressBlock {
  IpAddress first;
  IpAddress last;
  std::string owner;
  Place place;
};

/// The addresses that must differ: those of one network. The public one has no name.
using Networks = std::map<std::string, std::vector<AddressBlock>>;

void add_blocks(Networks& networks, const HostSpec& host) {
  // Behind a NAT of its own, a host shares its network with nobody.
  const std::string network = host.nat ? "own of " + host.name : "of " + host.behind;
  for (const IpAddress& address : host.addresses) {
    const auto others = static_cast<std::uint32_t>(host.count - 1);
    const IpAddress last = address.plus(host.nat ? 0 : others);
    networks[network].push_back({address, last, host.name, host.place});
  }
}

void check_network(std::vector<AddressBlock>& blocks, Problems& problems) {
  std::sort(blocks.begin(), blocks.end(), [](const AddressBlock& a, const AddressBlock& b) {
    return std::tie(a.first, a.place.line, a.place.column) <
           std::tie(b.first, b.place.line, b.place.column);
  });
  const AddressBlock* furthest = nullptr;
  for (const AddressBlock& block : blocks) {
    if (block.last < block.first) {
      problems.error(block.place, fmt::format("the addresses of {} run over the end of all",
                                              quoted(block.owner)));
    } else if (furthest && block.first <= furthest->last) {
      const AddressBlock& later = block.place.line < furthest->place.line ? *furthest : block;
      const AddressBlock& earlier = &later == &block ? *furthest : block;
      if (later.owner == earlier.owner) {
        const bool is_group = block.first != block.last;
        problems.error(later.place,
                       is_group ? fmt::format("the group {} counts on from each of its addresses: "
                                              "{} would be that of two members",
                                              quoted(later.owner), block.first.text())
                                : fmt::format("{} has the address {} twice", quoted(later.owner),
                                              block.first.text()));
        return;
      }
      problems.error(later.place, fmt::format("{} has the address {} of {}", quoted(later.owner),
                                              block.first.text(), quoted(earlier.owner)));
    }
    if (!furthest || furthest->last < block.last) furthest = &block;
  }
}

}  // namespace

void check_addresses(const Scenario& scenario, Problems& problems) {
  Networks networks;
  for (const HostSpec& host : scenario.hosts) add_blocks(networks, host);
  for (const NatSpec& nat : scenario.nats) {
    for (const IpAddress& address : nat.addresses) {
      networks["of " + nat.behind].push_back({address, address, nat.name, nat.place});
    }
  }
  for (auto& [name, blocks] : networks) check_network(blocks, problems);
}

namespace {

/// `what` begins at the earliest when the run is over at the latest.
void check_begin(std::string_view what, const Range<Duration>& begin, Place place,
                 const Scenario& scenario, Problems& problems) {
  if (begin.low <= scenario.duration.high) return;
  problems.warning(
      place, fmt::format("{} at {}, and the run is over at {}", what, duration_text(begin.low),
                         duration_text(scenario.duration.high)));
}

}  // namespace

void check_times(const Scenario& scenario, Problems& problems) {
  for (const HostSpec& host : scenario.hosts) {
    const std::string what = fmt::format("{} starts", quoted(host.name));
    check_begin(what, host.start, host.place, scenario, problems);
  }
  for (const TrafficSpec& traffic : scenario.traffic) {
    check_begin("this traffic starts", traffic.start, traffic.place, scenario, problems);
  }
  const ExpectSpec& expect = scenario.expect;
  if (!expect.always.empty()) {
    check_begin("`always` begins to count", expect.always_from, expect.always.front().place,
                scenario, problems);
  }
  for (const FaultSpec& fault : scenario.faults) {
    if (!fault.at) continue;
    check_begin("this fault begins", *fault.at, fault.place, scenario, problems);
    if (!expect.heal || fault.at->low <= expect.heal->at.high) continue;
    problems.warning(fault.place,
                     fmt::format("this fault begins at {}, and the heal ends all faults at {}",
                                 duration_text(fault.at->low), range_text(expect.heal->at)));
  }
  if (expect.heal && expect.finally_.empty() && scenario.traffic.empty()) {
    problems.warning(expect.heal->place,
                     "this heal has nothing to judge: say what is `finally` so, or send traffic");
  }
}

void check_reach(const Scenario& scenario, const Names& names, Problems& problems) {
  const bool alone = scenario.hosts.size() == 1 && scenario.hosts.front().count == 1;
  std::set<std::string, std::less<>> touched;
  for (const LinkSpec& link : scenario.links) {
    touched.emplace(names.without_member(link.a));
    touched.emplace(names.without_member(link.b));
  }
  if (alone || touched.contains("*")) return;
  for (const HostSpec& host : scenario.hosts) {
    bool reached = touched.contains(host.name) || host.name.empty() ||
                   std::ranges::any_of(host.groups, [&](const std::string& group) {
                     return touched.contains(group);
                   });
    std::string_view behind = host.nat ? std::string_view(host.nat->behind) : host.behind;
    for (std::size_t depth = 0; !reached && !behind.empty() && depth < scenario.nats.size();
         ++depth) {
      reached = touched.contains(behind);
      const auto nat = std::ranges::find(scenario.nats, behind, &NatSpec::name);
      behind = nat == scenario.nats.end() ? std::string_view() : nat->behind;
    }
    if (reached) continue;
    problems.warning(host.place, fmt::format("no link touches the host {}", quoted(host.name)));
  }
}

}  // namespace tickover::sim
