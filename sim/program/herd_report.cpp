#include "sim/program/herd_report.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/oracles/words.h"
#include "sim/program/sweep_table.h"
#include "sim/report/story.h"

namespace tickover::sim {
namespace {

Duration median_of(const std::vector<Duration>& sorted) {
  return sorted[(sorted.size() - 1) / 2];
}

/// "all, half within 6s, the last (client-7) after 37s"
std::string recovery_text(const Herd& herd, const Plan& plan) {
  const std::vector<Duration> times = herd.recoveries();
  if (times.empty()) return "none of them";
  const std::string who = herd.missing == 0
                              ? "all"
                              : fmt::format("{}; {} have none by the end; of the others",
                                            count_text(times.size()), count_text(herd.missing));
  return fmt::format("{}, half within {}, the last ({}) after {}", who,
                     short_text(median_of(times)), name_of(plan, *herd.slowest()),
                     short_text(times.back()));
}

std::string fairness_text(const Herd& herd) {
  const auto [fewest, most] = std::ranges::minmax(herd.clients, {}, &Herd::Client::requests);
  const auto times = herd.fairness_of_times();
  return fmt::format("{}{} of the requests that each sent until then ({} to {})",
                     times ? *times + " of these times, " : "", herd.fairness_of_requests(),
                     fewest.requests, most.requests);
}

}  // namespace

std::vector<std::string> herd_lines(const Herd& herd, const Plan& plan) {
  const std::string& relay = name_of(plan, herd.relay);
  return {
      fmt::format("{} of {} had an allocation from {}, which restarted at {}:",
                  count_text(herd.hosts.size()), herd.group, relay,
                  short_text(herd.restarted_at.since_origin())),
      herd.most_requests == 0
          ? std::string("  busiest second  no request reached it")
          : fmt::format("  busiest second  {} requests reached it, from {} after that on",
                        count_text(herd.most_requests),
                        short_text(herd.busiest_from - herd.restarted_at)),
      "  allocated again " + recovery_text(herd, plan),
      "  fairness (Jain) " + fairness_text(herd),
  };
}

void write_herds(JsonWriter& json, const std::vector<Herd>& herds, const Plan& plan) {
  if (herds.empty()) return;
  json.key("herds").begin_array();
  for (const Herd& herd : herds) {
    const std::vector<Duration> times = herd.recoveries();
    const auto [fewest, most] = std::ranges::minmax(herd.clients, {}, &Herd::Client::requests);
    json.begin_object()
        .member("relay", std::string_view(name_of(plan, herd.relay)))
        .member("group", std::string_view(herd.group))
        .member("clients", std::uint64_t{herd.hosts.size()})
        .member("restarted_ns", herd.restarted_at.since_origin().count())
        .member("busiest_second_requests", herd.most_requests);
    if (herd.most_requests > 0) {
      json.member("busiest_second_ns", herd.busiest_from.since_origin().count());
    }
    json.member("recovered", std::uint64_t{times.size()})
        .member("missing", std::uint64_t{herd.missing});
    if (!times.empty()) {
      json.member("median_ns", median_of(times).count())
          .member("slowest_ns", times.back().count())
          .member("slowest", std::string_view(name_of(plan, *herd.slowest())))
          .member("fairness_of_times", std::string_view(*herd.fairness_of_times()));
    }
    json.member("fewest_requests", fewest.requests)
        .member("most_requests", most.requests)
        .member("fairness_of_requests", std::string_view(herd.fairness_of_requests()))
        .end_object();
  }
  json.end_array();
}

}  // namespace tickover::sim
