#include "sim/report/story.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/report/fate_words.h"
#include "sim/world/host_clock.h"

namespace tickover::sim {
namespace {

const std::string& name_of_host(const World& world, HostIndex host) {
  static const std::string nobody = "nobody";
  return host == no_index ? nobody : world.plan().hosts[host].info.name;
}

std::string target_text(const World& world, const SentRecord& sent) {
  if (sent.has_id) {
    // A link ends at a NAT or at a host; both are called by the name that people use.
    return world.plan().to_name(sent.id.direction);
  }
  return sent.remote.text();
}

/// Requests and their answers say more than data.
Interest interest_of(const World& world, HostIndex sender, bool has_id, const PacketId& id) {
  if (!has_id || sender == no_index) return Interest::routine;
  const std::string_view kind = world.kind_name(sender, id.kind);
  const bool is_transaction =
      kind.ends_with(" request") || kind.ends_with(" success") || kind.ends_with(" error");
  return is_transaction ? Interest::ordinary : Interest::routine;
}

void tell_sent(const Step& step, const World& world, std::vector<StoryLine>& lines) {
  for (const SentRecord& sent : step.sent) {
    StoryLine line;
    line.message =
        fmt::format("{} sends {} to {} ({} bytes, {} > {})", name_of_host(world, step.host),
                    packet_text(world, step.host, sent.has_id, sent.id), target_text(world, sent),
                    sent.size, sent.local.text(), sent.remote.text());
    if (sent.fate.dropped != DropReason::none || sent.fate.is_bent()) line.weight = Weight::warning;
    line.message += fate_words(sent.fate);
    line.interest = interest_of(world, step.host, sent.has_id, sent.id);
    lines.push_back(std::move(line));
  }
}

/// A permission names an address without a port.
std::string address_text(const Endpoint& endpoint) {
  return endpoint.port == 0 ? endpoint.ip.text() : endpoint.text();
}

/// Whom a notice is about, and its number: " (192.0.2.1:9, 0x4001)", or " 192.0.2.1:9 (0x4001)"
/// after a name such as "channel bound to".
std::string details_text(const Notice& notice) {
  const Endpoint& about = notice.remote != Endpoint{} ? notice.remote : notice.local;
  const std::string whom = about != Endpoint{} ? address_text(about) : "";
  std::string number;
  if (notice.number != 0) {
    // Channel numbers are hexadecimal wherever people read them (RFC 8656, section 12).
    const bool is_channel = notice.name.find("channel") != std::string_view::npos;
    number = is_channel ? fmt::format("0x{:04x}", notice.number) : std::to_string(notice.number);
  }
  const bool leads_on =
      notice.name.ends_with(':') || notice.name.ends_with(" to") || notice.name.ends_with(" for");
  if (leads_on && !whom.empty()) {
    return number.empty() ? " " + whom : fmt::format(" {} ({})", whom, number);
  }
  if (whom.empty() && number.empty()) return {};
  return fmt::format(" ({}{}{})", whom, whom.empty() || number.empty() ? "" : ", ", number);
}

void tell_notices(const Step& step, const World& world, std::vector<StoryLine>& lines) {
  for (const Notice& notice : step.notices) {
    lines.push_back(tell(notice, name_of_host(world, step.host)));
  }
}

std::string fault_text(const Plan& plan, std::uint32_t index) {
  const FaultPlan& fault = plan.faults[index];
  const FaultAction& action = fault.spec->action;
  struct {
    std::string host;  // of the group that is named, or who is named
    std::string nat;
    std::string match(const PacketMatch& m) const {
      return fmt::format("{} from {} to {}", m.message.empty() ? "datagrams" : m.message, m.from,
                         m.to);
    }
    std::string operator()(const Partition& f) const {
      return "partition of " + f.a + " and " + f.b;
    }
    std::string operator()(const Block& f) const { return "block from " + f.from + " to " + f.to; }
    std::string operator()(const Drop& f) const { return "drop of " + match(f.match); }
    std::string operator()(const Delay& f) const { return "delay of " + match(f.match); }
    std::string operator()(const Duplicate& f) const { return "duplication of " + match(f.match); }
    std::string operator()(const Truncate& f) const { return "cutting of " + match(f.match); }
    std::string operator()(const Corrupt& f) const { return "corruption of " + match(f.match); }
    std::string operator()(const Forge&) const { return "forged datagram to " + host; }
    std::string operator()(const Reboot&) const { return "reboot of " + host; }
    std::string operator()(const NatReset& f) const { return "NAT reset at " + said(f.nat); }
    std::string operator()(const NatFlap& f) const { return "NAT flap at " + said(f.nat); }
    std::string operator()(const NatMove& f) const { return "new address of the NAT of " + f.nat; }
    std::string operator()(const Suspend&) const { return "sleep of " + host; }
    std::string operator()(const Move& f) const { return "move of " + f.host; }
    std::string operator()(const Refuse& f) const { return "refusal to send " + match(f.match); }
    std::string operator()(const WallJump&) const { return "wall clock jump at " + host; }
    std::string operator()(const Degrade& f) const { return "bad link of " + f.a + " and " + f.b; }
    /// The NAT as the fault calls it, unless it names the NATs of several.
    std::string said(const std::string& name) const { return is_group ? nat : name; }
    bool is_group = false;
  } words;
  if (fault.host != no_index) words.host = plan.hosts[fault.host].info.name;
  if (fault.nat != no_index) words.nat = plan.nats[fault.nat].name;
  words.is_group = std::ranges::count(plan.faults, fault.spec, &FaultPlan::spec) > 1;
  return std::visit(words, action);
}

void tell_event(const Step& step, const World& world, std::vector<StoryLine>& lines) {
  const std::string& host = name_of_host(world, step.host);
  switch (step.kind) {
    case StepKind::start:
      if (world.boots(step.host) > 1) {
        lines.push_back({Weight::info, host + " starts again", Interest::turning});
      } else {
        lines.push_back({Weight::info, host + " starts"});
      }
      break;
    case StepKind::socket:
      break;
    case StepKind::delivery: {
      const std::string packet = packet_text(world, step.sender, step.has_id, step.id);
      if (step.dropped != DropReason::none) {
        lines.push_back(
            {Weight::warning,
             fmt::format(
                 "{} from {} to {} does not arrive ({})", packet, name_of_host(world, step.sender),
                 step.has_id ? world.plan().to_name(step.id.direction) : step.destination.text(),
                 name_of(step.dropped)),
             interest_of(world, step.sender, step.has_id, step.id)});
      } else {
        lines.push_back({step.forged ? Weight::warning : Weight::trace,
                         fmt::format("{} gets {}{} from {}", host, packet,
                                     step.copy_of_network != 0 ? " again" : "",
                                     step.forged ? "nobody" : name_of_host(world, step.sender))});
      }
      break;
    }
    case StepKind::overhearing:
      lines.push_back(
          {Weight::trace,
           fmt::format("{} overhears {} from {} to {}", host,
                       packet_text(world, step.sender, step.has_id, step.id),
                       name_of_host(world, step.sender), world.plan().to_name(step.id.direction))});
      break;
    case StepKind::icmp:
      if (!step.touched) break;
      lines.push_back(
          {Weight::warning, fmt::format("{} is told by ICMP ({}, {}) about {}", host,
                                        step.icmp.type, step.icmp.code, step.icmp.remote.text())});
      break;
    case StepKind::timer:
      if (step.woken_for) {
        lines.push_back({Weight::trace, fmt::format("{} wakes: {}", host, step.woken_for->reason)});
      }
      break;
    case StepKind::command:
      if (step.command_is_reach) {
        lines.push_back(
            {Weight::trace, fmt::format("{} is told to expect {}", host, step.command_to.text())});
      } else {
        lines.push_back(
            {Weight::trace,
             fmt::format("the application at {} sends #{} to {}: {}", host, step.origin.number,
                         step.command_possible ? step.command_to.text() : "nowhere",
                         !step.command_possible  ? "the target has no address yet"
                         : step.command_accepted ? "accepted"
                                                 : "not yet possible")});
      }
      break;
    case StepKind::fault:
      if (step.fault == no_index) {
        lines.push_back({Weight::info, "the network heals: all faults end", Interest::turning});
      } else {
        const FaultPlan& fault = world.plan().faults[step.fault];
        const bool instant = fault.is_over_at_once();
        lines.push_back({Weight::info,
                         fmt::format("{}{}", fault_text(world.plan(), step.fault),
                                     instant             ? ""
                                     : step.fault_begins ? " begins"
                                                         : " ends"),
                         Interest::turning});
      }
      break;
  }
}

}  // namespace

std::string_view name_of(Weight weight) {
  switch (weight) {
    case Weight::trace:
      return "trace";
    case Weight::info:
      return "info";
    case Weight::warning:
      return "warning";
    case Weight::error:
      return "error";
  }
  return "?";
}

std::string packet_text(const World& world, HostIndex sender, bool has_id, const PacketId& id) {
  if (!has_id) return "datagram";
  const std::string_view kind =
      sender != no_index ? world.kind_name(sender, id.kind) : std::string_view("datagram");
  std::string text = fmt::format("{} {}", kind, id.transaction);
  if (id.copy > 1) text += fmt::format(", copy {}", id.copy);
  return text;
}

StoryLine tell(const Notice& notice, std::string_view host) {
  StoryLine line{Weight::info, fmt::format("{}: {}", host, notice.name)};
  switch (notice.kind) {
    case Notice::Kind::received:
      line.weight = Weight::trace;
      line.message = fmt::format("{} is given {} bytes from {}", host, notice.payload.size(),
                                 notice.remote.text());
      break;
    case Notice::Kind::candidate_added:
      line.message +=
          fmt::format(", {} is reachable at {}", notice.remote.text(), notice.local.text());
      line.interest = Interest::telling;
      break;
    case Notice::Kind::candidate_removed:
      line.message += fmt::format(", {} is gone", notice.local.text());
      line.interest = Interest::telling;
      break;
    case Notice::Kind::failed:
      line.weight = Weight::warning;
      line.interest = Interest::telling;
      line.message = fmt::format("{} gives up: {}", host, notice.name);
      if (notice.number != 0) line.message += fmt::format(" (error {})", notice.number);
      break;
    case Notice::Kind::peer_ready:
    case Notice::Kind::peer_lost:
    case Notice::Kind::other:
      line.message += details_text(notice);
      if (notice.name.ends_with(" refreshed")) line.interest = Interest::routine;
      break;
  }
  return line;
}

void tell(const Step& step, const World& world, std::vector<StoryLine>& lines) {
  tell_event(step, world, lines);
  tell_notices(step, world, lines);
  tell_sent(step, world, lines);
}

std::string seconds_text(Instant time) {
  const std::int64_t ns = time.since_origin().count();
  return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

std::string short_text(Duration duration) {
  std::int64_t ms = (duration.count() + 500'000) / 1'000'000;
  std::string text;
  for (const auto& [name, size] : {std::pair{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}}) {
    if (ms < size) continue;
    text += fmt::format("{}{} ", ms / size, name);
    ms %= size;
  }
  if (ms % 1000 != 0) {
    text += fmt::format("{}.{:03}s", ms / 1000, ms % 1000);
  } else if (ms != 0 || text.empty()) {
    text += fmt::format("{}s", ms / 1000);
  } else {
    text.pop_back();
  }
  return text;
}

std::string rfc3339_text(Instant time) {
  const Duration since_epoch = HostClock::epoch + time.since_origin();
  const auto seconds =
      std::chrono::sys_seconds(std::chrono::seconds(since_epoch.count() / 1'000'000'000));
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     since_epoch.count() % 1'000'000'000);
}

}  // namespace tickover::sim
