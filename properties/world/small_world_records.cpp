#include <algorithm>

#include "properties/world/small_world.h"

namespace tickover::sim {

void Record::see(const Step& step, const World& world) {
  const auto host_name = [&](HostIndex host) {
    return host == no_index ? std::string() : world.plan().hosts[host].info.name;
  };
  if (step.kind == StepKind::delivery) {
    arrivals.push_back({step.sent_at,
                        step.time,
                        step.has_id ? speakable(world, step.id) : "",
                        host_name(step.host),
                        step.source,
                        step.destination,
                        step.dropped,
                        {step.arrived.begin(), step.arrived.end()},
                        step.forged});
  }
  for (const SentRecord& sent : step.sent) {
    const Bytes payload = step.payload(sent);
    sendings.push_back({step.time,
                        sent.has_id ? speakable(world, sent.id) : "",
                        host_name(step.host),
                        sent.fate,
                        {payload.begin(), payload.end()},
                        sent.seen_source});
  }
  for (const Notice& notice : step.notices) {
    events.push_back(host_name(step.host) + " " + std::string(notice.name) + " " +
                     std::to_string(notice.number));
  }
}

std::map<std::string, Fate> Record::fates() const {
  std::map<std::string, Fate> result;
  for (const Sending& s : sendings) {
    if (!s.id.empty()) CHECK(result.emplace(s.id, s.fate).second);
  }
  return result;
}

std::size_t Record::dropped(DropReason reason) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sendings, [&](const Sending& s) { return s.fate.dropped == reason; }) +
      std::ranges::count_if(arrivals, [&](const Arrival& a) { return a.dropped == reason; }));
}

std::size_t Record::delivered() const {
  return static_cast<std::size_t>(
      std::ranges::count(arrivals, DropReason::none, &Arrival::dropped));
}

Record record(World& world) {
  Record result;
  run(world, {}, {&result});
  return result;
}

Record record(const Scenario& scenario, std::uint64_t seed) {
  World world = world_of(scenario, seed);
  return record(world);
}

std::uint64_t digest_of(const Scenario& scenario, std::uint64_t seed) {
  World world = world_of(scenario, seed);
  run(world);
  return world.digest();
}
}  // namespace tickover::sim
