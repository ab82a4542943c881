#include "sim/live/connect_report.h"

#include <fmt/core.h>

#include <string_view>
#include <utility>

#include "sim/report/json.h"
#include "sim/report/story.h"

namespace tickover::sim::live {
namespace {

std::int64_t microseconds(Duration duration) {
  return duration / Duration(std::chrono::microseconds(1));
}

struct Unused {
  std::string_view name;
  std::uint64_t count;
};

}  // namespace

std::string milliseconds_text(std::optional<Duration> duration) {
  if (!duration) return "-";
  const std::int64_t us = microseconds(*duration);
  return fmt::format("{}.{:03} ms", us / 1000, us % 1000);
}

std::string ConnectReport::text() const {
  std::string out = no_peer.empty() ? "" : no_peer + '\n';
  out += fmt::format(
      "{}: {}{} after {}, {} allocations, {} lost, {} refreshes, {} stale nonces, {} failed "
      "attempts\n",
      held ? "held" : "not held", relayed ? relayed->text() : "no relayed address",
      additional ? " and " + additional->text() : "", short_text(ran), allocations, losses,
      refreshes, stale_nonces, failures);
  if (echoes) {
    out += fmt::format(
        "echo: {} sent, {} came back, {} missing, {} twice; longest gap {}\n"
        "round trip: {} shortest, {} median, {} longest\n",
        echo.sent(), echo.received(), echo.missing(), echo.doubled(),
        milliseconds_text(echo.longest_gap()), milliseconds_text(echo.shortest()),
        milliseconds_text(echo.median()), milliseconds_text(echo.longest()));
  }
  for (const Unused& each :
       {Unused{"from strangers", unused.foreign}, Unused{"malformed", unused.malformed},
        Unused{"unexpected", unused.unexpected}, Unused{"answers to nothing", unused.unmatched},
        Unused{"without a valid signature", unused.unauthenticated},
        Unused{"without permission", unused.unpermitted}}) {
    if (each.count > 0) out += fmt::format("not used: {} {}\n", each.count, each.name);
  }
  return out;
}

std::string ConnectReport::json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("verb", "connect")
      .member("held", held)
      .member("exit", exit_code())
      .member("milliseconds", ran / Duration(std::chrono::milliseconds(1)));
  for (const auto& [key, address] :
       {std::pair("relayed", &relayed), std::pair("additional", &additional)}) {
    json.key(key);
    if (*address) {
      json.value((*address)->text());
    } else {
      json.null();
    }
  }
  json.member("allocations", allocations)
      .member("losses", losses)
      .member("refreshes", refreshes)
      .member("stale-nonces", stale_nonces)
      .member("failures", failures)
      .member("last-failure", last_failure)
      .member("farewell", name(farewell));
  const auto time = [&](std::string_view name, std::optional<Duration> duration) {
    json.key(name);
    if (duration) {
      json.value(microseconds(*duration));
    } else {
      json.null();
    }
  };
  if (echoes) {
    json.key("echo").begin_object();
    json.member("sent", echo.sent())
        .member("received", echo.received())
        .member("missing", echo.missing())
        .member("doubled", echo.doubled())
        .member("no-peer", no_peer);
    time("longest-gap-us", echo.longest_gap());
    time("shortest-us", echo.shortest());
    time("median-us", echo.median());
    time("longest-us", echo.longest());
    json.end_object();
  }
  json.key("unused").begin_object();
  json.member("foreign", unused.foreign)
      .member("malformed", unused.malformed)
      .member("unexpected", unused.unexpected)
      .member("unmatched", unused.unmatched)
      .member("unauthenticated", unused.unauthenticated)
      .member("unpermitted", unused.unpermitted);
  json.end_object().key("sockets").begin_object();
  json.member("received", sockets.received)
      .member("sent", sockets.sent)
      .member("sends-refused", sockets.sends_refused)
      .member("icmp-errors", sockets.icmp_errors);
  json.end_object().end_object();
  return out;
}

}  // namespace tickover::sim::live
