// A machine that closes its socket and wants nothing more.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/transmit_queue.h"
#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::seconds;

constexpr std::uint16_t port = 9;

/// Listens for a second, closes its socket, sends from it all the same, and never wakes again.
class Quitter {
 public:
  using Event = Notice;

  explicit Quitter(const RoleContext& context) : local_{context.self.addresses.front(), port} {
    transmits_.open({0, local_});
  }
  void handle_input(const Input& input, Instant now) {
    if (std::holds_alternative<SocketOpened>(input)) quits_at_ = now + seconds(1);
    if (const auto* datagram = std::get_if<Datagram>(&input)) remote_ = datagram->remote;
  }
  void handle_timeout(Instant now) {
    ++wakes_;
    if (now < quits_at_) return;
    quits_at_ = Instant::never();
    transmits_.close({local_});
    transmits_.send({.local = local_, .remote = remote_}, Bytes{});
  }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (told_ == wakes_) return {};
    return Notice{.name = "woken", .number = ++told_};
  }
  std::optional<Timeout> poll_timeout() const {
    if (quits_at_ == Instant::never()) return {};
    return Timeout{quits_at_, "quit"};
  }

  bool operator==(const Quitter&) const = default;

 private:
  Endpoint local_;
  Endpoint remote_;
  Instant quits_at_ = Instant::never();
  std::uint64_t wakes_ = 0;
  std::uint64_t told_ = 0;
  TransmitQueue transmits_;
};
static_assert(Machine<Quitter>);

/// alice asks bob, who quits after a second of the two.
World quitting() {
  static const RoleRegistry roles = [] {
    RoleRegistry r = small_roles();
    r.add({.name = "quitter",
           .make = [](const RoleContext& context) { return AnyMachine(Quitter(context)); },
           .port = port});
    return r;
  }();
  Scenario s = small_talk();
  s.hosts[1].role = "quitter";
  return World(*make_plan(s, 1, roles), {});
}

TEST(Socket, that_was_closed_gets_nothing_and_cannot_send) {
  World world = quitting();
  const Record r = record(world);
  std::size_t refused = 0;
  for (const Record::Arrival& a : r.arrivals) {
    const bool is_open = a.at < Instant::at(seconds(1));
    EXPECT_EQ(a.dropped, is_open ? DropReason::none : DropReason::no_socket);
    refused += a.dropped == DropReason::no_socket;
  }
  EXPECT_GT(refused, 5u);
  EXPECT_EQ(r.dropped(DropReason::send_refused), 1u);
}

TEST(Deadlines, that_are_withdrawn_wake_nobody) {
  World world = quitting();
  Record r;
  EXPECT_EQ(run(world, {}, {&r}), StopReason::deadline);
  EXPECT_EQ(std::ranges::count(r.events, "bob woken 1"), 1);
  EXPECT_EQ(std::ranges::count(r.events, "bob woken 2"), 0);
}

}  // namespace
}  // namespace tickover::sim
