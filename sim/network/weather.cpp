#include "sim/network/weather.h"

#include <algorithm>

#include "core/random.h"

namespace tickover::sim {
namespace {

std::uint64_t word_of(std::uint64_t key, std::int64_t index) {
  return scramble(mix(key, static_cast<std::uint64_t>(index)));
}

}  // namespace

Duration between(Duration low, Duration high, std::uint64_t word) {
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + Duration::nanoseconds(static_cast<std::int64_t>(scale_below(word, span)));
}

Duration delay_at(const Wander& wander, std::uint64_t key, Instant now) {
  if (wander.every <= Duration{}) return {};
  const std::int64_t period = now.since_origin() / wander.every;
  const Duration from = between(wander.low, wander.high, word_of(key, period));
  const Duration to = between(wander.low, wander.high, word_of(key, period + 1));
  const Duration into = now.since_origin() % wander.every;
  const Int128 part = static_cast<Int128>((to - from).count()) * into.count();
  return from + Duration::nanoseconds(static_cast<std::int64_t>(part / wander.every.count()));
}

/// A chain of two states in slots of time, read backwards. Each slot has one uniform word: a small
/// one makes the channel bad whatever it was, a large one makes it good, and any other leaves it.
/// So the last slot that decides is all that the state depends on.
bool is_bad_at(const BurstLoss& channel, std::uint64_t key, Instant now) {
  if (channel.bad <= Duration{}) return false;
  if (channel.good <= Duration{}) return true;
  constexpr std::int64_t slots_per_state = 8;
  constexpr int most_slots = 4'096;  // a slot decides nothing with a probability below 7/8
  const std::int64_t slot =
      std::max(std::min(channel.good, channel.bad).count() / slots_per_state, std::int64_t{1});
  const std::int64_t last = now.since_origin().count() / slot;
  const auto good = static_cast<std::uint64_t>(channel.good.count());
  const auto bad = static_cast<std::uint64_t>(channel.bad.count());
  const auto within = static_cast<std::uint64_t>(slot);
  for (int back = 0; back < most_slots; ++back) {
    const std::uint64_t word = word_of(key, last - back);
    if (scale_below(word, good) < within) return true;
    if (scale_below(~word, bad) < within) return false;
  }
  return false;
}

bool is_burst_at(const Bursts& bursts, std::uint64_t key, Instant now) {
  if (bursts.every <= Duration{}) return false;
  const std::int64_t period = now.since_origin() / bursts.every;
  const Duration into = now.since_origin() % bursts.every;
  const Duration length =
      std::min(between(bursts.low, bursts.high, word_of(mix(key, 1), period)), bursts.every);
  const Duration begin = between({}, bursts.every - length, word_of(mix(key, 2), period));
  return begin <= into && into < begin + length;
}

bool is_down_at(const Flap& flap, Instant now) {
  if (flap.down <= Duration{}) return false;
  return (now.since_origin() + flap.offset) % (flap.up + flap.down) >= flap.up;
}

const std::optional<Duration>& value_at(const Trace& trace, Instant now) {
  const std::int64_t step = (now.since_origin() + trace.offset) / trace.step;
  return trace.values[static_cast<std::size_t>(step) % trace.values.size()];
}

}  // namespace tickover::sim
