// What the system has to say to a host that sleeps waits until it wakes: nobody says it twice.
#include <gtest/gtest.h>

#include "core/transmit_queue.h"
#include "properties/world/small_world.h"

namespace tickover::sim {
namespace {

using std::chrono::milliseconds;

/// Opens port 7 after 100 ms, and tells what its system tells it, an address by its last byte.
class Listener {
 public:
  using Event = Notice;

  explicit Listener(const RoleContext& context)
      : local_{context.self.addresses.front(), 7}, opens_at_(context.now + milliseconds(100)) {}

  void handle_input(const Input& input, Instant) {
    if (const auto* closed = std::get_if<SocketClosed>(&input)) {
      tell("hears that a socket is closed", closed->local.ip);
    } else if (std::holds_alternative<SocketOpened>(input)) {
      tell("hears that a socket is open", local_.ip);
    } else if (const auto* changed = std::get_if<AddressesChanged>(&input)) {
      for (const IpAddress& ip : changed->addresses) tell("hears that it is at", ip);
    }
  }
  void handle_timeout(Instant now) {
    if (now < opens_at_) return;
    opens_at_ = Instant::never();
    transmits_.open({0, local_});
  }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() {
    if (notices_.empty()) return {};
    const Notice first = notices_.front();
    notices_.erase(notices_.begin());
    return first;
  }
  std::optional<Timeout> poll_timeout() const {
    if (opens_at_ == Instant::never()) return {};
    return Timeout{opens_at_, "open"};
  }

  bool operator==(const Listener& other) const {
    return opens_at_ == other.opens_at_ && notices_.size() == other.notices_.size() &&
           transmits_ == other.transmits_;
  }

 private:
  void tell(std::string_view what, const IpAddress& ip) {
    notices_.push_back({.name = what, .number = ip.bytes()[ip.size() - 1]});
  }

  Endpoint local_;
  Instant opens_at_;
  std::vector<Notice> notices_;
  TransmitQueue transmits_;
};
static_assert(Machine<Listener>);

/// What alice is told in a second, in which these things befall her.
std::vector<std::string> heard(std::vector<FaultSpec> faults) {
  static const RoleRegistry roles = [] {
    RoleRegistry r = small_roles();
    r.add({.name = "listener",
           .make = [](const RoleContext& context) { return AnyMachine(Listener(context)); }});
    return r;
  }();
  Scenario s;
  s.duration = Duration(std::chrono::seconds(1));
  s.hosts = {{.name = "alice", .role = "listener", .addresses = {IpAddress::v4({192, 0, 2, 10})}}};
  s.faults = std::move(faults);
  World world(*make_plan(s, 1, roles), {});
  return record(world).events;
}

const std::vector<std::string> before = {"alice hears that it is at 10",
                                         "alice hears that a socket is open 10"};

std::vector<std::string> then(std::vector<std::string> more) {
  more.insert(more.begin(), before.begin(), before.end());
  return more;
}

FaultSpec sleep(std::int64_t from, std::int64_t length) {
  return fault(milliseconds(from), milliseconds(length), Suspend{"alice"});
}
FaultSpec move(std::int64_t from, std::int64_t length) {
  return fault(milliseconds(from), milliseconds(length),
               Move{"alice", {IpAddress::v4({192, 0, 2, 77})}, "", Range<Duration>()});
}

// BUGS G9, G18
TEST(Sleep, ends_with_the_sockets_that_were_lost_in_it_and_the_addresses_that_came) {
  EXPECT_EQ(heard({}), before);
  // Awake, it hears of both moves; asleep, of where it is in the end, and of the socket once.
  EXPECT_EQ(heard({move(300, 100)}),
            then({"alice hears that a socket is closed 10", "alice hears that it is at 77",
                  "alice hears that it is at 10"}));
  EXPECT_EQ(heard({sleep(200, 300), move(300, 100)}),
            then({"alice hears that a socket is closed 10", "alice hears that it is at 10"}));
  EXPECT_EQ(heard({sleep(200, 300), move(300, 500)}),
            then({"alice hears that a socket is closed 10", "alice hears that it is at 77",
                  "alice hears that it is at 10"}));
}

// BUGS G9, G18
TEST(Sleep, ends_with_the_answers_that_came_in_it) {
  // It falls asleep in the instant in which it asks for its socket.
  EXPECT_EQ(heard({sleep(100, 300)}), before);
}

}  // namespace
}  // namespace tickover::sim
