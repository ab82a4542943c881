#include <algorithm>

#include "core/check.h"
#include "core/turn/client/client.h"

// Attempts to allocate, from the first socket to the end of the allocation.

namespace tickover::turn {

using namespace client;

namespace {

constexpr std::uint8_t ports_to_try = 3;  // RFC 8656, section 7.4, for 437
constexpr std::size_t most_leaving = 4;   // sockets that wait for a deletion at a time

}  // namespace

Session* Client::find_session(std::uint32_t id) {
  const auto found = std::ranges::find(sessions_, id, &Session::id);
  return found == sessions_.end() ? nullptr : &*found;
}

Session* Client::find_session(const Endpoint& local, const Endpoint& server) {
  const auto found = std::ranges::find_if(sessions_, [&](const Session& session) {
    return session.stage != Stage::opening && session.local == local && session.server == server;
  });
  return found == sessions_.end() ? nullptr : &*found;
}

Session& Client::session_of(const Order& order) {
  Session* session = find_session(order.session);
  CHECK(session != nullptr);
  return *session;
}

const Session* Client::allocated_session() const {
  if (!allocation_) return nullptr;
  const auto found = std::ranges::find(sessions_, Stage::allocated, &Session::stage);
  CHECK(found != sessions_.end());
  return &*found;
}

bool Client::is_attempting() const {
  return std::ranges::any_of(sessions_, [](const Session& session) {
    return session.stage != Stage::leaving && session.stage != Stage::allocated;
  });
}

// Everything an attempt learns belongs to its sockets; it begins like the first one ever.
void Client::begin_attempt() {
  CHECK(!allocation_ && !is_attempting());
  schedule_.begin();
  for (const Endpoint& server : config_.server) open_session(server);
}

void Client::open_session(const Endpoint& server) {
  const std::uint32_t id = next_session_++;
  sessions_.push_back({.id = id, .server = server});
  transmits_.open({.request = id, .local = {IpAddress::unspecified(server.family()), 0}});
}

// The Allocate that met a 5xx is made again; or an attempt begins.
void Client::resume_attempt() {
  schedule_.begin();
  const auto attempting = std::ranges::find(sessions_, Stage::allocating, &Session::stage);
  if (attempting == sessions_.end()) return begin_attempt();
  allocate(*attempting, 0);
}

// The first endpoint to challenge is the one to use; the other is abandoned (PROTOCOL X5).
void Client::won(std::uint32_t session) {
  std::vector<std::uint32_t> losers;
  for (const Session& other : sessions_) {
    if (other.id == session) continue;
    if (other.stage == Stage::opening || other.stage == Stage::probing) losers.push_back(other.id);
  }
  for (const std::uint32_t loser : losers) drop_session(loser);
}

void Client::allocate(Session& session, std::uint8_t challenges) {
  session.stage = Stage::allocating;
  if (session.allocates < 255) ++session.allocates;
  requests_.enqueue({.kind = Kind::allocate, .session = session.id, .challenges = challenges});
}

void Client::fail_attempt(AttemptFailure why, int code, Instant now) {
  abandon(RemovalReason::restarted, Leave::drop, now);
  mismatches_ = 0;
  Instant at;
  switch (why) {
    case AttemptFailure::unanswered:
    case AttemptFailure::no_socket:
    case AttemptFailure::stale_nonce_loop:
    case AttemptFailure::integrity_violated:
      at = schedule_.after_failure(config_, random_, now);
      break;
    case AttemptFailure::no_capacity:
    case AttemptFailure::server_error:
      at = schedule_.after_pause(config_.capacity_pause, config_, random_, now);
      break;
    case AttemptFailure::mismatch:
      at = schedule_.after_pause(config_.mismatch_pause, config_, random_, now);
      break;
    case AttemptFailure::credentials_refused:
    case AttemptFailure::bid_down:
    case AttemptFailure::no_common_algorithm:
    case AttemptFailure::name_not_hidden:
    case AttemptFailure::redirected_in_vain:
    case AttemptFailure::refused:
    case AttemptFailure::unusable_answer:
      at = schedule_.after_pause(config_.refused_pause, config_, random_, now);
      break;
  }
  events_.push(AllocationFailed{why, code, at});
}

// Somebody else's allocation has this 5-tuple: another local port, three in all (PROTOCOL C7).
void Client::mismatched(Instant now) {
  if (++mismatches_ >= ports_to_try) {
    return fail_attempt(AttemptFailure::mismatch,
                        static_cast<int>(stun::ErrorCode::allocation_mismatch), now);
  }
  const auto attempting = std::ranges::find_if(
      sessions_, [](const Session& session) { return session.stage != Stage::leaving; });
  const Endpoint server = attempting->server;
  abandon(RemovalReason::restarted, Leave::drop, now);
  // Where a redirect led, nobody leads a second time (PROTOCOL X3).
  if (std::ranges::find(config_.server, server) == config_.server.end()) {
    return open_session(server);
  }
  begin_attempt();
}

void Client::lost_probe(std::uint32_t session, AttemptFailure why, Instant now) {
  drop_session(session);
  if (!is_attempting()) fail_attempt(why, 0, now);
}

// The relayed address is gone. Wanted peers stay in their tables, and nothing else does.
void Client::invalidate(RemovalReason why, Leave leave, Instant now) {
  const std::uint32_t session = allocated_session()->id;
  events_.push(CandidateRemoved{allocation_->relayed(), why});
  if (const auto& additional = allocation_->additional()) {
    events_.push(CandidateRemoved{*additional, why});
  }
  if (now - allocation_->allocated_at() >= config_.stable_after) schedule_.succeeded();
  allocation_.reset();
  channels_.deallocated();
  permissions_.deallocated();
  if (leave == Leave::release) {
    release_session(session);
  } else {
    drop_session(session);
  }
}

void Client::lost_allocation(RemovalReason why, Leave leave, Instant now) {
  invalidate(why, leave, now);
  schedule_.after_failure(config_, random_, now);
}

// Ends the allocation or the attempt under way, whichever there is.
void Client::abandon(RemovalReason why, Leave leave, Instant now) {
  schedule_.begin();
  if (allocation_) invalidate(why, leave, now);
  std::vector<std::uint32_t> attempting;
  for (const Session& session : sessions_) {
    if (session.stage != Stage::leaving) attempting.push_back(session.id);
  }
  for (const std::uint32_t session : attempting) {
    // What an Allocate without an answer may have made is given back as well (PROTOCOL F2).
    const bool may_hold = std::ranges::any_of(requests_.outstanding(), [&](const auto& entry) {
      return entry.tag.session == session && entry.tag.kind != Kind::probe;
    });
    if (may_hold && leave == Leave::release) {
      release_session(session);
    } else {
      drop_session(session);
    }
  }
}

void Client::release_session(std::uint32_t session) {
  const auto leaving = std::ranges::count(sessions_, Stage::leaving, &Session::stage);
  if (static_cast<std::size_t>(leaving) >= most_leaving) {
    drop_session(std::ranges::find(sessions_, Stage::leaving, &Session::stage)->id);
  }
  requests_.cancel(session);
  find_session(session)->stage = Stage::leaving;
  requests_.enqueue({.kind = Kind::release, .session = session});
}

// A socket that is still opening is closed when it turns out to have opened.
void Client::drop_session(std::uint32_t session) {
  requests_.cancel(session);
  const auto found = std::ranges::find(sessions_, session, &Session::id);
  CHECK(found != sessions_.end());
  if (found->stage != Stage::opening && !found->socket_gone)
    transmits_.close({.local = found->local});
  sessions_.erase(found);
}

}  // namespace tickover::turn
