#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/run.h"

namespace tickover::sim {

/// Roles for worlds that fit on a screen, beside the built-in ones:
///   talker     asks the echo host `to` something new every `every`, again each `again` until it is
///              answered, at most `copies` times
///   echo       answers every question on port 9
///   announcer  says at its start that it is reached at port 5; tells what arrives from whom it was
///              told to expect, and refuses the first `refuse` such orders
///   misfit     sends from a socket that it never opened, and counts the refusals
///   herald     sends "the time" and "the place" as soon as it is told them, and tells the hop
///   limit
///              of what arrives at its port 1
const RoleRegistry& small_roles();

/// Settings of a host: {{"to", text}, {"every", duration}, …}.
Settings settings(std::vector<Setting> entries);
Setting text(std::string key, std::string value);
Setting length(std::string key, Duration value);
Setting number(std::string key, std::int64_t value);

HostSpec echo(std::string name);
/// Asks `to` every 100 ms, up to three times each, 30 ms apart.
HostSpec talker(std::string name, std::string to);
LinkSpec link(std::string a, std::string b, LinkConditions conditions = {});
FaultSpec fault(Duration at, Duration length, FaultAction action);

/// alice talks to bob over one link of 10 ms, for two seconds.
Scenario small_talk(LinkConditions conditions = {});

/// The plan of a scenario that must be sound.
std::shared_ptr<const Plan> planned(const Scenario& scenario, std::uint64_t seed = 1);
World world_of(const Scenario& scenario, std::uint64_t seed = 1);
/// Why the scenario has no plan; empty if it has one.
std::string plan_error(const Scenario& scenario);

/// "alice>bob question 3.2" for the second copy of the third question.
std::string speakable(const World& world, const PacketId& id);

/// What a run did, by names instead of indexes.
struct Record final : Watcher {
  struct Arrival {
    Instant sent;
    Instant at;
    std::string id;  // empty if it crossed no link
    std::string host;
    Endpoint source;
    Endpoint destination;
    DropReason dropped{};
    std::vector<std::uint8_t> bytes;
    bool forged = false;
  };
  struct Sending {
    Instant at;
    std::string id;
    std::string host;
    Fate fate;
    std::vector<std::uint8_t> bytes;
    Endpoint seen_source;
  };
  std::vector<Arrival> arrivals;
  std::vector<Sending> sendings;
  std::vector<std::string> events;  // "alice answered 3", in order

  void see(const Step& step, const World& world) override;
  /// Every fate by the speakable name of its packet, which must be unique.
  std::map<std::string, Fate> fates() const;
  /// `reason` is not DropReason::none.
  std::size_t dropped(DropReason reason) const;
  std::size_t delivered() const;
};

/// Runs to the end of the scenario and tells what happened.
Record record(World& world);
Record record(const Scenario& scenario, std::uint64_t seed = 1);
/// The digest at the end of a run.
std::uint64_t digest_of(const Scenario& scenario, std::uint64_t seed = 1);

}  // namespace tickover::sim
