#include "sim/oracles/retransmissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/words.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// More than a client has open at once (PROTOCOL T3), and some that are over.
constexpr std::size_t most_requests = 128;

/// How much later than its deadline a host may be woken, on its own clock.
Duration slack_of(const HostPlan& host) {
  const Instant zero;
  const Duration second = std::chrono::seconds(1);
  const bool drifts = host.clock.read(zero + second) - host.clock.read(zero) != second;
  Duration slack = host.driver == DriverKind::oversleeping ? host.driver_every : Duration{};
  // A clock that runs fast skips readings; it never doubles its speed.
  if (drifts) slack = slack * 2 + Duration::nanoseconds(2);
  return slack;
}

}  // namespace

bool Retransmissions::is_client(const HostPlan& host) {
  return host.info.role == "turn-client" || host.info.role == "stun-client";
}

Retransmissions::Retransmissions(const Plan& plan) {
  for (const HostPlan& host : plan.hosts) {
    hosts_.emplace_back();
    if (!is_client(host)) continue;
    hosts_.back().table = static_cast<std::uint32_t>(tables_.size());
    hosts_.back().slack = slack_of(host);
    tables_.emplace_back(host.settings);
  }
}

void Retransmissions::observe(const Step& step, const World& world) {
  if (!step.touched || step.host == no_index || hosts_[step.host].table == no_index) return;
  Host& host = hosts_[step.host];
  if (step.kind == StepKind::start) host.requests.clear();
  if (!host.requests.empty()) {
    check_give_up(step, world, host);
    note_endings(step, host);
  }
  for (const SentRecord& sent : step.sent) check_send(step, world, host, sent);
  if (!host.requests.empty()) check_silence(step, world, host);
}

/// Only what can end a request excuses its silence; what continues must keep to the table.
void Retransmissions::note_endings(const Step& step, Host& host) {
  if (step.kind == StepKind::delivery && step.dropped == DropReason::none) note_answer(step, host);
  const bool ends_all =
      step.kind == StepKind::socket || step.kind == StepKind::fault || !step.sockets.empty() ||
      std::ranges::any_of(step.notices, [](const Notice& notice) {
        return notice.kind == Notice::Kind::candidate_removed ||
               notice.kind == Notice::Kind::peer_lost || notice.kind == Notice::Kind::failed;
      });
  if (!ends_all) return;
  for (Request& request : host.requests) request.may_end = true;
}

void Retransmissions::note_answer(const Step& step, Host& host) {
  const auto answer = glance_stun(step.arrived);
  if (!answer || !answer->is_answer()) return;
  const auto request = std::ranges::find_if(
      host.requests, [&](const Request& r) { return std::ranges::equal(r.id, answer->id); });
  if (request == host.requests.end()) return;
  request->may_end = true;
  // A refusal can cost the allocation and with it every request; an Allocate success ends the
  // probe of the other family, a Refresh with lifetime 0 everything.
  const bool ends_all = answer->is_error() || answer->request_type() == stun_type::allocate ||
                        find_number(*answer, stun_attribute::lifetime) == 0u;
  if (!ends_all) return;
  for (Request& r : host.requests) r.may_end = true;
}

void Retransmissions::check_send(const Step& step, const World& world, Host& host,
                                 const SentRecord& sent) {
  const Bytes bytes = step.payload(sent);
  const auto message = glance_stun(bytes);
  if (!message || !message->is_request()) return;
  judged();
  const std::string& name = name_of(world.plan(), step.host);
  const auto known = std::ranges::find_if(
      host.requests, [&](const Request& r) { return std::ranges::equal(r.id, message->id); });
  if (known == host.requests.end()) {
    if (host.requests.size() == most_requests) host.requests.erase(host.requests.begin());
    Request request{.remote = sent.remote,
                    .content = Digest::of(bytes),
                    .size = bytes.size(),
                    .start = step.host_now};
    std::ranges::copy(message->id, request.id.begin());
    host.requests.push_back(request);
    return;
  }
  Request& request = *known;
  if (request.size != bytes.size() || request.content != Digest::of(bytes)) {
    return broken(step, name + " sends other bytes under the transaction id of an earlier request");
  }
  if (request.remote != sent.remote) {
    return broken(step, name + " sends one request to two addresses");
  }
  ++request.copies;
  const Duration now = step.host_now - request.start;
  const auto& points = tables_[host.table].points();
  // The first point after the last copy is due; with jitter, a later one where that may have
  // passed already.
  std::size_t point = request.next;
  while (point < points.size() && points[point].latest <= request.last_sent) ++point;
  while (point + 1 < points.size() && now > points[point].latest + host.slack &&
         points[point].earliest <= request.last_sent) {
    ++point;
  }
  const bool in_time = point < points.size() && now > request.last_sent &&
                       now >= points[point].earliest && now <= points[point].latest + host.slack;
  if (!in_time) {
    return broken(step,
                  fmt::format("{} sends copy {} of a request {} after the first; {}", name,
                              request.copies, time_text(now),
                              point < points.size()
                                  ? "due is " + time_text(points[point].earliest)
                                  : "the last was due at " + time_text(points.back().earliest)));
  }
  request.last_sent = now;
  request.next = point + 1;
}

/// When the host must be awake for the request's sake, counted from its start.
Duration Retransmissions::due(const Host& host, const Request& request) const {
  const RetransmitTable& table = tables_[host.table];
  for (std::size_t i = request.next; i < table.points().size(); ++i) {
    if (table.points()[i].latest > request.last_sent) return table.points()[i].latest;
  }
  return table.give_up();
}

void Retransmissions::check_silence(const Step& step, const World& world, Host& host) {
  const Duration give_up = tables_[host.table].give_up();
  for (const Request& request : host.requests) {
    if (!request.may_end) check_silence(step, world, host, request);
  }
  std::erase_if(host.requests, [&](const Request& request) {
    return step.host_now > request.start + give_up + host.slack;
  });
}

void Retransmissions::check_silence(const Step& step, const World& world, const Host& host,
                                    const Request& request) {
  const Duration next = due(host, request);
  const Duration give_up = tables_[host.table].give_up();
  const Instant at = request.start + next;
  const auto who = [&] { return name_of(world.plan(), step.host); };
  // Who may oversleep the end of a request need not send what was due shortly before.
  if (next + host.slack < give_up && step.host_now > at + host.slack) {
    return broken(step, fmt::format("{} has not sent copy {} of an unanswered request, due {} "
                                    "after the first",
                                    who(), request.copies + 1, time_text(next)));
  }
  if (step.host_now >= at || (step.deadline_after && step.deadline_after->at <= at)) return;
  broken(step,
         fmt::format("{} wants to sleep {}, but {} of an unanswered request is due at {}", who(),
                     step.deadline_after ? "until " + time_text(step.deadline_after->at)
                                         : std::string("for ever"),
                     next == give_up ? "the end" : fmt::format("copy {}", request.copies + 1),
                     time_text(at)));
}

/// "Unanswered" may be said only when some request's time is over.
void Retransmissions::check_give_up(const Step& step, const World& world, const Host& host) {
  if (step.kind != StepKind::timer) return;
  const bool gives_up = std::ranges::any_of(step.notices, [](const Notice& notice) {
    return notice.kind == Notice::Kind::failed && notice.number == 0;
  });
  if (!gives_up) return;
  const Duration give_up = tables_[host.table].earliest_give_up();
  bool some_open = false;
  for (const Request& request : host.requests) {
    if (step.host_now >= request.start + give_up) return;
    some_open = some_open || !request.may_end;
  }
  if (!some_open) return;
  broken(step, fmt::format("{} gives up before any request is {} old",
                           name_of(world.plan(), step.host), time_text(give_up)));
}

}  // namespace tickover::sim
