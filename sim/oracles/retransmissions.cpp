#include "sim/oracles/retransmissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/oracles/authentication.h"
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

Retransmissions::Retransmissions(const Plan& plan) : tampered_(has_attacker(plan)) {
  for (const HostPlan& host : plan.hosts) {
    hosts_.emplace_back();
    if (is_relay(host)) realms_.push_back(realm_of(host));
    if (!is_client(host)) continue;
    hosts_.back().client = static_cast<std::uint32_t>(clients_.size());
    hosts_.back().slack = slack_of(host);
    const RetransmitTable table(host.settings);
    Client client{.table = table, .rto = ReferenceRto(table.first_interval())};
    RetransmitTable shortest = table;
    shortest.start_with(table.first_interval().lowest);
    client.soonest_give_up = shortest.earliest_give_up();
    client.has_credentials = host.info.role == "turn-client";
    client.credentials = credentials_of(host);
    client.trusts_the_path = trusts_the_path(host);
    const Setting* realm = host.settings.find("realm");
    if (realm != nullptr) client.realm = std::get<std::string>(realm->value);
    client.can_tell =
        hosts_.back().slack == Duration{} &&
        std::ranges::all_of(table.points(), [](const auto& p) { return p.earliest == p.latest; });
    clients_.push_back(std::move(client));
  }
}

void Retransmissions::observe(const Step& step, const World& world) {
  for (const SentRecord& sent : step.sent) tampered_ = tampered_ || sent.fate.is_bent();
  tampered_ = tampered_ || step.forged;
  if (!step.touched || step.host == no_index || hosts_[step.host].client == no_index) return;
  Host& host = hosts_[step.host];
  Client& client = clients_[host.client];
  client.sampled_late = false;
  if (step.kind == StepKind::start) {
    host.requests.clear();
    client.rto = ReferenceRto(client.table.first_interval());
  }
  if (!host.requests.empty()) {
    check_give_up(step, world, host);
    note_endings(step, host);
  }
  for (const SentRecord& sent : step.sent) check_send(step, world, host, sent);
  for (const SocketRecord& socket : step.sockets) {
    // As what was asked in the other family, once one has answered.
    if (!socket.open)
      std::erase_if(host.requests, [&](const Request& r) { return r.local == socket.local; });
  }
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
  const bool candidate_is_gone = std::ranges::any_of(step.notices, [](const Notice& notice) {
    return notice.kind == Notice::Kind::candidate_removed;
  });
  for (Request& request : host.requests) {
    request.may_end = true;
    request.has_ended = request.has_ended || candidate_is_gone;
  }
}

void Retransmissions::note_answer(const Step& step, Host& host) {
  const auto answer = glance_stun(step.arrived);
  if (!answer || !answer->is_answer()) return;
  const auto request = std::ranges::find_if(
      host.requests, [&](const Request& r) { return std::ranges::equal(r.id, answer->id); });
  if (request == host.requests.end()) return;
  const Client& client = clients_[host.client];
  if (step.source != request->remote || step.destination != request->local) return;
  note_round_trip(step, *answer, host, *request);
  if (!client.trusts_the_path && !is_taken(*answer, step.arrived, client, *request)) return;
  request->may_end = true;
  // A Refresh with lifetime 0 ends everything; whatever else does tells of it, or closes a socket.
  const bool ends_all =
      answer->is_success() && find_number(*answer, stun_attribute::lifetime) == 0u;
  if (!ends_all) return;
  for (Request& r : host.requests) r.may_end = true;
}

/// Karn's rule: what was sent more than once, be it in this very step, measures nothing.
void Retransmissions::note_round_trip(const Step& step, const StunGlance& answer, Host& host,
                                      Request& request) {
  if (request.answered || request.copies > 1) return;
  Client& client = clients_[host.client];
  const bool sent_again = std::ranges::any_of(step.sent, [&](const SentRecord& sent) {
    const auto message = glance_stun(step.payload(sent));
    return message && std::ranges::equal(message->id, request.id);
  });
  if (sent_again) return;
  // What was given up with its allocation is not waited for, but the deletion of one may be.
  const bool in_doubt = tampered_ || (request.has_ended && request.type == stun_type::refresh);
  if (!in_doubt && request.has_ended) return;
  if (!in_doubt && !is_taken(answer, step.arrived, client, request)) return;
  request.answered = true;
  client.sampled_late = step.deadline_before && step.deadline_before->at <= step.host_now;
  client.rto.answered(request.remote.ip, step.host_now - request.start, !in_doubt);
}

/// RFC 8489, section 9.2.5: only a challenge needs no signature.
bool Retransmissions::is_taken(const StunGlance& answer, Bytes bytes, const Client& client,
                               const Request& request) const {
  if (answer.request_type() != request.type) return false;
  if (!client.has_credentials) return true;
  const std::uint32_t code = error_code_of(answer);
  if (code == 401 || (code == 438 && !request.is_bare)) {
    const auto realm = find_attribute(answer, stun_attribute::realm);
    const bool is_proper = find_attribute(answer, stun_attribute::nonce) && (realm || code == 438);
    const bool is_trusted = !realm || !client.realm || as_text(*realm) == *client.realm;
    if (is_proper && is_trusted) return true;
  }
  return !request.is_bare && is_signed(answer, bytes, client);
}

/// Looked into only where somebody may have made it up.
bool Retransmissions::is_signed(const StunGlance& answer, Bytes bytes, const Client& client) const {
  if (!tampered_) {
    return find_attribute(answer, stun_attribute::message_integrity) ||
           find_attribute(answer, stun_attribute::message_integrity_sha256);
  }
  return std::ranges::any_of(realms_, [&](const std::string& realm) {
    return is_signed_by(client.credentials, realm, bytes);
  });
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
    add_request(step, host, sent, *message);
  } else if (known->size != bytes.size() || known->content != Digest::of(bytes)) {
    broken(step, name + " sends other bytes under the transaction id of an earlier request");
  } else if (known->remote != sent.remote) {
    broken(step, name + " sends one request to two addresses");
  } else {
    check_copy(step, world, host, *known);
  }
  clients_[host.client].rto.requested(sent.remote.ip, step.host_now);
}

void Retransmissions::add_request(const Step& step, Host& host, const SentRecord& sent,
                                  const StunGlance& message) {
  const Bytes bytes = step.payload(sent);
  if (message.type == stun_type::refresh) note_replacement(host, sent);
  if (host.requests.size() == most_requests) host.requests.erase(host.requests.begin());
  Request request{.local = sent.local,
                  .remote = sent.remote,
                  .type = message.type,
                  .is_bare = !find_attribute(message, stun_attribute::message_integrity) &&
                             !find_attribute(message, stun_attribute::message_integrity_sha256),
                  .content = Digest::of(bytes),
                  .size = bytes.size(),
                  .start = step.host_now};
  // Beside an answer, a timer that was due may have started it before that was looked at.
  const Client& client = clients_[host.client];
  if (!client.sampled_late) request.first = client.rto.expected(sent.remote.ip, step.host_now);
  std::ranges::copy(message.id, request.id.begin());
  host.requests.push_back(request);
}

/// A new Refresh takes the place of an older one; where ten requests are open, of the oldest.
void Retransmissions::note_replacement(Host& host, const SentRecord& refresh) {
  Request* oldest = nullptr;
  std::size_t open = 0;
  for (Request& request : host.requests) {
    if (request.may_end) continue;
    if (oldest == nullptr) oldest = &request;
    ++open;
    if (request.type == stun_type::refresh && request.local == refresh.local) {
      request.may_end = request.has_ended = true;
    }
  }
  constexpr std::size_t most_open = 10;  // PROTOCOL T3
  if (open >= most_open) oldest->may_end = oldest->has_ended = true;
}

void Retransmissions::check_copy(const Step& step, const World& world, Host& host,
                                 Request& request) {
  ++request.copies;
  const Duration now = step.host_now - request.start;
  const Client& client = clients_[host.client];
  const ReferenceRto::Limits& limits = client.table.first_interval();
  if (!request.first) {
    // Whatever the client measured, it is bound to its limits, and to what it has begun.
    if (client.can_tell && now >= limits.lowest && now <= limits.highest) request.first = now;
    if (!client.can_tell) {
      request.last_sent = now;
      request.next = request.copies;
      return;
    }
  }
  const auto& points = table_of(host, request).points();
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
                  fmt::format("{} sends copy {} of a request {} after the first; {}",
                              name_of(world.plan(), step.host), request.copies, time_text(now),
                              point < points.size()
                                  ? "due is " + time_text(points[point].earliest)
                                  : "the last was due at " + time_text(points.back().earliest)));
  }
  request.last_sent = now;
  request.next = point + 1;
}

const RetransmitTable& Retransmissions::table_of(const Host& host, const Request& request) {
  RetransmitTable& table = clients_[host.client].table;
  const Duration first = request.first.value_or(table.first_interval().highest);
  if (table.first() != first) table.start_with(first);
  return table;
}

/// When the host must be awake for the request's sake, counted from its start.
Duration Retransmissions::due(const RetransmitTable& table, const Request& request) const {
  if (!request.first && request.copies > 1) {
    // Of all the tables that it may follow, the one that has just had a point has its next one
    // last.
    return std::min(table.give_up(), request.last_sent * 2 + table.first_interval().highest);
  }
  for (std::size_t i = request.next; i < table.points().size(); ++i) {
    if (table.points()[i].latest > request.last_sent) return table.points()[i].latest;
  }
  return table.give_up();
}

void Retransmissions::check_silence(const Step& step, const World& world, Host& host) {
  for (const Request& request : host.requests) {
    // Where nobody can tell how long its waits are, nor when it is given up after the last copy.
    const bool is_unknown =
        !request.first && request.copies >= table_of(host, request).points().size();
    if (!request.may_end && !is_unknown) check_silence(step, world, host, request);
  }
  std::erase_if(host.requests, [&](const Request& request) {
    return step.host_now > request.start + table_of(host, request).give_up() + host.slack;
  });
}

void Retransmissions::check_silence(const Step& step, const World& world, const Host& host,
                                    const Request& request) {
  const RetransmitTable& table = table_of(host, request);
  const Duration next = due(table, request);
  // Of whom it is not known how long the first wait was, nor is it when all is over.
  if (!request.first && next >= clients_[host.client].soonest_give_up) return;
  const Duration give_up = table.give_up();
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
  bool some_open = false;
  Duration give_up = Duration::max();
  for (Request request : host.requests) {
    if (!request.first) request.first = clients_[host.client].table.first_interval().lowest;
    give_up = std::min(give_up, table_of(host, request).earliest_give_up());
    if (step.host_now >= request.start + table_of(host, request).earliest_give_up()) return;
    some_open = some_open || !request.may_end;
  }
  if (!some_open) return;
  broken(step, fmt::format("{} gives up before any request is {} old",
                           name_of(world.plan(), step.host), time_text(give_up)));
}

}  // namespace tickover::sim
