#include <gtest/gtest.h>
// RapidCheck's bridge needs gtest first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sim/world/deadlines.h"
#include "sim/world/digest.h"
#include "sim/world/event_queue.h"
#include "sim/world/host_clock.h"

namespace tickover::sim {
namespace {

Duration ns(std::int64_t count) {
  return Duration::nanoseconds(count);
}

// --- EventQueue --------------------------------------------------------------------------------

RC_GTEST_PROP(EventQueue, gives_the_first_of_what_is_in_it_whatever_went_in_and_out, ()) {
  EventQueue queue;
  std::vector<QueuedEvent> reference;  // kept sorted, the plain way
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(-6, 8), rc::gen::inRange(0, 4)));
  std::uint64_t pushed = 0;
  for (const auto& [time, order] : steps) {
    if (time < 0) {
      if (reference.empty()) continue;
      const QueuedEvent first = queue.pop();
      RC_ASSERT(first == reference.front());
      reference.erase(reference.begin());
    } else {
      QueuedEvent event{Instant::at(ns(time)), static_cast<std::uint64_t>(order)};
      event.index = static_cast<std::uint32_t>(pushed);
      queue.push(event);
      event.sequence = pushed++;
      const auto later = [&](const QueuedEvent& e) { return event.before(e); };
      reference.insert(std::ranges::find_if(reference, later), event);
    }
    RC_ASSERT(queue.size() == reference.size());
    RC_ASSERT(queue.empty() || queue.top() == reference.front());
  }
}

TEST(EventQueue, orders_by_time_then_class_then_hash_then_schedule) {
  using Class = QueuedEvent::Class;
  const auto event = [](std::int64_t time, Class c, std::uint64_t hash, std::uint64_t sequence) {
    return QueuedEvent{Instant::at(ns(time)), QueuedEvent::order_of(c, hash), sequence};
  };
  const std::uint64_t high = ~std::uint64_t{0};
  const std::vector<QueuedEvent> sorted = {
      event(1, Class::command, high, 9),  event(2, Class::fault, high, 8),
      event(2, Class::start, high, 7),    event(2, Class::socket, high, 6),
      event(2, Class::delivery, 0, 5),    event(2, Class::delivery, high, 3),
      event(2, Class::delivery, high, 4), event(2, Class::timer, 0, 2),
      event(2, Class::command, 0, 1),     event(3, Class::fault, 0, 0)};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(sorted[i].before(sorted[j]), i < j) << i << " and " << j;
    }
  }
  EXPECT_EQ(sorted[0].event_class(), Class::command);
}

// --- Deadlines ---------------------------------------------------------------------------------

RC_GTEST_PROP(Deadlines, know_the_earliest_like_a_list_that_is_searched, ()) {
  const auto hosts = *rc::gen::inRange<std::uint32_t>(1, 20);
  std::vector<std::uint64_t> tie_breaks;
  for (std::uint32_t i = 0; i < hosts; ++i) {
    tie_breaks.push_back(*rc::gen::inRange<std::uint64_t>(0, 4));
  }
  Deadlines deadlines(tie_breaks);
  std::vector<Instant> reference(hosts, Instant::never());
  const auto changes = *rc::gen::container<std::vector<std::pair<std::uint32_t, int>>>(
      rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, hosts), rc::gen::inRange(-2, 6)));
  for (const auto& [host, time] : changes) {
    const Instant at = time < 0 ? Instant::never() : Instant::at(ns(time));
    deadlines.set(host, at);
    reference[host] = at;
    std::uint32_t first = 0;
    for (std::uint32_t i = 1; i < hosts; ++i) {
      if (std::pair(reference[i], tie_breaks[i]) < std::pair(reference[first], tie_breaks[first])) {
        first = i;
      }
    }
    RC_ASSERT(deadlines.earliest() == reference[first]);
    RC_ASSERT(deadlines.at(host) == at);
    if (reference[first] != Instant::never()) RC_ASSERT(deadlines.first() == first);
  }
}

TEST(Deadlines, are_never_without_hosts) {
  EXPECT_EQ(Deadlines().earliest(), Instant::never());
  EXPECT_EQ(Deadlines(std::vector<std::uint64_t>{}).earliest(), Instant::never());
}

// --- HostClock ---------------------------------------------------------------------------------

constexpr std::int64_t century = 3'155'760'000'000'000'000;

HostClock any_clock() {
  const auto offset = *rc::gen::inRange<std::int64_t>(0, century);
  const auto drift = *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(-500, 501),
                                     rc::gen::inRange<std::int64_t>(-999'999, 1'000'000));
  return {ns(offset), drift, Duration{}};
}

RC_GTEST_PROP(HostClock, is_woken_at_the_first_instant_that_reaches_its_deadline, ()) {
  const HostClock clock = any_clock();
  const Instant start = clock.read(Instant{});
  const Instant deadline = start + ns(*rc::gen::inRange<std::int64_t>(1, century / 1'000'000));
  const Instant at = clock.when(deadline);
  RC_ASSERT(clock.read(at) >= deadline);
  RC_ASSERT(clock.read(at - ns(1)) < deadline);
}

RC_GTEST_PROP(HostClock, never_runs_backwards, ()) {
  const HostClock clock = any_clock();
  const Instant a = Instant::at(ns(*rc::gen::inRange<std::int64_t>(0, century)));
  const Instant b = a + ns(*rc::gen::inRange<std::int64_t>(0, 1'000'000));
  RC_ASSERT(clock.read(a) <= clock.read(b));
  RC_ASSERT(clock.when(clock.read(a)) <= a);
}

RC_GTEST_PROP(HostClock, gains_exactly_its_drift, ()) {
  const auto drift = *rc::gen::inRange<std::int64_t>(-999'999, 1'000'000);
  const auto million_seconds = *rc::gen::inRange<std::int64_t>(1, 3'000);
  const HostClock clock(ns(7), drift, Duration{});
  const Duration elapsed = std::chrono::seconds(million_seconds * 1'000'000);
  const Duration gained = std::chrono::seconds(million_seconds * drift);
  RC_ASSERT(clock.read(Instant::at(elapsed)) == Instant::at(elapsed + gained + ns(7)));
}

TEST(HostClock, has_no_deadline_without_one) {
  EXPECT_EQ(HostClock().when(Instant::never()), Instant::never());
  EXPECT_EQ(HostClock(ns(5), -200, {}).when(Instant::never()), Instant::never());
  // A slow clock reaches the last readings only after the end of simulated time.
  EXPECT_EQ(HostClock({}, -999'999, {}).when(Instant::at(Duration::max() - ns(1))),
            Instant::never());
}

TEST(HostClock, reads_wall_time_from_its_epoch_offset_and_jumps) {
  HostClock clock(ns(99), 200, std::chrono::hours(1));
  const Instant t = Instant::at(std::chrono::seconds(5));
  const Duration start = HostClock::epoch + std::chrono::hours(1) + std::chrono::seconds(5);
  EXPECT_EQ(clock.read_wall(t), WallTime::at(start));
  const Instant monotonic = clock.read(t);
  clock.jump_wall(std::chrono::hours(-2));
  EXPECT_EQ(clock.read_wall(t), WallTime::at(start - std::chrono::hours(2)));
  EXPECT_EQ(clock.read(t), monotonic);
}

// --- Digest ------------------------------------------------------------------------------------

std::uint64_t digest_of_words(const std::vector<std::uint64_t>& words) {
  Digest digest;
  for (const std::uint64_t word : words) digest.add(word);
  return digest.value();
}

RC_GTEST_PROP(Digest, changes_with_any_bit_of_any_word, ()) {
  auto words = *rc::gen::nonEmpty<std::vector<std::uint64_t>>();
  const std::uint64_t before = digest_of_words(words);
  for (std::uint64_t& word : words) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      word ^= 1ull << bit;
      RC_ASSERT(digest_of_words(words) != before);
      word ^= 1ull << bit;
    }
  }
}

RC_GTEST_PROP(Digest, changes_with_any_bit_of_any_byte, ()) {
  auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(*rc::gen::inRange<std::size_t>(0, 70),
                                                              rc::gen::arbitrary<std::uint8_t>());
  const auto digest = [&] {
    Digest d;
    d.add(Bytes(bytes));
    return d.value();
  };
  const std::uint64_t before = digest();
  for (std::uint8_t& byte : bytes) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte = static_cast<std::uint8_t>(byte ^ (1u << bit));
      RC_ASSERT(digest() != before);
      byte = static_cast<std::uint8_t>(byte ^ (1u << bit));
    }
  }
  bytes.push_back(0);
  RC_ASSERT(digest() != before);
}

RC_GTEST_PROP(Digest, depends_on_the_order, ()) {
  auto words = *rc::gen::container<std::vector<std::uint64_t>>(
      *rc::gen::inRange<std::size_t>(2, 10), rc::gen::arbitrary<std::uint64_t>());
  const auto i = *rc::gen::inRange<std::size_t>(1, words.size());
  RC_PRE(words[i] != words[i - 1]);
  const std::uint64_t before = digest_of_words(words);
  std::swap(words[i], words[i - 1]);
  RC_ASSERT(digest_of_words(words) != before);
}

// A pair is added in one go, and yet each half must count, wherever it stands.
RC_GTEST_PROP(Digest, changes_with_any_bit_of_a_pair, ()) {
  const auto a = *rc::gen::arbitrary<std::uint64_t>();
  const auto b = *rc::gen::arbitrary<std::uint64_t>();
  std::set<std::uint64_t> seen;
  const auto add = [&](std::uint64_t x, std::uint64_t y) {
    Digest digest;
    digest.add(x, y);
    return seen.insert(digest.value()).second;
  };
  RC_ASSERT(add(a, b));
  for (unsigned bit = 0; bit < 64; ++bit) {
    RC_ASSERT(add(a ^ (1ull << bit), b));
    RC_ASSERT(add(a, b ^ (1ull << bit)));
  }
}

}  // namespace
}  // namespace tickover::sim
