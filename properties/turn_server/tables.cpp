#include <gtest/gtest.h>
// RapidCheck wants gtest before it.
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "core/flat_index.h"
#include "core/turn/server/deadline_heap.h"
#include "core/turn/server/port_pool.h"

namespace tickover::turn {
namespace {

using namespace std::chrono_literals;

Instant instant(int count) {
  return Instant::at(std::chrono::seconds(count));
}

/// (slot, value); a negative value removes it.
using Changes = std::vector<std::pair<std::uint32_t, int>>;

Changes any_changes() {
  return *rc::gen::container<Changes>(
      rc::gen::pair(rc::gen::inRange(0u, 20u), rc::gen::inRange(-4, 10)));
}

RC_GTEST_PROP(DeadlineHeap, names_the_earliest_deadline_and_of_equal_ones_the_lowest_slot, ()) {
  DeadlineHeap heap;
  std::map<std::uint32_t, Instant> expected;
  for (const auto& [slot, deadline] : any_changes()) {
    if (deadline >= 0) {
      heap.set(slot, instant(deadline));
      expected[slot] = instant(deadline);
    } else if (expected.erase(slot) > 0) {
      heap.remove(slot);
    }
    RC_ASSERT(heap.size() == expected.size());
    if (expected.empty()) {
      RC_ASSERT(heap.earliest() == Instant::never());
      continue;
    }
    const auto first = std::ranges::min_element(
        expected, [](const auto& a, const auto& b) { return a.second < b.second; });
    RC_ASSERT(heap.earliest_slot() == first->first);
    RC_ASSERT(heap.earliest() == first->second);
  }
}

RC_GTEST_PROP(DeadlineHeap, equals_whatever_holds_the_same_deadlines, ()) {
  DeadlineHeap heap;
  std::map<std::uint32_t, Instant> left;
  for (const auto& [slot, deadline] : any_changes()) {
    if (deadline >= 0) {
      heap.set(slot, instant(deadline));
      left[slot] = instant(deadline);
    } else if (left.erase(slot) > 0) {
      heap.remove(slot);
    }
  }
  DeadlineHeap rebuilt;
  for (const auto& [slot, deadline] : left) rebuilt.set(slot, deadline);
  RC_ASSERT(heap == rebuilt);
  rebuilt.set(21, instant(3));
  RC_ASSERT(!(heap == rebuilt));
}

// BUGS P12
RC_GTEST_PROP(FlatIndex, finds_what_is_in_it_and_nothing_else, ()) {
  FlatIndex<Endpoint> index;
  std::map<Endpoint, std::uint32_t> expected;
  for (const auto& [key, value] : any_changes()) {
    const Endpoint endpoint{IpAddress(), static_cast<std::uint16_t>(key)};
    const bool held = expected.contains(endpoint);
    if (value >= 0 && !held) {
      index.insert(endpoint, static_cast<std::uint32_t>(value));
      expected[endpoint] = static_cast<std::uint32_t>(value);
    } else if (value < 0 && held) {
      index.erase(endpoint);
      expected.erase(endpoint);
    }
    RC_ASSERT(index.size() == expected.size());
    for (std::uint16_t port = 0; port < 20; ++port) {
      const Endpoint asked{IpAddress(), port};
      const auto found = index.find(asked);
      RC_ASSERT(found.has_value() == expected.contains(asked));
      if (found) RC_ASSERT(*found == expected[asked]);
    }
  }
  FlatIndex<Endpoint> rebuilt;
  for (const auto& [key, value] : expected) rebuilt.insert(key, value);
  RC_ASSERT(index == rebuilt);
}

ServerConfig with_ports(std::uint16_t count) {
  return {.listen = {Endpoint::parse("192.0.2.1:50003").value()},
          .relay_addresses = {IpAddress::v4({192, 0, 2, 1}), IpAddress::v4({192, 0, 2, 2})},
          .first_relay_port = 50000,
          .last_relay_port = static_cast<std::uint16_t>(50000 + count - 1)};
}

// BUGS G16, P12
RC_GTEST_PROP(PortPool, gives_each_port_once_until_none_is_left, ()) {
  const auto count = *rc::gen::inRange<std::uint16_t>(1, 200);
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  PortPool pool(with_ports(count));
  std::set<Endpoint> taken;
  while (const auto endpoint = pool.take(AddressFamily::ipv4, random)) {
    RC_ASSERT(taken.insert(*endpoint).second);
    RC_ASSERT(endpoint->port >= 50000 && endpoint->port < 50000 + count);
  }
  // Two addresses, but for the port on which the server listens.
  const std::size_t own = count > 3 ? 1 : 0;
  RC_ASSERT(taken.size() == 2u * count - own);
  RC_ASSERT(!taken.contains(Endpoint::parse("192.0.2.1:50003").value()));
  const Endpoint back =
      *std::next(taken.begin(), *rc::gen::inRange(0, static_cast<int>(taken.size())));
  pool.release(back);
  RC_ASSERT(pool.take(AddressFamily::ipv4, random) == back);
  RC_ASSERT(!pool.take(AddressFamily::ipv6, random));
}

// PROTOCOL R12
TEST(PortPool, spreads_its_choice_over_the_whole_range) {
  PortPool pool(with_ports(10'000));
  Random random(1);
  std::set<int> thousands;
  for (int i = 0; i < 100; ++i) {
    const Endpoint endpoint = pool.take(AddressFamily::ipv4, random).value();
    thousands.insert((endpoint.port - 50000) / 1000);
  }
  EXPECT_EQ(thousands.size(), 10u);
}

}  // namespace
}  // namespace tickover::turn
