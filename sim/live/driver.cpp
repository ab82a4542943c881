#include "sim/live/driver.h"

#include "sim/live/driver_impl.h"
#include "sim/live/host.h"

namespace tickover::sim::live {
namespace {

constexpr Duration look_every = std::chrono::seconds(2);
/// Less than this is the clocks' own drift, or somebody who slews the wall clock.
constexpr Duration smallest_jump = std::chrono::milliseconds(500);

}  // namespace

// One change, then a full drain. -----------------------------------------------------------------

void Driver::Impl::drain() {
  while (const auto transmit = machine.poll_transmit(outbox.room())) {
    if (is_stopped) continue;
    if (const auto* each = std::get_if<Send>(&*transmit)) {
      send(*each, outbox.room().first(each->size));
    } else if (const auto* request = std::get_if<OpenSocket>(&*transmit)) {
      open(*request);
    } else {
      close(std::get<CloseSocket>(*transmit).local);
    }
  }
  while (const auto notice = machine.poll_event()) {
    tell([&](Observer& observer) { observer.told(self, *notice, changed_at); });
  }
  tell([&](Observer& observer) { observer.drained(self, changed_at); });
  if (!is_stopped) arm();
}

/// In the loop's next turn: a machine that asks again and again must not keep others waiting.
void Driver::Impl::answer_later(Input input) {
  answers.push_back(std::move(input));
  if (answer_posted) return;
  answer_posted = true;
  asio::post(loop.impl().context, [this, still = alive] {
    if (*still) answer();
  });
}

void Driver::Impl::answer() {
  answer_posted = false;
  std::swap(answers, being_answered);
  for (const Input& input : being_answered) {
    if (!is_stopped) give(input);
  }
  being_answered.clear();
}

void Driver::Impl::look_at_wall() {
  const Instant now = loop.now();
  const Duration offset = loop.wall_clock().since_epoch() - now.since_origin();
  const Duration jump = offset - wall_offset.value_or(offset);
  if (wall_offset && jump < smallest_jump && Duration{} - jump < smallest_jump) return;
  wall_offset = offset;
  give(WallClock{WallTime::at(now.since_origin() + offset)});
}

void Driver::Impl::look_at_host() {
  look_at_wall();
  auto present = local_addresses();
  if (is_stopped || addresses == present) return;
  addresses = present;
  give(AddressesChanged{std::move(present)});
  close_orphans();
}

/// A socket whose address is gone from the host gets nothing more, and sends from nowhere.
void Driver::Impl::close_orphans() {
  std::vector<Endpoint> orphans;
  for (const PortPointer& port : ports) {
    const IpAddress& ip = port->socket.local().ip;
    // Of 127.0.0.0/8 every address is here, though one of them alone is listed.
    const bool is_loopback = ip.family() == AddressFamily::ipv4 && ip.bytes()[0] == 127;
    const bool is_here =
        is_loopback || ip.is_unspecified() || std::ranges::binary_search(*addresses, ip);
    if (!is_here) orphans.push_back(port->socket.local());
  }
  for (const Endpoint& local : orphans) {
    if (find(local) == nullptr) continue;
    close(local);
    give(SocketClosed{local});
  }
}

void Driver::Impl::look_again() {
  look.expires_after(std::chrono::nanoseconds(look_every.count()));
  look.async_wait([this, still = alive](const boost::system::error_code& error) {
    if (error || !*still || is_stopped) return;
    look_at_host();
    look_again();
  });
}

// Time. ------------------------------------------------------------------------------------------

/// A timer that rings too early costs less than one that is set anew for every datagram.
void Driver::Impl::arm() {
  const auto timeout = machine.poll_timeout();
  if (!timeout || timeout->at >= armed_for) return;
  armed_for = timeout->at;
  deadline.expires_at(loop.impl().point_of(armed_for, loop.now()));
  deadline.async_wait([this, still = alive](const boost::system::error_code& error) {
    if (!error && *still) woken();
  });
}

void Driver::Impl::woken() {
  armed_for = Instant::never();
  if (is_stopped) return;
  look_at_wall();
  const auto timeout = machine.poll_timeout();
  if (!timeout || timeout->at > loop.now()) return arm();
  const Instant now = begin();
  tell([&](Observer& observer) { observer.woken(self, *timeout, now); });
  machine.handle_timeout(now);
  drain();
}

void Driver::Impl::stop() {
  flush();
  is_stopped = true;
  for (const PortPointer& port : ports) port->close();
  ports.clear();
  reserved.clear();
  flights.clear();
  answers.clear();
  deadline.cancel();
  flight_deadline.cancel();
  look.cancel();
}

// The driver. ------------------------------------------------------------------------------------

Driver::Driver(Loop& loop, AnyMachine machine, DriverOptions options)
    : impl_(std::make_unique<Impl>(*this, loop, std::move(machine), std::move(options))) {}

Driver::~Driver() {
  *impl_->alive = false;
  impl_->stop();
}

const std::string& Driver::name() const {
  return impl_->options.name;
}
Loop& Driver::loop() const {
  return impl_->loop;
}
const AnyMachine& Driver::machine() const {
  return impl_->machine;
}
const Driver::Counters& Driver::counters() const {
  return impl_->counters;
}
std::uint64_t Driver::changes() const {
  return impl_->changes;
}

std::vector<Endpoint> Driver::sockets() const {
  std::vector<Endpoint> open;
  for (const auto& port : impl_->ports) open.push_back(port->socket.local());
  return open;
}

bool Driver::is_idle() const {
  return impl_->ports.empty() && impl_->answers.empty() && impl_->flights.empty();
}

std::expected<Endpoint, int> Driver::reserve(const Endpoint& local) {
  auto socket = UdpSocket::open(local);
  if (!socket) return std::unexpected(socket.error());
  impl_->reserved.push_back(std::move(*socket));
  return impl_->reserved.back().local();
}

void Driver::become(AnyMachine machine) {
  CHECK(impl_->ports.empty());
  impl_->machine = std::move(machine);
}

void Driver::observe(Observer& observer) {
  impl_->options.observers.push_back(&observer);
}

void Driver::rename(std::string name) {
  impl_->options.name = std::move(name);
}

void Driver::impair(Passage& passage) {
  impl_->options.passage = &passage;
}

void Driver::start() {
  impl_->look_at_host();
  impl_->look_again();
}

bool Driver::command(const Command& command) {
  if (impl_->is_stopped) return false;
  const Instant now = impl_->begin();
  const bool accepted = impl_->machine.handle_command(command, now);
  impl_->tell([&](Observer& observer) { observer.commanded(*this, command, accepted, now); });
  impl_->drain();
  return accepted;
}

void Driver::stop() {
  impl_->stop();
}

AnyMachine& Driver::begin_change() {
  impl_->begin();
  return impl_->machine;
}
Instant Driver::changed_at() const {
  return impl_->changed_at;
}
void Driver::end_change() {
  impl_->drain();
}

}  // namespace tickover::sim::live
