// The loop: jump to the next event, apply one input, drain the host it touched, show the step.
#include "sim/world/world.h"

#include <algorithm>

#include "core/check.h"
#include "core/random.h"

namespace tickover::sim {
namespace {

/// A machine that is not empty after so many answers to one input talks without end.
constexpr std::size_t most_outputs = 100'000;

}  // namespace

World::World(std::shared_ptr<const Plan> plan, Oracles oracles, std::shared_ptr<const Fates> fates)
    : plan_(std::move(plan)), fates_(std::move(fates)), oracles_(std::move(oracles)) {
  std::vector<std::uint64_t> tie_breaks;
  for (const HostPlan& host : plan_->hosts) {
    hosts_.push_back(
        {.clock = host.clock, .addresses = host.info.addresses, .behind = host.behind});
    tie_breaks.push_back(scramble(mix(plan_->seed, host.key)));
  }
  deadlines_ = Deadlines(tie_breaks);
  nats_.resize(plan_->nats.size());
  names_.resize(plan_->directions.size());
  queues_.resize(plan_->directions.size());
  flows_.resize(plan_->flows.size());
  fault_active_.resize(plan_->faults.size());
  fault_waits_.resize(plan_->faults.size());
  fault_matches_.resize(plan_->faults.size());
  direction_faults_.resize(plan_->directions.size());
  schedule_scenario();
}

Instant World::next_time() const {
  const Instant timer = deadlines_.earliest();
  return queue_.empty() ? timer : std::min(timer, queue_.top().time);
}

const Step& World::step() {
  const Instant timer = deadlines_.earliest();
  bool is_timer = queue_.empty();
  if (!is_timer) {
    const QueuedEvent& top = queue_.top();
    QueuedEvent wake_up{timer, 0};
    if (timer == top.time) {
      wake_up.order = QueuedEvent::order_of(QueuedEvent::Class::timer,
                                            deadlines_.tie_break(deadlines_.first()));
    }
    is_timer = timer != Instant::never() && wake_up.before(top);
  }
  if (is_timer) {
    CHECK(timer != Instant::never());
    now_ = timer;
    wake(deadlines_.first());
  } else {
    const QueuedEvent event = queue_.pop();
    now_ = event.time;
    apply(event);
  }
  record_in_digest();
  if (facts_) look_for_triggers();
  oracles_.observe(step_.value, *this);
  return step_.value;
}

void World::begin(StepKind kind, std::uint64_t cause) {
  Step& step = step_.value;
  std::vector<SentRecord> sent = std::move(step.sent);
  std::vector<SocketRecord> sockets = std::move(step.sockets);
  std::vector<Notice> notices = std::move(step.notices);
  std::vector<std::uint8_t> bytes = std::move(step.bytes);
  std::vector<ReplacedFate> replaced = std::move(step.replaced);
  replaced.clear();
  sent.clear();
  sockets.clear();
  notices.clear();
  step = Step{.number = ++steps_, .cause = cause, .time = now_, .kind = kind};
  step.sent = std::move(sent);
  step.sockets = std::move(sockets);
  step.notices = std::move(notices);
  step.bytes = std::move(bytes);
  step.replaced = std::move(replaced);
}

void World::apply(const QueuedEvent& event) {
  switch (event.event_class()) {
    case QueuedEvent::Class::fault:
      if (event.detail <= 1) {
        change_fault(event.index, event.detail == 0);
      } else {
        arrive_at(event.index, event.detail == 2);
      }
      break;
    case QueuedEvent::Class::start:
      start(event.index);
      break;
    case QueuedEvent::Class::socket:
      if (event.detail == 0) {
        answer(event.index);
      } else {
        hear_icmp(event.index);
      }
      break;
    case QueuedEvent::Class::delivery:
      arrive(event.index);
      break;
    case QueuedEvent::Class::command:
      run_flow(event.index, event.detail != 0);
      break;
    case QueuedEvent::Class::timer:
      CHECK(false);
  }
}

void World::wake(HostIndex index) {
  Host& host = hosts_[index];
  begin(StepKind::timer, host.deadline_cause);
  Step& step = step_.value;
  step.host = index;
  step.host_now = host.clock.read(now_);
  step.touched = true;
  step.deadline_before = host.deadline;
  if (host.deadline && host.deadline->at <= step.host_now) step.woken_for = host.deadline;
  host.machine.handle_timeout(step.host_now);
  drain(index);
}

void World::start(HostIndex index) {
  begin(StepKind::start, 0);
  Host& host = hosts_[index];
  const HostPlan& plan = plan_->hosts[index];
  const Instant host_now = host.clock.read(now_);
  step_.value.host = index;
  step_.value.host_now = host_now;
  // Of two reboots that overlap, the one that ends last starts the host, and only once.
  if (host.up || host.halts > 0 || is_held_down(index)) return;
  const RoleContext at_home = plan_->context(index, host.boots++, host_now);
  HostInfo self = plan.info;
  if (!host.addresses.empty()) self.addresses = host.addresses;  // it may have moved
  host.machine = plan.role->make({self, at_home.hosts, at_home.settings, at_home.random, host_now,
                                  at_home.first_random, at_home.first_boot});
  host.kind_names = host.machine.kind_names();
  host.up = true;
  // Two facts that every socket owner knows before it does anything.
  give(index, WallClock{host.clock.read_wall(now_)});
  give(index, AddressesChanged{host.addresses});
}

void World::answer(std::uint32_t index) {
  const SocketAnswer answer = answers_[index];
  begin(StepKind::socket, answer.cause);
  step_.value.host = answer.host;
  Host& host = hosts_[answer.host];
  step_.value.host_now = host.clock.read(now_);
  // The last answer in the table takes the free place, so the queue's index must follow; answers
  // are few and short-lived, so the table is emptied when all have been given instead.
  answers_[index].boot = no_index;
  if (std::ranges::all_of(answers_, [](const SocketAnswer& a) { return a.boot == no_index; })) {
    answers_.clear();
  }
  if (!host.up || host.boots != answer.boot) return;
  if (!is_up(answer.host)) {
    host.unheard.push_back(answer);
  } else {
    give(answer);
  }
}

void World::give(const SocketAnswer& answer) {
  switch (answer.kind) {
    case SocketAnswer::Kind::opened:
      return give(answer.host, SocketOpened{answer.request, answer.local});
    case SocketAnswer::Kind::refused:
      return give(answer.host, SocketRefused{answer.request});
    case SocketAnswer::Kind::send_refused:
      return give(answer.host, SendRefused{answer.local, answer.remote});
  }
}

void World::give(HostIndex index, const Input& input) {
  Host& host = hosts_[index];
  Step& step = step_.value;
  step.host = index;
  step.host_now = host.clock.read(now_);
  step.touched = true;
  step.deadline_before = host.deadline;
  host.machine.handle_input(input, step.host_now);
  drain(index);
}

void World::drain(HostIndex index) {
  Host& host = hosts_[index];
  Step& step = step_.value;
  std::size_t outputs = 0;
  // A start drains twice, and the bytes of both stay.
  std::size_t used = step.sent.empty() ? 0 : step.sent.back().offset + step.sent.back().size;
  for (; outputs < most_outputs; ++outputs) {
    if (step.bytes.size() < used + max_datagram_size) step.bytes.resize(used + max_datagram_size);
    const auto transmit = host.machine.poll_transmit(MutableBytes(step.bytes).subspan(used));
    if (!transmit) break;
    if (const auto* send = std::get_if<Send>(&*transmit)) {
      SentRecord record{.local = send->local, .remote = send->remote};
      record.offset = used;
      record.size = send->size;
      step.sent.push_back(record);
      used += send->size;
      this->transmit(index, *send);
    } else if (const auto* open = std::get_if<OpenSocket>(&*transmit)) {
      open_socket(index, *open);
    } else {
      close_socket(index, std::get<CloseSocket>(*transmit).local);
    }
  }
  for (; outputs < most_outputs; ++outputs) {
    const auto notice = host.machine.poll_event();
    if (!notice) break;
    const bool is_added = notice->kind == Notice::Kind::candidate_added;
    if (is_added || notice->kind == Notice::Kind::candidate_removed) {
      std::erase(host.announced, notice->local);
    }
    if (is_added) host.announced.push_back(notice->local);
    step.notices.push_back(*notice);
  }
  step.drained = outputs < most_outputs;
  arm(index);
}

void World::arm(HostIndex index) {
  Host& host = hosts_[index];
  const HostPlan& plan = plan_->hosts[index];
  const auto deadline = host.machine.poll_timeout();
  step_.value.deadline_after = deadline;
  if (deadline != host.deadline) {
    host.deadline = deadline;
    host.deadline_cause = steps_;
  }
  Instant wake_at = Instant::never();
  if (deadline) {
    // A deadline that is not later than now is a breach (BUGS P1); time must go on all the same.
    wake_at = std::max(host.clock.when(deadline->at), now_ + Duration::nanoseconds(1));
  }
  if (plan.driver == DriverKind::ticking) {
    const Duration every = plan.driver_every;
    const Instant tick = Instant::at(every * (now_.since_origin() / every + 1));
    wake_at = std::min(wake_at, tick);
  } else if (plan.driver == DriverKind::oversleeping && deadline) {
    // Keyed by simulated time: where the host's clock began must not matter (BUGS P20).
    const auto at = static_cast<std::uint64_t>(wake_at.since_origin().count());
    const auto most = static_cast<std::uint64_t>(plan.driver_every.count()) + 1;
    const std::uint64_t late = scale_below(scramble(mix(mix(plan_->seed, plan.key), at)), most);
    wake_at += Duration::nanoseconds(static_cast<std::int64_t>(late));
  }
  deadlines_.set(index, wake_at);
}

std::optional<Endpoint> World::reachable_at(HostIndex host) const {
  const HostPlan& plan = plan_->hosts[host];
  if (!hosts_[host].announced.empty()) return hosts_[host].announced.back();
  if (plan.role->port == 0 || hosts_[host].addresses.empty()) return {};
  return Endpoint{hosts_[host].addresses.front(), plan.role->port};
}

Endpoint World::as_found_by(HostIndex index, const Endpoint& remote) const {
  const Host& host = hosts_[index];
  const auto realm = plan_->hosts[index].nat64;
  const bool has_plain_sockets = plan_->hosts[index].role->port != 0;
  if (!has_plain_sockets || !realm || host.addresses.empty()) return remote;
  const auto is_same = [&](const IpAddress& ip) { return ip.family() == remote.family(); };
  if (std::ranges::any_of(host.addresses, is_same)) return remote;
  return Nat::seen_from(plan_->nats[*realm], {host.addresses.front()}, remote);
}

std::optional<Endpoint> World::reachable_at(HostIndex index, AddressFamily family) const {
  const Host& host = hosts_[index];
  const std::uint16_t port = plan_->hosts[index].role->port;
  if (!host.announced.empty() || port == 0) {
    const auto last = std::ranges::find(host.announced.rbegin(), host.announced.rend(), family,
                                        &Endpoint::family);
    return last == host.announced.rend() ? std::nullopt : std::optional(*last);
  }
  const auto own = std::ranges::find(host.addresses, family, &IpAddress::family);
  return own == host.addresses.end() ? std::nullopt : std::optional(Endpoint{*own, port});
}

std::optional<Endpoint> World::reachable_from(HostIndex from, HostIndex to) const {
  const auto usual = reachable_at(to);
  if (!usual || reachable_at(from, usual->family())) return usual;
  const bool is_ipv6 = usual->family() == AddressFamily::ipv6;
  const AddressFamily other = is_ipv6 ? AddressFamily::ipv4 : AddressFamily::ipv6;
  const auto instead = reachable_at(to, other);
  return instead && reachable_at(from, other) ? instead : usual;
}

void World::record_in_digest() {
  const Step& step = step_.value;
  const std::uint64_t host_key = step.host == no_index ? 0 : plan_->hosts[step.host].key;
  const auto header = static_cast<std::uint64_t>(step.kind) << 8 |
                      static_cast<std::uint64_t>(step.dropped) << 16 |
                      std::uint64_t{step.command_accepted} | std::uint64_t{step.fault_begins} << 1 |
                      std::uint64_t{step.flow} << 32;
  digest_.add(mix(static_cast<std::uint64_t>(step.time.since_origin().count()), host_key), header);
  if (step.kind == StepKind::fault) digest_.add(step.fault);
  if (step.kind == StepKind::icmp) {
    digest_.add(
        mix(stable_hash(step.icmp.local), stable_hash(step.icmp.remote)),
        std::uint64_t{step.icmp.data} << 16 | std::uint64_t{step.icmp.type} << 8 | step.icmp.code);
  }
  if (step.kind == StepKind::delivery || step.kind == StepKind::overhearing) {
    digest_.add(step.has_id ? step.id.hash(plan_->directions[step.id.direction].key) : 0,
                stable_hash(step.source));
    digest_.add(step.arrived_digest);
  }
  for (const SentRecord& sent : step.sent) {
    const std::uint64_t ends = mix(stable_hash(sent.local), stable_hash(sent.remote));
    const std::uint64_t sender = mix(host_key, ends);
    for (Digest* digest : {&digest_, &trace_}) {
      // Lost is lost: a run that is told all its losses by name is the same run.
      const bool is_lost = is_lost_on_link(sent.fate.dropped);
      const auto verdict =
          static_cast<std::uint64_t>(is_lost ? DropReason::loss : sent.fate.dropped);
      digest->add(sender ^ verdict, sent.payload_digest);
      digest->add(step.time);
    }
    const Fate& fate = sent.fate;
    digest_.add(static_cast<std::uint64_t>(fate.delay[0].count()),
                static_cast<std::uint64_t>(fate.delay[1].count()));
    digest_.add(fate.corrupt_bit, std::uint64_t{fate.copies} | std::uint64_t{fate.corrupted} << 8 |
                                      std::uint64_t{fate.congested} << 10);
    if (fate.truncated) digest_.add(fate.kept);
    for (std::uint8_t copy = 2; copy < fate.copies; ++copy) {
      digest_.add(static_cast<std::uint64_t>(fate.delay[copy].count()));
    }
  }
  for (const SocketRecord& socket : step.sockets) {
    digest_.add(stable_hash(socket.local), socket.open);
  }
  for (const Notice& notice : step.notices) {
    const std::uint64_t ends = mix(stable_hash(notice.local), stable_hash(notice.remote));
    const bool is_data = notice.kind == Notice::Kind::received;
    const std::uint64_t said = is_data ? Digest::of(notice.payload) : hash_text(notice.name);
    for (Digest* digest : {&digest_, &trace_}) {
      digest->add(mix(host_key, ends),
                  notice.number << 8 | static_cast<std::uint64_t>(notice.kind));
      digest->add(said, static_cast<std::uint64_t>(step.time.since_origin().count()));
    }
  }
}

bool World::same_state(const World& other) const {
  return plan_ == other.plan_ && now_ == other.now_ && steps_ == other.steps_ &&
         queue_ == other.queue_ && deadlines_ == other.deadlines_ && hosts_ == other.hosts_ &&
         nats_ == other.nats_ && names_ == other.names_ && queues_ == other.queues_ &&
         flights_ == other.flights_ && free_flights_ == other.free_flights_ &&
         answers_ == other.answers_ && told_ == other.told_ && free_told_ == other.free_told_ &&
         fault_waits_ == other.fault_waits_ && flows_ == other.flows_ &&
         fault_active_ == other.fault_active_ && fault_matches_ == other.fault_matches_ &&
         healed_ == other.healed_ && counts_ == other.counts_ && digest_ == other.digest_ &&
         trace_ == other.trace_;
}

}  // namespace tickover::sim
