#include "core/turn/server/server.h"

#include <algorithm>

namespace tickover::turn {
namespace {

/// How long a listening socket stays away before it is tried again.
constexpr Duration listener_pause = std::chrono::seconds(5);

}  // namespace

std::string_view name(ServerTimer timer) {
  switch (timer) {
    case ServerTimer::allocation_expiry:
      return "allocation expiry";
    case ServerTimer::permission_expiry:
      return "permission expiry";
    case ServerTimer::channel_expiry:
      return "channel expiry";
    case ServerTimer::reservation_expiry:
      return "reservation expiry";
    case ServerTimer::opening_abandoned:
      return "opening abandoned";
    case ServerTimer::listener_retry:
      return "listener retry";
  }
  return "unknown";
}

Server::Server(ServerConfig config, Random random, Instant now)
    : config_(std::move(config)),
      authenticator_(config_, random.split(hash_text("credentials")), now),
      policy_(config_),
      ports_(config_),
      port_random_(random.split(hash_text("relay port"))),
      token_random_(random.split(hash_text("reservation token"))),
      id_random_(random.split(hash_text("transaction id"))),
      answer_budget_(config_, random.split(hash_text("answer budget"))),
      request_memory_(config_.max_remembered_requests, config_.nonce_lifetime,
                      random.split(hash_text("request memory"))) {
  CHECK(!config_.problem());
  config_.users.clear();
  config_.rest_secret.clear();
  for (const Endpoint& local : config_.listen) {
    listeners_.push_back({local});
    open_listener(listeners_.back());
  }
}

// Queries. -------------------------------------------------------------------------------------

std::vector<AllocationProbe> Server::allocations() const {
  std::vector<AllocationProbe> probes;
  allocations_.for_each([&](const Allocation& allocation) {
    if (!allocation.is_open()) return;
    allocation.for_each_relay([&](const Relay& relay) {
      probes.push_back({allocation.tuple, relay.address, allocation.username, relay.expiry,
                        relay.permissions.entries(), relay.channels.entries()});
    });
  });
  std::ranges::sort(probes, {}, [](const AllocationProbe& probe) {
    return std::pair(probe.tuple, probe.relayed.endpoint);
  });
  return probes;
}

bool Server::is_consistent() const {
  if (!allocations_.is_consistent() || !reservations_.is_consistent()) return false;
  std::size_t ports = reservations_.size();
  std::size_t waiting = 0;
  allocations_.for_each([&](const Allocation& allocation) {
    allocation.for_each_relay([&](const Relay&) { ++ports; });
    if (allocation.is_open()) return;
    for (const auto& relay : allocation.relays) {
      if (relay && relay->state == Relay::State::opening) ++waiting;
    }
    ports += allocation.opening->refused.size();
  });
  const auto awaited = [&](const PendingPort& pending) {
    if (!pending.waiting) return false;
    const auto slot = allocations_.find(*pending.waiting);
    if (!slot || allocations_.at(*slot).is_open()) return false;
    return std::ranges::any_of(allocations_.at(*slot).relays, [&](const auto& relay) {
      return relay && relay->state == Relay::State::opening &&
             relay->address.endpoint == pending.local;
    });
  };
  const auto orphaned = [](const PendingPort& pending) { return !pending.waiting; };
  return ports + pending_.size() == ports_.in_use() &&
         static_cast<std::size_t>(std::ranges::count_if(pending_, awaited)) == waiting &&
         waiting + static_cast<std::size_t>(std::ranges::count_if(pending_, orphaned)) ==
             pending_.size();
}

// Commands. ------------------------------------------------------------------------------------

std::expected<void, std::string> Server::set_users(std::span<const User> users, Instant now) {
  expire(now);
  if (const auto problem = problem_of(users)) return std::unexpected(*problem);
  authenticator_.set_users(users);
  return {};
}

// Verbs. ---------------------------------------------------------------------------------------

void Server::handle_input(const Input& input_value, Instant now) {
  // What expires at this very instant is gone before the input is looked at.
  expire(now);
  std::visit([&](const auto& value) { input(value, now); }, input_value);
}

void Server::handle_timeout(Instant now) {
  expire(now);
}

std::optional<Timeout> Server::poll_timeout() const {
  Timeout first{Instant::never(), {}};
  const Instant deadline = allocations_.earliest_deadline();
  if (deadline < first.at) {
    first = {deadline, name(allocations_.at(allocations_.earliest_slot()).timer())};
  }
  if (reservations_.earliest_expiry() < first.at) {
    first = {reservations_.earliest_expiry(), name(ServerTimer::reservation_expiry)};
  }
  for (const Listener& listener : listeners_) {
    if (listener.retry_at && *listener.retry_at < first.at) {
      first = {*listener.retry_at, name(ServerTimer::listener_retry)};
    }
  }
  if (first.at == Instant::never()) return {};
  return first;
}

// Time. ----------------------------------------------------------------------------------------

void Server::expire(Instant now) {
  // Each round removes something or moves a deadline past `now`, so this ends.
  while (allocations_.earliest_deadline() <= now) {
    const std::uint32_t slot = allocations_.earliest_slot();
    Allocation& allocation = allocations_.at(slot);
    if (!allocation.is_open()) {
      ++counters_.openings_abandoned;
      drop_opening(slot);
      continue;
    }
    for (const AddressFamily family : both_families) {
      Relay* relay = allocation.relay_for(family);
      if (relay != nullptr && now < relay->expiry) expire_relay(allocation, *relay, now);
    }
    allocations_.reschedule(slot);
    remove_relays(slot, Removal::expired, [&](AddressFamily family) {
      const Relay* relay = allocation.relay_for(family);
      return relay != nullptr && relay->expiry <= now;
    });
  }
  while (const auto gone = reservations_.expire(now)) {
    ports_.release(gone->port.endpoint);
    events_.push({.kind = ServerEvent::Kind::reservation_expired,
                  .relayed = gone->port,
                  .user = gone->username});
  }
  for (Listener& listener : listeners_) {
    if (listener.retry_at && *listener.retry_at <= now) open_listener(listener);
  }
}

void Server::expire_relay(const Allocation& allocation, Relay& relay, Instant now) {
  relay.channels.expire(now, [&](const ChannelTable::Channel& channel) {
    ServerEvent gone = event(ServerEvent::Kind::channel_expired, allocation, relay);
    gone.peer = PeerAddress{channel.peer};
    gone.channel = channel.number;
    events_.push(std::move(gone));
  });
  relay.permissions.expire(now, [&](const PermissionTable::Permission& permission) {
    ServerEvent gone = event(ServerEvent::Kind::permission_expired, allocation, relay);
    gone.peer = PeerAddress{{permission.ip, 0}};
    events_.push(std::move(gone));
  });
}

// Sockets. -------------------------------------------------------------------------------------

std::uint32_t Server::open_socket(const Endpoint& local) {
  transmits_.open({++last_request_, local});
  return last_request_;
}

void Server::open_listener(Listener& listener) {
  listener.retry_at.reset();
  listener.request = open_socket(listener.local);
}

void Server::lose_listener(Listener& listener, Instant now) {
  listener.request = 0;
  listener.is_open = false;
  listener.retry_at = now + listener_pause;
  events_.push({.kind = ServerEvent::Kind::listener_lost, .local = listener.local});
}

bool Server::listens_on(const Endpoint& local) const {
  return std::ranges::any_of(listeners_, [&](const Listener& listener) {
    return listener.is_open &&
           (listener.local == local ||
            listener.local == Endpoint{IpAddress::unspecified(local.family()), local.port});
  });
}

std::optional<Server::PendingPort> Server::take_pending(std::uint32_t request) {
  const auto at = std::ranges::find(pending_, request, &PendingPort::request);
  if (at == pending_.end()) return {};
  PendingPort pending = *at;
  pending_.erase(at);
  return pending;
}

void Server::remove_relay(std::uint32_t slot, AddressFamily family, Removal why) {
  using enum ServerEvent::Kind;
  const Relay gone = allocations_.end_relay(slot, family);
  const Allocation& allocation = allocations_.at(slot);
  CHECK(allocation.is_open());
  ports_.release(gone.address.endpoint);
  if (why != Removal::socket_gone) transmits_.close({gone.address.endpoint});
  events_.push(event(why == Removal::deleted   ? allocation_deleted
                     : why == Removal::expired ? allocation_expired
                                               : allocation_lost,
                     allocation, gone));
  if (!allocation.has_relay()) allocations_.remove(slot);
}

void Server::input(const SocketOpened& opened, Instant now) {
  for (Listener& listener : listeners_) {
    if (listener.request != opened.request || opened.request == 0) continue;
    listener.request = 0;
    listener.is_open = true;
    events_.push({.kind = ServerEvent::Kind::listening, .local = listener.local});
    return;
  }
  const auto pending = take_pending(opened.request);
  if (!pending) {
    ++counters_.unknown_socket;
  } else if (pending->waiting) {
    relay_opened(*allocations_.find(*pending->waiting), pending->local.family(), now);
  } else {
    transmits_.close({pending->local});
    ports_.release(pending->local);
  }
}

void Server::input(const SocketRefused& refused, Instant now) {
  for (Listener& listener : listeners_) {
    if (listener.request != refused.request || refused.request == 0) continue;
    return lose_listener(listener, now);
  }
  const auto pending = take_pending(refused.request);
  if (!pending) {
    ++counters_.unknown_socket;
  } else if (pending->waiting) {
    relay_refused(*allocations_.find(*pending->waiting), pending->local.family(), now);
  } else {
    ports_.release(pending->local);
  }
}

void Server::input(const SocketClosed& closed, Instant now) {
  if (const auto slot = allocations_.find(RelayedAddress{closed.local})) {
    const AddressFamily family = closed.local.family();
    if (allocations_.at(*slot).is_open()) return remove_relay(*slot, family, Removal::socket_gone);
    return relay_refused(*slot, family, now);
  }
  const auto listener = std::ranges::find(listeners_, closed.local, &Listener::local);
  if (listener != listeners_.end() && listener->is_open) return lose_listener(*listener, now);
  ++counters_.unknown_socket;
}

void Server::input(const Datagram& datagram, Instant now) {
  if (const auto slot = allocations_.find(RelayedAddress{datagram.local})) {
    return handle_peer_datagram(*slot, datagram, now);
  }
  if (!listens_on(datagram.local)) {
    ++counters_.unknown_socket;
  } else if (datagram.remote.port == 0 || datagram.payload.empty()) {
    ++counters_.not_turn;
  } else if (datagram.payload[0] < 4) {
    handle_stun(datagram, now);
  } else if (datagram.payload[0] >= 64 &&
             datagram.payload[0] < (config_.legacy_channel_numbers ? 128 : 80)) {
    // RFC 7983, section 7
    handle_channel_data(datagram, now);
  } else {
    ++counters_.not_turn;
  }
}

void Server::input(const IcmpError& error, Instant now) {
  // About our answers and what we relay to clients there is nothing to be done: a client that is
  // gone lets its allocation expire, and anybody can forge this.
  const auto slot = allocations_.find(RelayedAddress{error.local});
  if (!slot) {
    ++counters_.icmp_ignored;
    return;
  }
  handle_icmp(*slot, error, now);
}
void Server::input(const SendRefused&, Instant) {
  ++counters_.send_refused;
}
void Server::input(const AddressesChanged& changed, Instant) {
  policy_.set_host_addresses(changed.addresses);
}
// Only for users who expire.
void Server::input(const WallClock& clock, Instant now) {
  authenticator_.set_wall_clock(clock.wall, now);
}

ServerEvent Server::event(ServerEvent::Kind kind, const Allocation& allocation,
                          const Relay& relay) const {
  return {.kind = kind,
          .local = allocation.tuple.server,
          .client = allocation.tuple.client,
          .relayed = relay.address,
          .user = allocation.username};
}

}  // namespace tickover::turn
