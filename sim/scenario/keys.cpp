#include "sim/scenario/keys.h"

#include <algorithm>

namespace tickover::sim {
namespace {

using enum ValueType;

constexpr std::int64_t any_sign = std::numeric_limits<std::int64_t>::min();

Keys joined(Keys first, const Keys& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

KeySpec required(KeySpec key) {
  key.required = true;
  return key;
}

KeySpec name_key(std::string help) {
  return {.name = "name", .type = text, .help = std::move(help), .required = true};
}

Keys match_keys() {
  return {
      {.name = "from", .type = host, .help = "the sender, or the NAT before it; any if absent"},
      {.name = "to", .type = host, .help = "the receiver, or the NAT before it; any if absent"},
      {.name = "message",
       .type = text,
       .help = "the kind, such as \"Refresh\" or \"Refresh success\"; any if absent"},
      {.name = "transaction",
       .type = integer,
       .help = "which transaction of that kind on that link, from 1; 0: answers to nothing known; "
               "all if absent"},
      {.name = "copy",
       .type = integer,
       .help = "which copy within its transaction, from 1; all if absent",
       .least = 1},
  };
}

}  // namespace

const Keys& scenario_keys() {
  static const Keys keys = {
      {.name = "format",
       .type = integer,
       .help = "the version of this format, 1",
       .required = true,
       .fixed = true,
       .least = 1,
       .most = 1},
      {.name = "duration",
       .type = duration,
       .help = "how long a run lasts at most (1min)",
       .least = 1},
      {.name = "seed", .type = seed, .help = "pins the file to one seed"},
      {.name = "icmp",
       .type = flag,
       .help = "whether the network tells by ICMP what it cannot deliver (false)"},
      {.name = "caught-by",
       .type = text,
       .help = "for a scenario that must fail: the oracle that catches it, or \"expect\""},
      {.name = "template",
       .type = named_tables,
       .help = "[template.NAME]: what tables with `like = \"NAME\"` say unless they say otherwise"},
      {.name = "host",
       .type = tables,
       .help = "a machine and where it lives",
       .children = host_keys()},
      {.name = "nat",
       .type = tables,
       .help = "a NAT that hosts are behind",
       .children = nat_keys()},
      {.name = "link",
       .type = tables,
       .help = "the conditions of the path between two ends",
       .children = link_keys()},
      {.name = "traffic",
       .type = tables,
       .help = "application data from one host to another",
       .children = traffic_keys()},
      {.name = "fault",
       .type = tables,
       .help = "one thing that goes wrong",
       .children = fault_keys()},
      {.name = "expect", .type = table, .help = "what must hold", .children = expect_keys()},
      {.name = "found",
       .type = table,
       .help = "what a saved failure was, for replay to compare with",
       .children = found_keys()},
  };
  return keys;
}

const Keys& host_keys() {
  static const Keys keys = {
      name_key("one word, by which links, faults and expectations call it"),
      {.name = "role", .type = text, .help = "which machine runs there", .required = true},
      like_key(),
      {.name = "address",
       .type = addresses,
       .help = "its IP addresses; one IPv4 address is given if absent"},
      {.name = "count",
       .type = integer,
       .help = "so many hosts, NAME-1 to NAME-count, their addresses counted on",
       .fixed = true,
       .least = 1,
       .most = most_group_members},
      {.name = "group",
       .type = texts,
       .help = "names of groups that it belongs to; who names a group means each of its hosts"},
      {.name = "nat",
       .type = text_or_table,
       .help = "the name of a [[nat]], or a NAT of its own",
       .children = nat_shorthand_keys()},
      {.name = "driver",
       .type = text_or_table,
       .help = "when the host is woken (lazy: when it asks for it)",
       .children = driver_keys(),
       .choices = {"lazy"}},
      {.name = "clock", .type = table, .help = "how its clocks differ", .children = clock_keys()},
      {.name = "start", .type = duration, .help = "when it comes up (0s)"},
  };
  return keys;
}

const Keys& driver_keys() {
  static const Keys keys = {
      {.name = "ticking",
       .type = duration,
       .help = "woken at each deadline and once per this period",
       .least = 1},
      {.name = "oversleeping", .type = duration, .help = "woken late by up to this"},
  };
  return keys;
}

const Keys& clock_keys() {
  static const Keys keys = {
      {.name = "offset",
       .type = duration,
       .help = "of the monotonic clock at the start",
       .least = any_sign},
      {.name = "drift-ppm",
       .type = integer,
       .help = "how much faster it runs, in millionths",
       .fixed = true,
       .least = -most_drift_ppm,
       .most = most_drift_ppm},
      {.name = "wall-offset",
       .type = duration,
       .help = "how far its wall clock is ahead",
       .least = any_sign},
  };
  return keys;
}

const Keys& traffic_keys() {
  static const Keys keys = {
      {.name = "from", .type = host, .help = "the sender", .required = true},
      {.name = "to", .type = host, .help = "the receiver", .required = true},
      like_key(),
      {.name = "every", .type = duration, .help = "the time between two payloads (1s)", .least = 1},
      {.name = "size",
       .type = integer,
       .help = "bytes of a payload (100)",
       .least = least_traffic_size,
       .most = most_traffic_size},
      {.name = "start", .type = duration, .help = "when it begins (0s)"},
      {.name = "stop", .type = duration, .help = "when it ends; with the run if absent"},
  };
  return keys;
}

const Keys& fault_keys() {
  static const Keys keys = [] {
    const Keys ends = {{.name = "from", .type = host, .help = "one end", .required = true},
                       {.name = "to", .type = host, .help = "the other end", .required = true}};
    const KeySpec between = {
        .name = "between", .type = pair, .help = "the ends of the link", .required = true};
    const KeySpec by = {
        .name = "by", .type = duration, .help = "how much", .required = true, .least = any_sign};
    const KeySpec after = {.name = "after",
                           .type = duration,
                           .help = "how much later it comes; negative: earlier",
                           .least = any_sign};
    const KeySpec bit = {.name = "bit",
                         .type = integer,
                         .help = "which, from 0; drawn per packet if absent",
                         .fixed = true,
                         .most = most_datagram_size * 8};
    const KeySpec also = {.name = "also",
                          .type = texts,
                          .help = "how much later than the first up to two more copies come"};
    const KeySpec keep = {.name = "keep",
                          .type = integer,
                          .help = "how many bytes are left; drawn per packet if absent",
                          .fixed = true,
                          .most = most_datagram_size};
    const KeySpec bytes = {.name = "text", .type = text, .help = "the bytes that arrive"};
    const KeySpec of_host = {.name = "host", .type = host, .help = "whose clock", .required = true};
    return Keys{
        {.name = "at",
         .type = moment,
         .help = "when it begins, by the clock or after something; from the start if absent"},
        {.name = "every", .type = duration, .help = "again and again, so far apart", .least = 1},
        {.name = "sometimes", .type = probability, .help = "how likely a run has it at all"},
        {.name = "for", .type = duration, .help = "how long it lasts; to the end if absent"},
        like_key(),
        {.name = "partition", .type = pair, .help = "nothing passes between the two"},
        {.name = "block", .type = table, .help = "nothing passes one way", .children = ends},
        {.name = "drop", .type = table, .help = "lose these packets", .children = match_keys()},
        {.name = "delay",
         .type = table,
         .help = "these packets come later",
         .children = joined(match_keys(), {by})},
        {.name = "duplicate",
         .type = table,
         .help = "these packets come twice",
         .children = joined(match_keys(), {after, also})},
        {.name = "corrupt",
         .type = table,
         .help = "one bit of these packets is flipped",
         .children = joined(match_keys(), {bit})},
        {.name = "truncate",
         .type = table,
         .help = "these packets are cut short",
         .children = joined(match_keys(), {keep})},
        {.name = "forge",
         .type = table,
         .help = "bytes that nobody sent arrive",
         .children = joined(ends, {required(bytes)})},
        {.name = "reboot", .type = host, .help = "the host loses its state"},
        {.name = "nat-reset", .type = host, .help = "a NAT, or the one before a host, forgets"},
        {.name = "nat-flap", .type = host, .help = "other ports while it lasts, then the old ones"},
        {.name = "nat-move",
         .type = table,
         .help = "a NAT has another outside address",
         .children = {{.name = "nat", .type = host, .help = "or the host behind", .required = true},
                      {.name = "address", .type = addresses, .help = "one", .required = true}}},
        {.name = "suspend",
         .type = host,
         .help = "asleep, with its state; only its wall clock goes on"},
        {.name = "move",
         .type = table,
         .help = "a host has other addresses",
         .children = {{.name = "host", .type = host, .help = "who", .required = true},
                      {.name = "address", .type = addresses, .help = "the new ones; or no network"},
                      {.name = "nat", .type = text, .help = "the [[nat]] that it is behind then"},
                      {.name = "dead", .type = duration, .help = "with no address before (0s)"}}},
        {.name = "refuse",
         .type = table,
         .help = "the sender's system refuses to send these packets",
         .children = match_keys()},
        {.name = "wall-jump",
         .type = table,
         .help = "a wall clock is set",
         .children = {of_host, by}},
        {.name = "degrade",
         .type = table,
         .help = "other conditions on a link",
         .children = joined({between}, condition_keys())},
    };
  }();
  return keys;
}

const Keys& found_keys() {
  static const Keys keys = {
      {.name = "oracle", .type = text, .help = "what broke; of an expectation, its sentence"},
      {.name = "digest", .type = text, .help = "of the run up to there"},
      {.name = "version", .type = text, .help = "of the program"},
      {.name = "event", .type = seed, .help = "the number of the event"},
  };
  return keys;
}

KeySpec like_key() {
  return {
      .name = "like", .type = ValueType::text, .help = "the [template.NAME] that says the rest"};
}

const KeySpec* find_key(const Keys& keys, std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [name](const KeySpec& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace tickover::sim
