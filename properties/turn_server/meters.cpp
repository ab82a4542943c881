#include "properties/turn_server/bench.h"
// RapidCheck wants gtest before it.
#include <rapidcheck/gtest.h>

#include "core/turn/server/request_memory.h"
#include "core/turn/server/token_bucket.h"

namespace tickover::turn::bench {
namespace {

struct Attempt {
  Duration later;
  std::uint64_t amount = 0;
};

std::vector<Attempt> any_attempts() {
  std::vector<Attempt> attempts;
  const auto raw = *rc::gen::container<std::vector<std::pair<std::int64_t, std::uint64_t>>>(
      rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 3'000'000'000),
                    rc::gen::inRange<std::uint64_t>(0, 2'000)));
  for (const auto& [later, amount] : raw) {
    attempts.push_back({Duration::nanoseconds(later), amount});
  }
  return attempts;
}

// PROTOCOL R17
RC_GTEST_PROP(TokenBucket, lets_no_more_through_than_its_rate_and_one_burst_over_any_span, ()) {
  const Rate rate{*rc::gen::inRange<std::uint64_t>(1, 2'000),
                  *rc::gen::inRange<std::uint64_t>(1, 2'000)};
  TokenBucket bucket;
  Instant now = seconds(*rc::gen::inRange(-5, 5));
  std::vector<std::pair<Instant, std::uint64_t>> passed;
  for (const Attempt& attempt : any_attempts()) {
    now += attempt.later;
    if (!bucket.take(attempt.amount, rate, now)) continue;
    passed.emplace_back(now, attempt.amount);
    std::uint64_t sum = 0;
    for (std::size_t i = passed.size(); i-- > 0;) {
      sum += passed[i].second;
      const Int128 span = (now - passed[i].first).count();
      const Int128 allowed = span * rate.per_second + Int128{1'000'000'000} * rate.burst;
      RC_ASSERT(Int128{1'000'000'000} * sum <= allowed);
    }
  }
}

// PROTOCOL R17
RC_GTEST_PROP(TokenBucket, refuses_only_what_would_exceed_that_in_some_span, ()) {
  const Rate rate{*rc::gen::inRange<std::uint64_t>(1, 2'000),
                  *rc::gen::inRange<std::uint64_t>(1, 2'000)};
  TokenBucket bucket;
  Instant now = seconds(0);
  std::vector<std::pair<Instant, std::uint64_t>> passed;
  for (const Attempt& attempt : any_attempts()) {
    now += attempt.later;
    Int128 worst = Int128{1'000'000'000} * attempt.amount;  // with the empty span
    Int128 sum = attempt.amount;
    for (std::size_t i = passed.size(); i-- > 0;) {
      sum += passed[i].second;
      const Int128 span = (now - passed[i].first).count();
      worst = std::max(worst, Int128{1'000'000'000} * sum - span * rate.per_second);
    }
    const bool fits = worst <= Int128{1'000'000'000} * rate.burst;
    RC_ASSERT(bucket.take(attempt.amount, rate, now) == fits);
    if (fits) passed.emplace_back(now, attempt.amount);
  }
}

// PROTOCOL AB23, R17
TEST(TokenBucket, counts_exactly_at_the_ends_of_its_range) {
  const Rate most{10'000'000'000, 10'000'000'000};
  TokenBucket bucket;
  const Instant start = Instant::at(Duration::min());
  EXPECT_TRUE(bucket.take(10'000'000'000, most, start));
  EXPECT_FALSE(bucket.take(1, most, start));
  EXPECT_TRUE(bucket.take(10, most, start + Duration::nanoseconds(1)));
  EXPECT_FALSE(bucket.take(1, most, start + Duration::nanoseconds(1)));
  EXPECT_TRUE(bucket.take(10'000'000'000, most, Instant::never()));
  TokenBucket closed;
  EXPECT_FALSE(closed.take(1, {0, 0}, start));
}

FiveTuple tuple_of(int which) {
  return {relay_v4, {{IpAddress::v4({198, 51, 100, 1}), static_cast<std::uint16_t>(1 + which)}}};
}

// PROTOCOL AB12; BUGS P16
RC_GTEST_PROP(RequestMemory, holds_the_latest_that_are_young_enough_and_no_others, ()) {
  const auto capacity = *rc::gen::inRange<std::size_t>(0, 40);
  RequestMemory memory(capacity, 100s, Random(1));
  struct Known {
    std::uint64_t hash;
    Instant at;
  };
  std::vector<Known> all;
  Instant now = seconds(0);
  const auto pauses = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20));
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    now += std::chrono::seconds(pauses[i]);
    const auto hash = memory.hash(tuple_of(static_cast<int>(i % 3)), id_of(1, i), UserId{});
    memory.remember(hash, {.allocation = i, .granted = 600s, .at = now});
    all.push_back({hash, now});
    RC_ASSERT(memory.size() <= capacity);
    for (std::size_t j = 0; j < all.size(); ++j) {
      const bool kept = all.size() - j <= capacity && now < all[j].at + 100s;
      const auto found = memory.find(all[j].hash, now);
      RC_ASSERT(found.has_value() == kept);
      if (found) RC_ASSERT(found->allocation == j);
    }
  }
}

// PROTOCOL AB12
RC_GTEST_PROP(RequestMemory, names_users_tuples_and_ids_apart, (std::uint32_t a, std::uint32_t b)) {
  const RequestMemory memory(10, 100s, Random(1));
  const auto of = [&](int tuple, std::uint64_t id, int user) {
    return memory.hash(tuple_of(tuple), id_of(1, id), static_cast<UserId>(user));
  };
  RC_ASSERT(of(1, a, 0) == of(1, a, 0));
  RC_ASSERT((of(1, a, 0) == of(1, b, 0)) == (a == b));
  RC_ASSERT(of(1, a, 0) != of(2, a, 0));
  RC_ASSERT(of(1, a, 0) != of(1, a, 1));
  RC_ASSERT(RequestMemory(10, 100s, Random(2)).hash(tuple_of(1), id_of(1, a), UserId{}) !=
            of(1, a, 0));
}

}  // namespace
}  // namespace tickover::turn::bench
