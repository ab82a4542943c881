// The keys of a NAT.
#include "sim/scenario/keys.h"

namespace tickover::sim {
namespace {

using enum ValueType;

Keys translation_keys() {
  return {
      {.name = "ports",
       .type = text,
       .help = "random; the inside port if free; or that in any case, against REQ-3 (random)",
       .choices = {"random", "preserve", "overload"}},
      {.name = "port-parity", .type = flag, .help = "even ports stay even, odd ones odd (false)"},
      {.name = "port-range",
       .type = integer,
       .help = "of each outside address (\"1024..65535\")",
       .least = 1,
       .most = 65'535},
      {.name = "port-block",
       .type = integer,
       .help = "so many ports for each inside address (RFC 6888, REQ-2)",
       .fixed = true,
       .least = 1,
       .most = 65'535},
      {.name = "pooling",
       .type = text,
       .help = "whether an inside address keeps one outside address (RFC 4787, REQ-2; paired)",
       .choices = {"paired", "arbitrary"}},
      {.name = "translate",
       .type = flag,
       .help = "false: a firewall that leaves addresses alone (true)"},
      {.name = "nat64",
       .type = text,
       .help = "the prefix under which IPv6 hosts behind it find IPv4, as \"64:ff9b::/96\" "
               "(RFC 6146; none)"},
  };
}

Keys behaviour_keys() {
  const std::vector<std::string> behaviours = {"endpoint-independent", "address",
                                               "address-and-port"};
  return {
      {.name = "mapping",
       .type = text,
       .help = "what a mapping depends on (RFC 4787, section 4.1; endpoint-independent)",
       .choices = behaviours},
      {.name = "filtering",
       .type = text,
       .help = "whom a mapping lets in (RFC 4787, section 5; address-and-port)",
       .choices = behaviours},
      {.name = "timeout",
       .type = duration,
       .help = "how long an idle mapping lives (2min)",
       .least = 1},
      {.name = "filter-timeout",
       .type = duration,
       .help = "how long somebody may answer, from the last packet to them; the timeout if absent",
       .least = 1},
      {.name = "unreplied-timeout",
       .type = duration,
       .help = "the timeout until something came in; the same if absent",
       .least = 1},
      {.name = "address", .type = addresses, .help = "outside addresses; one is given if absent"},
      {.name = "behind", .type = text, .help = "the name of the next [[nat]] outwards"},
      {.name = "hairpinning",
       .type = text_or_flag,
       .help =
           "whether two hosts behind it reach each other (true); \"inside\" shows inside addresses",
       .choices = {"inside"}},
      {.name = "inbound-refresh",
       .type = flag,
       .help = "whether packets from outside keep a mapping (RFC 4787, REQ-6; false)"},
      {.name = "outbound-refresh",
       .type = flag,
       .help = "false: nothing that goes out keeps a mapping, against RFC 4787, REQ-6 (true)"},
  };
}

void append(Keys& keys, const Keys& more) {
  keys.insert(keys.end(), more.begin(), more.end());
}

}  // namespace

const Keys& nat_keys() {
  static const Keys keys = [] {
    Keys all = {{.name = "name",
                 .type = text,
                 .help = "one word, by which hosts and faults call it",
                 .required = true}};
    append(all, nat_shorthand_keys());
    return all;
  }();
  return keys;
}

const Keys& nat_shorthand_keys() {
  static const Keys keys = [] {
    Keys all = behaviour_keys();
    append(all, translation_keys());
    all.push_back(like_key());
    return all;
  }();
  return keys;
}

}  // namespace tickover::sim
