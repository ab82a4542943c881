// The keys of a link and of its conditions.
#include "sim/scenario/keys.h"
#include "sim/scenario/presets.h"

namespace tickover::sim {
namespace {

using enum ValueType;

Keys percentile_keys() {
  Keys keys;
  for (const std::uint32_t percent : latency_percents) {
    keys.push_back({.name = "p" + std::to_string(percent),
                    .type = duration,
                    .help = std::to_string(percent) + " % of the packets take at most this",
                    .required = percent == 100,
                    .fixed = true});
  }
  return keys;
}

const Keys& wander_keys() {
  static const Keys keys = {
      {.name = "by", .type = duration, .help = "how much is added", .required = true},
      {.name = "every", .type = duration, .help = "how often it turns (1s)", .least = 1},
  };
  return keys;
}

const Keys& codel_keys() {
  static const Keys keys = {
      {.name = "target", .type = duration, .help = "how long packets may wait (5ms)", .least = 1},
      {.name = "interval",
       .type = duration,
       .help = "for how long they may wait longer than that (100ms)",
       .least = 1},
  };
  return keys;
}

const Keys& burst_loss_keys() {
  static const Keys keys = {
      {.name = "good", .type = duration, .help = "mean length of the good state (20s)", .least = 1},
      {.name = "bad", .type = duration, .help = "mean length of the bad state (500ms)", .least = 1},
      {.name = "loss-good", .type = probability, .help = "loss in the good state (0%)"},
      {.name = "loss-bad", .type = probability, .help = "loss in the bad state (100%)"},
  };
  return keys;
}

const Keys& bursts_keys() {
  static const Keys keys = {
      {.name = "every", .type = duration, .help = "one burst in each such period", .least = 1},
      {.name = "for", .type = duration, .help = "its length, drawn per burst"},
  };
  return keys;
}

const Keys& flap_keys() {
  static const Keys keys = {
      {.name = "up", .type = duration, .help = "how long it works (30s)", .least = 1},
      {.name = "down", .type = duration, .help = "how long it does not (1s)", .least = 1},
      {.name = "offset", .type = duration, .help = "where in up and down a run begins; anywhere"},
  };
  return keys;
}

const Keys& trace_keys() {
  static const Keys keys = {
      {.name = "step",
       .type = duration,
       .help = "of each value (100ms)",
       .fixed = true,
       .least = 1},
      {.name = "values", .type = texts, .help = "latencies, or \"lost\"; they repeat"},
      {.name = "file", .type = text, .help = "beside the scenario, one value to a line"},
      {.name = "offset", .type = duration, .help = "where in the recording a run begins"},
  };
  return keys;
}

Keys delay_keys() {
  return {
      {.name = "preset",
       .type = text,
       .help = "a network as people meet it; other keys change it",
       .choices = preset_names()},
      like_key(),
      {.name = "latency",
       .type = duration_or_table,
       .help = "of every packet, or percentiles from which each packet draws",
       .children = percentile_keys()},
      {.name = "jitter", .type = duration, .help = "on top, drawn per packet"},
      {.name = "wander",
       .type = table,
       .help = "on top, the same for all packets of an instant",
       .children = wander_keys()},
      {.name = "reorder", .type = probability, .help = "how likely a packet is overtaken"},
      {.name = "reorder-delay", .type = duration, .help = "how late an overtaken packet is"},
  };
}

Keys loss_keys() {
  return {
      {.name = "loss", .type = probability, .help = "how likely a packet is lost"},
      {.name = "burst-loss",
       .type = table,
       .help = "a channel with a good and a bad state (Gilbert and Elliott), by time",
       .children = burst_loss_keys()},
      {.name = "bursts",
       .type = table,
       .help = "moments in which nothing passes",
       .children = bursts_keys()},
      {.name = "flap", .type = table, .help = "up and down by the clock", .children = flap_keys()},
      {.name = "trace",
       .type = table,
       .help = "a recording of latencies and losses, instead of `latency`",
       .children = trace_keys()},
      {.name = "corrupt",
       .type = probability,
       .help = "how likely one bit is flipped and the checksum fails to notice"},
      {.name = "truncate",
       .type = probability,
       .help = "how likely a packet is cut short and nobody notices"},
      {.name = "duplicate", .type = probability, .help = "how likely a packet comes twice"},
      {.name = "copies",
       .type = integer,
       .help = "how many more a duplicated packet brings, drawn per packet (1)",
       .least = 1,
       .most = 3},
      {.name = "copy-spacing", .type = duration, .help = "between them, drawn per copy (0s)"},
  };
}

Keys rate_keys() {
  constexpr std::int64_t smallest_mtu = 68;  // RFC 791
  return {
      {.name = "bandwidth",
       .type = rate,
       .help = "bits per second; packets queue before it",
       .least = 1},
      {.name = "queue-packets",
       .type = integer,
       .help = "room before the bandwidth, or the packet is dropped (100)",
       .least = 1},
      {.name = "queue-bytes", .type = integer, .help = "the same in bytes", .least = 1},
      {.name = "codel",
       .type = table,
       .help = "what waits too long for too long is dropped, or marked (RFC 8289)",
       .children = codel_keys()},
      {.name = "ecn-above",
       .type = duration,
       .help = "ECN-capable packets that wait longer are marked"},
      {.name = "mtu",
       .type = integer,
       .help = "bytes of IP; larger packets are dropped if they must not be fragmented",
       .least = smallest_mtu,
       .most = 65'535},
  };
}

void append(Keys& keys, const Keys& more) {
  keys.insert(keys.end(), more.begin(), more.end());
}

}  // namespace

const Keys& link_keys() {
  static const Keys keys = [] {
    Keys all = {{.name = "between",
                 .type = pair,
                 .help = "two hosts, groups or NATs; \"*\" is any other",
                 .required = true}};
    append(all, condition_keys());
    all.push_back({.name = "there",
                   .type = table,
                   .help = "what differs from the first end to the second",
                   .children = condition_keys()});
    all.push_back({.name = "back",
                   .type = table,
                   .help = "what differs from the second end to the first",
                   .children = condition_keys()});
    return all;
  }();
  return keys;
}

const Keys& condition_keys() {
  static const Keys keys = [] {
    Keys all = delay_keys();
    append(all, loss_keys());
    append(all, rate_keys());
    return all;
  }();
  return keys;
}

const Keys& nested_condition_keys(std::string_view name) {
  return find_key(condition_keys(), name)->children;
}

}  // namespace tickover::sim
