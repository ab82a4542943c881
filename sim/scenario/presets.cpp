#include "sim/scenario/presets.h"

#include <array>

namespace tickover::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Range<Duration> ms(std::int64_t low, std::int64_t high) {
  return {Duration(milliseconds(low)), Duration(milliseconds(high))};
}
Range<Duration> s(std::int64_t low, std::int64_t high) {
  return {Duration(seconds(low)), Duration(seconds(high))};
}
Range<std::int64_t> mbit(std::int64_t low, std::int64_t high) {
  return {low * 1'000'000, high * 1'000'000};
}
LatencyPoint point(std::uint32_t percent, std::int64_t milliseconds_of_it) {
  return {percent, Duration(milliseconds(milliseconds_of_it))};
}

/// Fibre or cable: one-way halves of the medians (some 10 to 30 ms) and the loss that the FCC's
/// Measuring Broadband America reports give for fixed lines.
LinkConditions wired() {
  LinkConditions c;
  c.latency = ms(5, 15);
  c.jitter = ms(0, 1);
  c.loss = Range<Ratio>(Ratio(1, 10'000));
  c.bandwidth = mbit(50, 100);
  c.mtu = Range<std::int64_t>(1'500);
  return c;
}

/// One access point to oneself. The rate is that of the Wi-Fi preset of Apple's Network Link
/// Conditioner; jitter and loss are our choice: retransmissions on the air hide most of the loss.
LinkConditions wifi() {
  LinkConditions c;
  c.latency = ms(5, 20);
  c.jitter = ms(0, 10);
  c.loss = Range<Ratio>(Ratio(1, 1'000));
  c.bandwidth = mbit(33, 33);
  c.mtu = Range<std::int64_t>(1'500);
  return c;
}

/// Many stations on one channel: waits for the air grow a long tail, and contention loses packets
/// in bursts, as Gilbert and Elliott's model has it. The numbers are our choice.
LinkConditions crowded_wifi() {
  LinkConditions c;
  c.percentiles = {point(0, 5), point(50, 20), point(90, 80), point(99, 250), point(100, 600)};
  c.loss = Range<Ratio>(Ratio(1, 100));
  c.burst_loss = BurstLossSpec{
      .good = s(5, 20), .bad = ms(100, 500), .loss_good = Ratio(0, 1), .loss_bad = Ratio(1, 2)};
  c.bandwidth = mbit(2, 5);
  c.queue_packets = Range<std::int64_t>(100);
  c.mtu = Range<std::int64_t>(1'500);
  return c;
}

/// Apple's Network Link Conditioner: 50 ms down, 65 ms up, 10 Mbit/s up. The tail of handovers and
/// the wander of the scheduler are our choice.
LinkConditions lte() {
  LinkConditions c;
  c.percentiles = {point(0, 30), point(50, 50), point(95, 100), point(99, 200), point(100, 500)};
  c.wander = WanderSpec{.by = ms(0, 15), .every = s(2, 5)};
  c.loss = Range<Ratio>(Ratio(1, 1'000));
  c.bandwidth = mbit(10, 10);
  c.mtu = Range<std::int64_t>(1'430);
  return c;
}

/// Apple's Network Link Conditioner: 100 ms each way, 330 kbit/s up. The wander and the loss are
/// our choice; the deep queue is what such links are known for.
LinkConditions third_generation() {
  LinkConditions c;
  c.latency = ms(100, 150);
  c.jitter = ms(0, 50);
  c.wander = WanderSpec{.by = ms(0, 150), .every = s(2, 10)};
  c.loss = Range<Ratio>(Ratio(1, 200));
  c.bandwidth = Range<std::int64_t>(330'000);
  c.queue_packets = Range<std::int64_t>(50);
  c.mtu = Range<std::int64_t>(1'430);
  return c;
}

/// Geostationary: 239.6 to 279 ms one way by distance alone (RFC 2488, section 2). Rain fades are
/// bursts; their numbers and the rate are our choice.
LinkConditions satellite() {
  LinkConditions c;
  c.latency = ms(240, 280);
  c.jitter = ms(0, 20);
  c.loss = Range<Ratio>(Ratio(1, 500));
  c.bursts = BurstsSpec{.every = Duration(minutes(10)), .length = ms(200, 2'000)};
  c.bandwidth = mbit(3, 3);
  c.mtu = Range<std::int64_t>(1'500);
  return c;
}

/// Wi-Fi behind a portal: nothing passes until somebody has signed in, and then for a long time all
/// does. The numbers are our choice.
LinkConditions captive_portal() {
  LinkConditions c = wifi();
  const Duration a_day = hours(24);
  c.flap = FlapSpec{.up = a_day, .down = s(20, 90), .offset = a_day};
  return c;
}

/// A phone in a train: a cell that comes and goes, and a tunnel every few minutes. The numbers are
/// our choice.
LinkConditions lossy_train() {
  LinkConditions c = lte();
  c.percentiles.clear();
  c.latency = ms(50, 80);
  c.wander = WanderSpec{.by = ms(0, 300), .every = s(3, 8)};
  c.burst_loss = BurstLossSpec{.good = s(10, 30),
                               .bad = ms(300, 1'500),
                               .loss_good = Ratio(1, 100),
                               .loss_bad = Ratio(9, 10)};
  c.bursts = BurstsSpec{.every = Duration(minutes(4)), .length = s(2, 20)};
  c.bandwidth = mbit(1, 4);
  return c;
}

struct Preset {
  std::string_view name;
  LinkConditions (*make)();
};
constexpr std::array<Preset, 8> presets{{{"wired", wired},
                                         {"wifi", wifi},
                                         {"crowded-wifi", crowded_wifi},
                                         {"lte", lte},
                                         {"3g", third_generation},
                                         {"satellite", satellite},
                                         {"captive-portal", captive_portal},
                                         {"lossy-train", lossy_train}}};

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets) names.emplace_back(preset.name);
  return names;
}

LinkConditions preset_conditions(std::string_view name) {
  for (const Preset& preset : presets) {
    if (preset.name == name) return preset.make();
  }
  return {};
}

}  // namespace tickover::sim
