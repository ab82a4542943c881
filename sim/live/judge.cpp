#include "sim/live/judge.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/check.h"
#include "sim/live/driver.h"
#include "sim/live/say.h"
#include "sim/oracles/wake_honesty.h"
#include "sim/oracles/wire.h"
#include "sim/scenario/reader.h"

namespace tickover::sim::live {
namespace {

/// What no server has as its port of old: of sockets where nobody asks.
constexpr std::uint16_t elsewhere = 1;
constexpr HostIndex judged_host = 0;

std::shared_ptr<const Plan> plan_of(std::string_view role, const RoleRegistry& registry) {
  const bool is_server = role == "turn-server";
  CHECK(is_server || role == "turn-client");
  constexpr std::string_view server =
      "[[host]]\nname = \"relay\"\nrole = \"turn-server\"\naddress = \"192.0.2.1\"\n";
  constexpr std::string_view client =
      "[[host]]\nname = \"client\"\nrole = \"turn-client\"\nrelay = \"relay\"\n";
  const auto scenario = read_scenario_text(
      fmt::format(
          "format = 1\nduration = \"1s\"\n{}{}[[link]]\nbetween = [\"client\", \"relay\"]\n",
          is_server ? server : client, is_server ? client : server),
      "live", registry);
  CHECK(scenario.has_value());
  const auto plan = make_plan(*scenario, 1, registry);
  CHECK(plan.has_value() && (*plan)->hosts[judged_host].info.role == role);
  return *plan;
}

StepKind kind_of(const Input& input) {
  if (std::holds_alternative<Datagram>(input)) return StepKind::delivery;
  if (std::holds_alternative<IcmpError>(input)) return StepKind::icmp;
  return StepKind::socket;
}

}  // namespace

Judge::Judge(std::string_view role, std::vector<Endpoint> fronts, const RoleRegistry& registry)
    : fronts_(std::move(fronts)), world_(plan_of(role, registry), Oracles()) {
  oracles_.add(std::make_unique<WakeHonesty>(world_.plan()));
  oracles_.add(std::make_unique<Wire>(world_.plan()));
  oracles_.add(std::make_unique<Answers>(world_.plan()));
}

std::string Judge::complaint() const {
  const Breach* const breach = oracles_.breach();
  if (breach == nullptr) return {};
  return fmt::format("BROKEN {}: {}\n{}\n", breach->oracle, breach->statement, breach->what);
}

std::string Judge::text() const {
  std::uint64_t judgements = 0;
  for (const auto& oracle : oracles_.all()) judgements += oracle->judgements();
  return fmt::format("{} judgements by {} oracles", judgements, oracles_.all().size());
}

/// A server of a plan is asked at one port; here it may be several.
Endpoint Judge::as_planned(const Endpoint& local) const {
  if (fronts_.empty()) return local;
  const bool is_front = std::ranges::find(fronts_, local) != fronts_.end();
  return {local.ip, is_front ? world_.plan().hosts[judged_host].role->port : elsewhere};
}

void Judge::given(const Driver&, const Input& input, Instant) {
  step_.kind = kind_of(input);
  if (const auto* datagram = std::get_if<Datagram>(&input)) {
    arrived_.assign(datagram->payload.begin(), datagram->payload.end());
    step_.arrived = arrived_;
    step_.source = datagram->remote;
    step_.destination = as_planned(datagram->local);
  }
}
void Judge::woken(const Driver&, const Timeout& timeout, Instant) {
  step_.kind = StepKind::timer;
  step_.woken_for = timeout;
}
void Judge::commanded(const Driver&, const Command&, bool accepted, Instant) {
  step_.kind = StepKind::command;
  step_.command_accepted = accepted;
}
void Judge::sent(const Driver&, const Send& send, Bytes bytes, const Fate&, SendResult, Instant) {
  step_.sent.push_back({.local = as_planned(send.local),
                        .remote = send.remote,
                        .offset = step_.bytes.size(),
                        .size = bytes.size()});
  step_.bytes.insert(step_.bytes.end(), bytes.begin(), bytes.end());
}
void Judge::told(const Driver&, const Notice& notice, Instant) {
  step_.notices.push_back(notice);
}

void Judge::drained(const Driver& driver, Instant now) {
  ++step_.number;
  step_.time = step_.host_now = now;
  step_.host = judged_host;
  step_.touched = true;
  step_.deadline_after = driver.machine().poll_timeout();
  oracles_.observe(step_, world_);
  // What stays: the number, the last deadline, and the room.
  step_.deadline_before = step_.deadline_after;
  step_.kind = StepKind::command;
  step_.woken_for.reset();
  step_.arrived = {};
  step_.sent.clear();
  step_.notices.clear();
  step_.bytes.clear();
}

bool say_verdict(const Judge& judge, bool on_stderr) {
  const std::string complaint = judge.complaint();
  say(on_stderr ? stderr : stdout, fmt::format("{}judged: {}\n", complaint, judge.text()));
  return complaint.empty();
}

}  // namespace tickover::sim::live
