#include "sim/scenario/mark.h"

#include <array>

namespace tickover::sim {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Mark::count_)> names = {
    "a stale nonce at Allocate",
    "a stale nonce at Refresh",
    "a stale nonce at CreatePermission",
    "a stale nonce at ChannelBind",
    "437 to an Allocate",
    "437 to another request",
    "no capacity (486 or 508)",
    "a NAT refused a datagram under a live allocation",
    "an allocation lost",
    "an allocation regained",
    "a peer lost and regained",
    "a request sent again",
    "an earlier copy answered after a later one was sent",
    "a datagram that the network doubled",
    "a datagram that the network corrupted",
    "a datagram overtaken by a later one",
    "a datagram lost in a partition",
    "a forged datagram",
    "a late wake-up",
    "a relay rebooted under a live allocation",
    "a client restarted",
};

}  // namespace

std::string_view mark_name(Mark mark) {
  return names[static_cast<std::size_t>(mark)];
}

std::vector<std::string> mark_names() {
  return {names.begin(), names.end()};
}

}  // namespace tickover::sim
