#include "sim/live/relay_summary.h"

#include <fmt/core.h>

#include <string_view>

#include "sim/report/json.h"
#include "sim/report/story.h"

namespace tickover::sim::live {
namespace {

using Count = std::uint64_t turn::ServerCounters::*;
struct Named {
  std::string_view name;   // in JSON
  std::string_view words;  // after a number
  Count count;
};

constexpr Named refusals[] = {
    {"malformed", "did not decode", &turn::ServerCounters::malformed},
    {"not-turn", "were neither STUN nor ChannelData", &turn::ServerCounters::not_turn},
    {"unexpected", "had an unknown method or class", &turn::ServerCounters::unexpected},
    {"without-allocation", "came from who has no allocation",
     &turn::ServerCounters::without_allocation},
    {"without-permission", "had no permission", &turn::ServerCounters::without_permission},
    {"without-channel", "had no channel", &turn::ServerCounters::without_channel},
    {"unusable-indication", "were unusable indications",
     &turn::ServerCounters::unusable_indication},
    {"forbidden-peer", "were for a forbidden peer", &turn::ServerCounters::forbidden_peer},
    {"hop-limit-reached", "had no hop left", &turn::ServerCounters::hop_limit_reached},
    {"oversized", "were too long to relay", &turn::ServerCounters::oversized},
    {"over-bandwidth", "were beyond their user's rate", &turn::ServerCounters::over_bandwidth},
    {"over-answer-budget", "would have had one unsigned answer too many",
     &turn::ServerCounters::over_answer_budget},
    {"over-icmp-rate", "were ICMP errors too many", &turn::ServerCounters::over_icmp_rate},
    {"repeated", "were requests sent again", &turn::ServerCounters::repeated},
    {"send-refused", "could not be sent", &turn::ServerCounters::send_refused},
    {"icmp-ignored", "were ICMP errors of no use", &turn::ServerCounters::icmp_ignored},
    {"openings-abandoned", "were ports that did not open in time",
     &turn::ServerCounters::openings_abandoned},
    {"unknown-socket", "were about a socket that is gone", &turn::ServerCounters::unknown_socket},
};
constexpr Named traffic[] = {
    {"requests", "requests", &turn::ServerCounters::requests},
    {"success-responses", "successes", &turn::ServerCounters::success_responses},
    {"error-responses", "errors", &turn::ServerCounters::error_responses},
    {"keepalives", "keepalives", &turn::ServerCounters::keepalives},
    {"to-peer", "datagrams to peers", &turn::ServerCounters::to_peer},
    {"to-client", "to clients", &turn::ServerCounters::to_client},
    {"icmp-to-client", "ICMP errors to clients", &turn::ServerCounters::icmp_to_client},
};

}  // namespace

std::string RelaySummary::text() const {
  std::string out =
      fmt::format("{}: {} allocations made, {} left\n", short_text(ran), allocations, left);
  std::string_view between = "served: ";
  for (const Named& each : traffic) {
    out += fmt::format("{}{} {}", between, server.*each.count, each.words);
    between = ", ";
  }
  out += fmt::format("\nsockets: {} datagrams received, {} sent, {} refused by the system",
                     sockets.received, sockets.sent, sockets.sends_refused);
  if (sockets.sends_without_room > 0) {
    out += fmt::format(" ({} for want of room)", sockets.sends_without_room);
  }
  out += fmt::format(", {} ICMP errors\n", sockets.icmp_errors);
  if (sockets.sockets_refused > 0) {
    out += fmt::format("relay sockets: {} refused by the system\n", sockets.sockets_refused);
  }
  for (const Named& each : refusals) {
    if (server.*each.count == 0) continue;
    out += fmt::format("dropped or refused: {} {}\n", server.*each.count, each.words);
  }
  return out;
}

std::string RelaySummary::json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("verb", "relay")
      .member("milliseconds", ran / Duration(std::chrono::milliseconds(1)))
      .member("allocations", allocations)
      .member("left", left);
  json.key("served").begin_object();
  for (const Named& each : traffic) json.member(each.name, server.*each.count);
  json.end_object().key("dropped").begin_object();
  for (const Named& each : refusals) json.member(each.name, server.*each.count);
  json.end_object().key("sockets").begin_object();
  json.member("received", sockets.received)
      .member("sent", sockets.sent)
      .member("sends-refused", sockets.sends_refused)
      .member("sends-without-room", sockets.sends_without_room)
      .member("sockets-refused", sockets.sockets_refused)
      .member("icmp-errors", sockets.icmp_errors)
      .member("taken-away", sockets.taken_away);
  json.end_object().end_object();
  return out;
}

}  // namespace tickover::sim::live
