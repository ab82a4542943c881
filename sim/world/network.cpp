// How datagrams leave a host, cross NATs and links, and arrive; and the sockets they go between.
#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/random.h"
#include "sim/world/orders.h"
#include "sim/world/world.h"

namespace tickover::sim {
namespace {

/// Between sockets of one host, and through a NAT back to the inside.
constexpr Duration local_delay = std::chrono::microseconds(1);
constexpr std::size_t deepest_nat = 8;

}  // namespace

void World::transmit(HostIndex host, const Send& send) {
  Step& step = step_.value;
  SentRecord& record = step.sent.back();
  ++counts_.sent;
  record.payload_digest = Digest::of(step.payload(record));
  Endpoint source = send.local;
  NodeIndex from = plan_->node_of_host(host);
  std::optional<std::uint32_t> realm = hosts_[host].behind;
  Endpoint inside = source;  // before the last NAT
  Endpoint remote = send.remote;
  std::optional<NodeIndex> to;
  std::vector<std::pair<std::uint32_t, Nat>> untouched;  // the NATs as they were
  const auto drop = [&](DropReason reason) {
    record.fate.dropped = reason;
    record.seen_source = source;
    record.seen_remote = remote;
    ++counts_.dropped;
  };
  const bool has_source = plan_->hosts[host].role->spoofs ||
                          std::ranges::binary_search(hosts_[host].sockets, send.local);
  if (!has_source || send.local.family() != send.remote.family()) {
    push_answer({SocketAnswer::Kind::send_refused, host, 0, 0, send.local, send.remote});
    return drop(DropReason::send_refused);
  }
  // Outwards through the NATs until the destination lies in the realm that was reached.
  while (!(to = owner(realm, remote.ip))) {
    if (!realm) {
      tell_sender(Trouble::no_route, host, send);
      return drop(DropReason::no_route);
    }
    const NatPlan& nat = plan_->nats[*realm];
    if (plan_->has_refusals) untouched.emplace_back(*realm, nats_[*realm]);
    const auto outside = nats_[*realm].outbound(nat, plan_->seed, source, remote, now_);
    if (!outside) return drop(DropReason::nat_exhausted);
    inside = std::exchange(source, outside->source);
    remote = outside->remote;
    from = plan_->node_of_nat(*realm);
    realm = nat.behind;
  }
  record.seen_source = source;
  record.seen_remote = remote;
  if (*to == from) {
    const Node& node = plan_->nodes[from];
    if (node.is_nat && !plan_->nats[node.index].hairpinning) return drop(DropReason::nat_filter);
    const bool is_translated = inside.family() != remote.family();  // then REQ-9 is kept
    if (node.is_nat && plan_->nats[node.index].hairpins_inside && !is_translated) {
      record.seen_source = inside;
    }
    record.fate.copies = 1;
    record.fate.delay[0] = local_delay;
    return launch(host, send, record, *to);
  }
  const std::uint32_t direction = plan_->direction(from, *to);
  if (direction == no_index) return drop(DropReason::no_route);
  const DirectionPlan& link = plan_->directions[direction];
  const Label label = hosts_[host].machine.label(step.payload(record));
  record.id = names_[direction].name(direction, label, names_[direction ^ 1u]);
  record.has_id = true;
  ConditionsNow conditions(link.conditions);
  const Orders orders = orders_for(direction, host, record.id, conditions);
  if (orders.refuse) {
    // Only the fault knows of what it keeps from leaving; the NATs have never seen it.
    for (auto& [nat, before] : untouched) nats_[nat] = std::move(before);
    push_answer({SocketAnswer::Kind::send_refused, host, 0, 0, send.local, send.remote});
    return drop(DropReason::send_refused);
  }
  record.fate = decide_fate(*conditions, orders, crossing_of(direction, send, record));
  choose_bit(record.fate, orders, record.size);
  drive(record);
  if (!link.eavesdroppers.empty()) overhear(host, send, record);
  if (record.fate.dropped == DropReason::too_big) {
    tell_by_icmp(Trouble::too_big, direction, source, remote, record.id.hash(link.key));
  }
  if (record.fate.dropped != DropReason::none) return drop(record.fate.dropped);
  launch(host, send, record, *to);
}

void World::drive(SentRecord& record) {
  if (!fates_) return;
  const Fate* known = fates_->find(record.id);
  if (known == nullptr || *known == record.fate) return;
  step_.value.replaced.push_back(
      {static_cast<std::uint32_t>(step_.value.sent.size() - 1), record.fate});
  record.fate = *known;
  // Two datagrams of one name may differ in size.
  const auto size = static_cast<std::uint32_t>(record.size);
  if (record.fate.truncated) record.fate.kept = std::min(record.fate.kept, size);
  if (record.fate.corrupted && size > 0) record.fate.corrupt_bit %= std::uint64_t{size} * 8;
}

Crossing World::crossing_of(std::uint32_t direction, const Send& send, const SentRecord& record) {
  Crossing crossing = sim::crossing_of(*plan_, record.id, record.seen_remote.family());
  crossing.now = now_;
  crossing.size = static_cast<std::uint32_t>(record.size);
  crossing.dont_fragment = send.dont_fragment;
  crossing.is_ecn_capable = send.ecn != Ecn::not_ect;
  crossing.queue = &queues_[direction];
  return crossing;
}

/// What `host` sent, as it left.
World::Flight& World::carry(HostIndex host, const Send& send, const SentRecord& record,
                            std::uint32_t index) {
  const Bytes payload = step_.value.payload(record);
  Flight& flight = flights_[index];
  flight.bytes.assign(payload.begin(), payload.end());
  flight.digest = record.payload_digest;
  flight.source = record.seen_source;
  flight.destination = record.seen_remote;
  flight.sender = host;
  flight.has_id = record.has_id;
  flight.id = record.id;
  flight.cause = steps_;
  flight.sent_at = now_;
  flight.ecn = send.ecn;
  flight.dont_fragment = send.dont_fragment;
  flight.hop_limit = send.hop_limit;
  return flight;
}

void World::deliver_at(Instant at, std::uint64_t order, std::uint32_t index) {
  queue_.push(
      {at, QueuedEvent::order_of(QueuedEvent::Class::delivery, scramble(order)), 0, index, 0});
  ++counts_.in_flight;
}

void World::launch(HostIndex host, const Send& send, const SentRecord& record, NodeIndex node) {
  for (std::uint8_t copy = 0; copy < record.fate.copies; ++copy) {
    const std::uint32_t index = new_flight();
    Flight& flight = carry(host, send, record, index);
    if (record.fate.corrupted && !flight.bytes.empty()) {
      const std::uint64_t bit = record.fate.corrupt_bit;
      flight.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    }
    if (record.fate.truncated) flight.bytes.resize(record.fate.kept);
    if (record.fate.is_bent()) flight.digest = Digest::of(flight.bytes);
    if (record.fate.congested) flight.ecn = Ecn::ce;
    flight.node = node;
    flight.copy_of_network = copy;
    flight.origin = step_.value.origin;
    const std::uint64_t key = record.has_id
                                  ? record.id.hash(plan_->directions[record.id.direction].key)
                                  : plan_->hosts[host].key;
    deliver_at(now_ + record.fate.delay[copy], mix(mix(plan_->seed, key), copy), index);
    if (copy > 0) ++counts_.duplicated;
  }
}

void World::overhear(HostIndex host, const Send& send, const SentRecord& record) {
  const DirectionPlan& link = plan_->directions[record.id.direction];
  for (const HostIndex eavesdropper : link.eavesdroppers) {
    const std::uint32_t index = new_flight();
    carry(host, send, record, index).eavesdropper = eavesdropper;
    const std::uint64_t key = mix(record.id.hash(link.key), plan_->hosts[eavesdropper].key);
    deliver_at(now_, mix(plan_->seed, key), index);
    ++counts_.overheard;
  }
}

void World::arrive(std::uint32_t index) {
  const Flight& flight = flights_[index];
  const bool is_overheard = flight.eavesdropper != no_index;
  begin(is_overheard ? StepKind::overhearing : StepKind::delivery, flight.cause);
  show_arrival(index);
  if (is_overheard) {
    step_.value.host = flight.eavesdropper;
    if (!is_up(flight.eavesdropper)) step_.value.dropped = DropReason::host_down;
  } else {
    find_receiver(flight);
  }
  if (step_.value.dropped != DropReason::none) {
    ++counts_.dropped;
    const bool is_closed = step_.value.dropped == DropReason::no_socket ||
                           step_.value.dropped == DropReason::nat_mapping;
    if (is_closed && flight.has_id && !is_overheard) {
      const std::uint64_t key = flight.id.hash(plan_->directions[flight.id.direction].key);
      tell_by_icmp(Trouble::no_port, flight.id.direction, flight.source, flight.destination,
                   mix(key, flight.copy_of_network));
    }
  } else {
    ++counts_.delivered;
    const Datagram datagram{step_.value.destination, step_.value.source, arrived_.value, flight.ecn,
                            flight.dont_fragment,    flight.hop_limit};
    give(step_.value.host, datagram);
  }
  free_flight(index);
}

void World::show_arrival(std::uint32_t index) {
  const Flight& flight = flights_[index];
  Step& step = step_.value;
  step.has_id = flight.has_id;
  step.id = flight.id;
  step.forged = flight.forged;
  step.sender = flight.sender;
  step.source = flight.source;
  step.destination = flight.destination;
  // What the host sends now may move or reuse the slots: the bytes stand elsewhere meanwhile.
  arrived_.value.swap(flights_[index].bytes);
  step.arrived = arrived_.value;
  step.arrived_digest = flight.digest;
  step.sent_at = flight.sent_at;
  step.copy_of_network = flight.copy_of_network;
  step.origin = flight.origin;
  --counts_.in_flight;
}

void World::find_receiver(const Flight& flight) {
  Step& step = step_.value;
  std::optional<NodeIndex> node = flight.node;
  for (std::size_t depth = 0; node && plan_->nodes[*node].is_nat; ++depth) {
    const std::uint32_t nat = plan_->nodes[*node].index;
    if (depth == deepest_nat) {
      step.dropped = DropReason::hop_limit;
      break;
    }
    const Nat::Inbound inbound =
        nats_[nat].inbound(plan_->nats[nat], step.destination, step.source, now_);
    if (inbound.refusal != Nat::Refusal::none) {
      step.dropped = inbound.refusal == Nat::Refusal::filtered ? DropReason::nat_filter
                                                               : DropReason::nat_mapping;
      break;
    }
    step.destination = inbound.inside;
    step.source = inbound.remote;
    node = owner(nat, inbound.inside.ip);
    if (!node) step.dropped = DropReason::no_route;
  }
  if (step.dropped == DropReason::none) {
    step.host = plan_->nodes[*node].index;
    const Host& host = hosts_[step.host];
    if (!host.up) {
      step.dropped = DropReason::host_down;
    } else if (host.halts > 0) {
      step.dropped = DropReason::halted;
    } else if (!std::ranges::binary_search(host.sockets, step.destination)) {
      step.dropped = DropReason::no_socket;
    }
  }
}

std::uint32_t World::new_flight() {
  if (free_flights_.empty()) {
    flights_.emplace_back();
    return static_cast<std::uint32_t>(flights_.size() - 1);
  }
  const std::uint32_t index = free_flights_.back();
  free_flights_.pop_back();
  return index;
}

void World::free_flight(std::uint32_t index) {
  // What it held last is no part of the state: equal worlds may have got here differently.
  std::vector<std::uint8_t> bytes = std::move(flights_[index].bytes);
  bytes.clear();
  flights_[index] = Flight{.bytes = std::move(bytes)};
  free_flights_.push_back(index);
}

void World::open_socket(HostIndex index, const OpenSocket& request) {
  Host& host = hosts_[index];
  SocketAnswer answer{.host = index, .request = request.request};
  Endpoint local = request.local;
  const auto own = std::ranges::find_if(host.addresses, [&](const IpAddress& ip) {
    return local.ip.is_unspecified() ? ip.family() == local.ip.family() : ip == local.ip;
  });
  if (own != host.addresses.end()) {
    local.ip = *own;
    const auto taken = [&](const Endpoint& e) {
      return std::ranges::binary_search(host.sockets, e);
    };
    if (local.port == 0) {
      constexpr std::uint64_t first_port = 49152;
      constexpr std::uint64_t ports = 65536 - first_port;
      const std::uint64_t key = mix(mix(plan_->seed, plan_->hosts[index].key), host.opened++);
      const std::uint64_t start = scale_below(scramble(key), ports);
      for (std::uint64_t i = 0; i < ports && (local.port == 0 || taken(local)); ++i) {
        local.port = static_cast<std::uint16_t>(first_port + (start + i) % ports);
      }
    }
    if (!taken(local)) {
      host.sockets.insert(std::ranges::lower_bound(host.sockets, local), local);
      answer.kind = SocketAnswer::Kind::opened;
      answer.local = local;
      step_.value.sockets.push_back({true, local});
    }
  }
  push_answer(answer);
}

void World::push_answer(SocketAnswer answer) {
  answer.boot = hosts_[answer.host].boots;
  answer.cause = steps_;
  const std::uint64_t key = mix(mix(plan_->seed, plan_->hosts[answer.host].key), answer.request);
  answers_.push_back(answer);
  queue_.push({now_, QueuedEvent::order_of(QueuedEvent::Class::socket, scramble(key)), 0,
               static_cast<std::uint32_t>(answers_.size() - 1), 0});
}

void World::close_socket(HostIndex index, const Endpoint& local) {
  auto& sockets = hosts_[index].sockets;
  const auto at = std::ranges::lower_bound(sockets, local);
  if (at == sockets.end() || *at != local) return;
  sockets.erase(at);
  step_.value.sockets.push_back({false, local});
}

}  // namespace tickover::sim
