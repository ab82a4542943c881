#include "sim/report/why.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "sim/report/diagram.h"
#include "sim/report/story.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_hosts = 6;
/// The operating system's answer, of which there is nothing to show.
constexpr std::string_view socket_note = "socket";

bool is_early(const SentRecord& sent, const Plan& plan) {
  if (!sent.has_id || sent.fate.dropped != DropReason::none) return false;
  const Conditions& link = plan.directions[sent.id.direction].conditions;
  const bool has_least = link.percentiles.empty() && link.trace.values.empty();
  return has_least && sent.fate.delay[0] < link.latency;
}

bool is_odd(const SentRecord& sent, const Plan& plan) {
  const Fate& fate = sent.fate;
  if (fate.dropped != DropReason::none || fate.is_bent() || fate.copies > 1) return true;
  if (!sent.has_id) return false;
  // As late as its link may always be is not odd.
  return is_early(sent, plan) ||
         fate.delay[0] > plan.directions[sent.id.direction].conditions.longest();
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
  if (is_late) add(fmt::format("{}: arrives at {}", sent.is_early ? "EARLY" : "LATE", arrival));
  if (fate.copies > 1) {
    add(fmt::format("arrives at {}", arrival));
    std::string again;
    for (std::uint8_t copy = 1; copy < fate.copies; ++copy) {
      again += fmt::format("{}{}", again.empty() ? "" : " and at ",
                           short_text((event.time + fate.delay[copy]).since_origin()));
    }
    add("DOUBLED: again at " + again);
  }
  if (fate.corrupted) add(fmt::format("CORRUPTED in bit {}", fate.corrupt_bit));
  if (fate.truncated) add(fmt::format("CUT to {} bytes", fate.kept));
  return text;
}

bool has_news(const CauseLog::Event& event) {
  return !event.told.empty() || (!event.is_arrival && event.host.empty());
}

/// Of whom a diagram tells.
class Cast {
 public:
  /// Everybody.
  Cast() = default;
  /// Those that a breach names, then those on the chain back from it, then whom these exchange
  /// datagrams with; as many as have a column.
  Cast(const CauseLog& log, const Breach& breach, const std::vector<std::uint64_t>& chain)
      : all_(log.hosts()), is_everybody_(false) {
    if (breach.of) add_named(breach.of->sentence);
    // What follows the first sentence tells of the whole world.
    add_named(std::string_view(breach.what).substr(0, breach.what.find(". ")));
    for (const std::uint64_t step : chain) {
      const CauseLog::Event* event = log.find(step);
      if (event != nullptr && !event->host.empty()) add(event->host);
    }
    const std::vector<std::string> first = few_;
    const auto is_first = [&](const std::string& host) {
      return std::ranges::find(first, host) != first.end();
    };
    for (const CauseLog::Event* event : log.events()) {
      for (const CauseLog::Sending& sent : event->sent) {
        if (is_first(event->host) && is_other_host(sent.to)) add(sent.to);
        if (is_first(sent.to) && is_other_host(event->host)) add(event->host);
      }
    }
  }
  bool is_everybody() const { return is_everybody_; }
  bool has(const std::string& host) const {
    return is_everybody_ || std::ranges::find(few_, host) != few_.end();
  }
  /// A NAT, an address or nobody is none.
  bool is_other_host(const std::string& name) const {
    return !has(name) && std::ranges::find(all_, name) != all_.end();
  }

 private:
  void add(const std::string& host) {
    if (few_.size() < most_hosts && !has(host)) few_.push_back(host);
  }
  void add_named(std::string_view text) {
    constexpr std::string_view within =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_not_of(within), text.size());
      const std::string word(text.substr(0, end));
      if (std::ranges::find(all_, word) != all_.end()) add(word);
      text.remove_prefix(std::max<std::size_t>(end, 1));
    }
  }

  std::vector<std::string> all_;
  std::vector<std::string> few_;
  bool is_everybody_ = true;
};

/// The steps that led to the breach, backwards.
std::vector<std::uint64_t> chain_of(const CauseLog& log, const Breach& breach, std::size_t most) {
  std::vector<std::uint64_t> chain;
  for (std::uint64_t step = breach.step; step != 0 && chain.size() < most;) {
    chain.push_back(step);
    const CauseLog::Event* event = log.find(step);
    step = event ? event->cause : 0;
  }
  return chain;
}

/// Which steps to show: the chain back from the breach, and what went wrong besides.
std::set<std::uint64_t> steps_of(const CauseLog& log, const std::vector<std::uint64_t>& chain,
                                 const Cast& cast, std::size_t most) {
  std::set<std::uint64_t> shown(chain.begin(), chain.end());
  const auto is_telling = [&](const CauseLog::Event& event) {
    if (cast.is_other_host(event.host)) return false;
    return has_news(event) || std::ranges::any_of(event.sent, [&](const CauseLog::Sending& sent) {
             return sent.is_odd && !cast.is_other_host(sent.to);
           });
  };
  std::size_t odd = 0;
  const std::vector<const CauseLog::Event*> events = log.events();
  for (auto at = events.rbegin(); at != events.rend(); ++at) {
    if (!is_telling(**at)) continue;
    if (++odd > most) break;
    shown.insert((*at)->step);
    // What is lost was mostly an answer, and nobody understands one without its question. A relay
    // answers once it has its socket.
    const CauseLog::Event* question = *at;
    while (question != nullptr && question->note == socket_note) {
      shown.insert(question->cause);
      question = log.find(question->cause);
    }
    if (question != nullptr && question->is_arrival) shown.insert(question->cause);
  }
  return shown;
}

using Events = std::map<std::uint64_t, const CauseLog::Event*>;

/// A step that only showed that a time was over comes after it.
Events events_of(const CauseLog& log, const std::set<std::uint64_t>& steps, Instant until) {
  Events events;
  for (const std::uint64_t step : steps) {
    const CauseLog::Event* event = log.find(step);
    if (event != nullptr && event->time <= until) events[step] = event;
  }
  return events;
}

/// Who is to have a column, in the order of the events.
std::vector<std::string> hosts_of(const Events& events, const Cast& cast) {
  std::vector<std::string> hosts;
  const auto add = [&](const std::string& host) {
    const bool is_new = !host.empty() && std::ranges::find(hosts, host) == hosts.end();
    if (is_new && !cast.is_other_host(host)) hosts.push_back(host);
  };
  for (const auto& [step, event] : events) {
    add(event->host);
    for (const CauseLog::Sending& sent : event->sent) add(sent.to);
  }
  return hosts;
}

/// The lines between the names of the hosts and the breach.
std::vector<std::string> lines_of(const Events& events, std::uint64_t broken,
                                  const Diagram& diagram, const Cast& cast) {
  // An arrow is shown where its sending is on the way, or where something befell it.
  const auto is_on_the_way = [&](const CauseLog::Event& event) {
    return std::ranges::any_of(events, [&](const auto& other) {
      return other.second->is_arrival && other.second->cause == event.step;
    });
  };
  std::vector<std::string> lines;
  for (const auto& [step, event] : events) {
    if (!event->note.empty() && event->note != socket_note) {
      lines.push_back(diagram.note(event->time, event->host, event->note));
    }
    for (const std::string& told : event->told) {
      lines.push_back(diagram.note(event->time, event->host, told));
    }
    // The last step's may be what broke it.
    const bool is_link = step == broken || is_on_the_way(*event);
    for (const CauseLog::Sending& sent : event->sent) {
      if (!(is_link || sent.is_odd) || cast.is_other_host(sent.to)) continue;
      lines.push_back(diagram.arrow(event->time, event->host, sent.to, sent.what,
                                    sent.fate.dropped != DropReason::none,
                                    remark_of(*event, sent)));
    }
  }
  return lines;
}

}  // namespace

void CauseLog::see(const Step& step, const World& world) {
  const Plan& plan = world.plan();
  if (hosts_.empty()) {
    for (const HostPlan& host : plan.hosts) hosts_.push_back(host.info.name);
  }
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
    sending.is_early = is_early(sent, plan);
    event.sent.push_back(std::move(sending));
  }
  events_.push_back(std::move(event));
  keep(events_.back());
  if (events_.size() <= most) return;
  if (events_.front().is_kept) kept_.push_back(std::move(events_.front()));
  events_.pop_front();
  if (kept_.size() > most_kept) kept_.pop_front();
}

void CauseLog::keep(Event& event) {
  if (!has_news(event) && std::ranges::none_of(event.sent, &Sending::is_odd)) return;
  event.is_kept = true;
  Event* question = &event;
  const auto cause_of = [&](const Event& of) {
    const auto at = std::ranges::lower_bound(events_, of.cause, {}, &Event::step);
    Event* const cause = at != events_.end() && at->step == of.cause ? &*at : nullptr;
    if (cause != nullptr) cause->is_kept = true;
    return cause;
  };
  while (question != nullptr && question->note == socket_note) question = cause_of(*question);
  if (question != nullptr && question->is_arrival) cause_of(*question);
}

const CauseLog::Event* CauseLog::find(std::uint64_t step) const {
  for (const std::deque<Event>* part : {&events_, &kept_}) {
    const auto at = std::ranges::lower_bound(*part, step, {}, &Event::step);
    if (at != part->end() && at->step == step) return &*at;
  }
  return nullptr;
}

std::vector<const CauseLog::Event*> CauseLog::events() const {
  std::vector<const Event*> all;
  for (const std::deque<Event>* part : {&kept_, &events_}) {
    for (const Event& event : *part) all.push_back(&event);
  }
  return all;
}

std::vector<std::string> why(const CauseLog& log, const Breach& breach, std::size_t most_lines) {
  const std::vector<std::uint64_t> chain = chain_of(log, breach, most_lines * 4);
  Cast cast;
  Events events = events_of(log, steps_of(log, chain, cast, most_lines), breach.time);
  std::vector<std::string> hosts = hosts_of(events, cast);
  if (hosts.size() > most_hosts) {
    cast = Cast(log, breach, chain);
    events = events_of(log, steps_of(log, chain, cast, most_lines), breach.time);
    hosts = hosts_of(events, cast);
    hosts.resize(std::min(hosts.size(), most_hosts));  // NATs are among them
  }
  std::size_t widest = 0;
  for (const std::string& host : hosts) widest = std::max(widest, host.size());
  for (const auto& [step, event] : events) {
    for (const CauseLog::Sending& sent : event->sent) {
      widest = std::max(widest, sent.what.size() + 4);
    }
  }
  const Diagram diagram(hosts, widest + 8);
  std::vector<std::string> lines = lines_of(events, breach.step, diagram, cast);
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
  if (!cast.is_everybody()) lines.push_back("              (what befell other hosts is left out)");
  lines.push_back(diagram.note(breach.time, "", fmt::format("{} BROKEN", breach.oracle)));
  return lines;
}

}  // namespace tickover::sim
