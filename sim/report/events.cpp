#include "sim/report/events.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "sim/report/story.h"

namespace tickover::sim {
namespace {

constexpr std::size_t digits = 8;

}  // namespace

void EventList::see(const Step& step, const World& world) {
  if (lines_.size() >= most_) return;
  std::vector<StoryLine> story;
  tell(step, world, story);
  std::string words = seconds_text(step.time);
  words += ' ';
  words += story.empty() ? (step.host == no_index ? std::string("nobody")
                                                  : world.plan().hosts[step.host].info.name) +
                               " has nothing to tell"
                         : story.front().message;
  std::ranges::replace(words, '\n', ' ');
  lines_.push_back({static_cast<std::uint32_t>(world.digest() >> 32), std::move(words)});
}

std::string EventList::text() const {
  std::string text;
  for (const EventLine& line : lines_) {
    text += fmt::format("{:0{}x} {}\n", line.digest, digits, line.words);
  }
  return text;
}

std::optional<std::vector<EventLine>> parse_events(std::string_view text) {
  std::vector<EventLine> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    EventLine event;
    if (line.size() < digits + 2 || line[digits] != ' ') return {};
    const auto [end, error] = std::from_chars(line.data(), line.data() + digits, event.digest, 16);
    if (error != std::errc{} || end != line.data() + digits) return {};
    event.words = line.substr(digits + 1);
    lines.push_back(std::move(event));
  }
  return lines;
}

std::optional<std::size_t> first_difference(const std::vector<EventLine>& a,
                                            const std::vector<EventLine>& b) {
  const auto [at, other] = std::ranges::mismatch(a, b, {}, &EventLine::digest, &EventLine::digest);
  if (at == a.end() || other == b.end()) return {};
  return static_cast<std::size_t>(at - a.begin()) + 1;
}

}  // namespace tickover::sim
