#include "sim/report/why.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "sim/report/story.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_hosts = 6;
/// The operating system's answer, of which there is nothing to show.
constexpr std::string_view socket_note = "socket";

bool is_odd(const SentRecord& sent, const Plan& plan) {
  const Fate& fate = sent.fate;
  if (fate.dropped != DropReason::none || fate.is_bent() || fate.copies > 1) return true;
  if (!sent.has_id) return false;
  // As late as its link may always be is not odd.
  const Conditions& link = plan.directions[sent.id.direction].conditions;
  const bool has_least = link.percentiles.empty() && link.trace.values.empty();
  return (has_least && fate.delay[0] < link.latency) || fate.delay[0] > link.longest();
}

/// What changes what a host can do, in words.
std::vector<std::string> news_of(const Step& step, const World& world) {
  Step news;
  news.kind = StepKind::socket;  // of which there is nothing else to tell
  news.host = step.host;
  std::ranges::copy_if(step.notices, std::back_inserter(news.notices), [](const Notice& notice) {
    return notice.kind == Notice::Kind::candidate_added ||
           notice.kind == Notice::Kind::candidate_removed || notice.kind == Notice::Kind::failed;
  });
  std::vector<StoryLine> lines;
  tell(news, world, lines);
  std::vector<std::string> told;
  for (const StoryLine& line : lines) {
    // The column says who.
    const std::size_t name = world.plan().hosts[step.host].info.name.size();
    told.push_back(line.message.substr(line.message[name] == ':' ? name + 2 : name + 1));
  }
  return told;
}

std::string note_of(const Step& step, const World& world) {
  switch (step.kind) {
    case StepKind::start:
      return world.boots(step.host) > 1 ? "starts again" : "starts";
    case StepKind::socket:
      return std::string(socket_note);
    case StepKind::timer:
      return step.woken_for ? fmt::format("wakes: {}", step.woken_for->reason) : "is woken";
    case StepKind::command:
      return step.command_is_reach ? "is told to expect the sender" : "is to send data";
    case StepKind::overhearing:
      return "overhears";
    case StepKind::icmp:
      return "is told by ICMP";
    case StepKind::delivery:
      return step.dropped == DropReason::none
                 ? ""
                 : fmt::format("does not get {} ({})",
                               packet_text(world, step.sender, step.has_id, step.id),
                               name_of(step.dropped));
    case StepKind::fault: {
      std::vector<StoryLine> lines;
      tell(step, world, lines);
      return lines.empty() ? "fault" : lines.front().message;
    }
  }
  return {};
}

/// Lines of a diagram in which every host has a column.
class Diagram {
 public:
  Diagram(const std::vector<std::string>& hosts, std::size_t width)
      : hosts_(hosts), width_(width) {}

  std::string header() const {
    std::string line = std::string(time_width, ' ');
    for (std::size_t i = 0; i < hosts_.size(); ++i) put(line, column(i), hosts_[i]);
    return line;
  }
  std::string note(Instant time, const std::string& host, const std::string& text) const {
    std::string line = lifelines(time);
    const std::size_t at = index_of(host);
    if (at == hosts_.size()) return stamp(time) + text;
    line.resize(column(at));
    return line + "* " + text;
  }
  /// `remark` stands behind the arrow: "lost", "arrives at 1.2 s".
  std::string arrow(Instant time, const std::string& from, const std::string& to,
                    const std::string& what, bool is_lost, const std::string& remark) const {
    const std::size_t a = index_of(from);
    const std::size_t b = index_of(to);
    if (a == hosts_.size() || b == hosts_.size() || a == b) {
      return note(time, from,
                  fmt::format("sends {} to {}{}{}", what, to, remark.empty() ? "" : ", ", remark));
    }
    std::string line = lifelines(time);
    const std::size_t low = column(std::min(a, b)) + 1;
    const std::size_t high = column(std::max(a, b));
    std::string shaft(high - low, '-');
    put(shaft, (shaft.size() - std::min(shaft.size(), what.size() + 2)) / 2, " " + what + " ");
    if (is_lost) {
      // It ends short of its goal.
      const std::size_t gap = 4;
      if (a < b) {
        shaft.replace(shaft.size() - gap, gap, "X   ");
      } else {
        shaft.replace(0, gap, "   X");
      }
    } else {
      shaft[a < b ? shaft.size() - 1 : 0] = a < b ? '>' : '<';
    }
    put(line, low, shaft);
    return remark.empty() ? line : line + "  " + remark;
  }

 private:
  static constexpr std::size_t time_width = 14;

  static void put(std::string& line, std::size_t at, std::string_view text) {
    if (line.size() < at + text.size()) line.resize(at + text.size(), ' ');
    line.replace(at, text.size(), text);
  }
  static std::string stamp(Instant time) {
    const std::int64_t ms = (time.since_origin().count() + 500'000) / 1'000'000;
    std::string text = fmt::format("{}.{:03} s", ms / 1000, ms % 1000);
    return fmt::format("{:>{}}  ", text, time_width - 2);
  }
  std::size_t column(std::size_t index) const { return time_width + index * width_; }
  std::size_t index_of(const std::string& host) const {
    return static_cast<std::size_t>(std::ranges::find(hosts_, host) - hosts_.begin());
  }
  std::string lifelines(Instant time) const {
    std::string line = stamp(time);
    for (std::size_t i = 0; i < hosts_.size(); ++i) put(line, column(i), "|");
    return line;
  }

  std::vector<std::string> hosts_;
  std::size_t width_;
};

std::string remark_of(const CauseLog::Event& event, const CauseLog::Sending& sent) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  const Fate& fate = sent.fate;
  if (fate.dropped != DropReason::none) {
    add(is_lost_on_link(fate.dropped) ? fmt::format("LOST ({})", name_of(fate.dropped))
                                      : std::string(name_of(fate.dropped)));
    return text;
  }
  const std::string arrival = short_text((event.time + fate.delay[0]).since_origin());
  const bool is_late = sent.is_odd && fate.copies == 1 && !fate.is_bent();
  if (is_late) add(fmt::format("LATE: arrives at {}", arrival));
  if (fate.copies > 1) {
    add(fmt::format("arrives at {}", arrival));
    add(fmt::format("DOUBLED: again at {}",
                    short_text((event.time + fate.delay[1]).since_origin())));
  }
  if (fate.corrupted) add(fmt::format("CORRUPTED in bit {}", fate.corrupt_bit));
  if (fate.truncated) add(fmt::format("CUT to {} bytes", fate.kept));
  return text;
}

/// Which steps to show: the chain back from the breach, and what went wrong besides.
std::set<std::uint64_t> steps_of(const CauseLog& log, const Breach& breach, std::size_t most) {
  std::set<std::uint64_t> shown;
  const auto follow = [&](std::uint64_t step) {
    while (step != 0 && shown.size() < most * 4 && shown.insert(step).second) {
      const CauseLog::Event* event = log.find(step);
      step = event ? event->cause : 0;
    }
  };
  follow(breach.step);
  std::size_t odd = 0;
  for (auto event = log.events().rbegin(); event != log.events().rend(); ++event) {
    const bool has_odd = std::ranges::any_of(event->sent, &CauseLog::Sending::is_odd);
    const bool has_news = !event->told.empty() || (!event->is_arrival && event->host.empty());
    if (!has_odd && !has_news) continue;
    if (++odd > most) break;
    shown.insert(event->step);
    // What is lost was mostly an answer, and nobody understands one without its question. A relay
    // answers once it has its socket.
    const CauseLog::Event* question = &*event;
    while (question != nullptr && question->note == socket_note) {
      shown.insert(question->cause);
      question = log.find(question->cause);
    }
    if (question != nullptr && question->is_arrival) shown.insert(question->cause);
  }
  return shown;
}

}  // namespace

void CauseLog::see(const Step& step, const World& world) {
  const Plan& plan = world.plan();
  Event event{.step = step.number, .cause = step.cause, .time = step.time};
  if (step.host != no_index) event.host = plan.hosts[step.host].info.name;
  event.is_arrival = step.kind == StepKind::delivery && step.dropped == DropReason::none;
  event.note = note_of(step, world);
  if (!step.notices.empty()) event.told = news_of(step, world);
  for (const SentRecord& sent : step.sent) {
    Sending sending{.what = packet_text(world, step.host, sent.has_id, sent.id),
                    .to = sent.has_id ? plan.to_name(sent.id.direction) : sent.remote.text(),
                    .fate = sent.fate};
    sending.is_odd = is_odd(sent, plan);
    event.sent.push_back(std::move(sending));
  }
  events_.push_back(std::move(event));
  if (events_.size() > most) events_.pop_front();
}

const CauseLog::Event* CauseLog::find(std::uint64_t step) const {
  const auto at = std::ranges::lower_bound(events_, step, {}, &Event::step);
  return at != events_.end() && at->step == step ? &*at : nullptr;
}

std::vector<std::string> why(const CauseLog& log, const Breach& breach, std::size_t most_lines) {
  const std::set<std::uint64_t> shown = steps_of(log, breach, most_lines);
  std::vector<std::string> hosts;
  std::size_t widest = 0;
  const auto add_host = [&](const std::string& host) {
    const bool is_new = !host.empty() && std::ranges::find(hosts, host) == hosts.end();
    if (is_new && hosts.size() < most_hosts) hosts.push_back(host);
    widest = std::max(widest, host.size());
  };
  // An arrow is shown where its sending is on the way, or where something befell it.
  std::map<std::uint64_t, const CauseLog::Event*> events;
  for (const std::uint64_t step : shown) {
    if (const CauseLog::Event* event = log.find(step)) events[step] = event;
  }
  const auto is_on_the_way = [&](const CauseLog::Event& event) {
    return std::ranges::any_of(events, [&](const auto& other) {
      return other.second->is_arrival && other.second->cause == event.step;
    });
  };
  for (const auto& [step, event] : events) {
    add_host(event->host);
    for (const CauseLog::Sending& sent : event->sent) {
      add_host(sent.to);
      widest = std::max(widest, sent.what.size() + 4);
    }
  }
  const Diagram diagram(hosts, widest + 8);
  std::vector<std::string> lines;
  for (const auto& [step, event] : events) {
    if (!event->note.empty() && event->note != socket_note) {
      lines.push_back(diagram.note(event->time, event->host, event->note));
    }
    for (const std::string& told : event->told) {
      lines.push_back(diagram.note(event->time, event->host, told));
    }
    const bool is_link = is_on_the_way(*event);
    for (const CauseLog::Sending& sent : event->sent) {
      if (!is_link && !sent.is_odd) continue;
      lines.push_back(diagram.arrow(event->time, event->host, sent.to, sent.what,
                                    sent.fate.dropped != DropReason::none,
                                    remark_of(*event, sent)));
    }
  }
  const std::size_t all = lines.size();
  if (all > most_lines) {
    // The beginning is where it started, the end is where it broke.
    const auto first = lines.begin() + static_cast<std::ptrdiff_t>(most_lines / 4);
    const auto last = lines.end() - static_cast<std::ptrdiff_t>(most_lines - most_lines / 4);
    const auto left_out = last - first;
    lines.erase(first, last);
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(most_lines / 4),
                 fmt::format("              ({} lines left out)", left_out));
  }
  lines.insert(lines.begin(), diagram.header());
  lines.push_back(diagram.note(breach.time, "", fmt::format("{} BROKEN", breach.oracle)));
  return lines;
}

}  // namespace tickover::sim
