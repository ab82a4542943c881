#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/scenario/value.h"

namespace tickover::sim {

/// The scenario format as data: the reader, its messages, the help texts and any schema follow
/// these tables. Roles add their own keys to those of a host.
using Keys = std::vector<KeySpec>;

const Keys& scenario_keys();  // the top level; the tables below are its children
const Keys& host_keys();      // without a role's
const Keys& nat_keys();
const Keys& nat_shorthand_keys();  // `nat = { … }` on a host
const Keys& driver_keys();
const Keys& clock_keys();
const Keys& link_keys();
const Keys& condition_keys();  // of a link, of one of its directions, of a degrade fault
const Keys& nested_condition_keys(std::string_view name);  // of a condition that is a table
const Keys& traffic_keys();
const Keys& fault_keys();
/// Which of them say what happens: a fault has exactly one.
const std::vector<std::string>& fault_actions();
const Keys& expect_keys();
const Keys& count_keys();
const Keys& budget_keys();
const Keys& fairness_keys();
const Keys& probability_keys();
const Keys& heal_keys();
const Keys& found_keys();

/// Of every table that can be like a template.
KeySpec like_key();

/// The entry of that name; null if there is none.
const KeySpec* find_key(const Keys& keys, std::string_view name);

/// Below which a payload cannot say its flow and number, and above which there is no room for what
/// a relay puts before it.
inline constexpr std::int64_t least_traffic_size = 16;
inline constexpr std::int64_t most_traffic_size = 60'000;
/// That UDP can carry.
inline constexpr std::int64_t most_datagram_size = 65'507;
inline constexpr std::int64_t most_group_members = 100'000;
inline constexpr std::int64_t most_drift_ppm = 900'000;
/// For which percentiles of a latency there are keys; the last is required.
inline constexpr std::array<std::uint32_t, 9> latency_percents = {0,  10, 25, 50, 75,
                                                                  90, 95, 99, 100};

}  // namespace tickover::sim
