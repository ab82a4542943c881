#include "sim/report/diagram.h"

#include <fmt/core.h>

#include <algorithm>

namespace tickover::sim {
namespace {

constexpr std::size_t time_width = 14;

void put(std::string& line, std::size_t at, std::string_view text) {
  if (line.size() < at + text.size()) line.resize(at + text.size(), ' ');
  line.replace(at, text.size(), text);
}

std::string stamp(Instant time) {
  const std::int64_t ms = (time.since_origin().count() + 500'000) / 1'000'000;
  std::string text = fmt::format("{}.{:03} s", ms / 1000, ms % 1000);
  return fmt::format("{:>{}}  ", text, time_width - 2);
}

}  // namespace

std::string Diagram::header() const {
  std::string line = std::string(time_width, ' ');
  for (std::size_t i = 0; i < hosts_.size(); ++i) put(line, column(i), hosts_[i]);
  return line;
}

std::string Diagram::note(Instant time, const std::string& host, const std::string& text) const {
  const std::size_t at = index_of(host);
  if (at == hosts_.size()) return stamp(time) + (host.empty() ? "" : host + ": ") + text;
  std::string line = lifelines(time);
  line.resize(column(at));
  return line + "* " + text;
}

std::string Diagram::arrow(Instant time, const std::string& from, const std::string& to,
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

std::size_t Diagram::column(std::size_t index) const {
  return time_width + index * width_;
}

std::size_t Diagram::index_of(const std::string& host) const {
  return static_cast<std::size_t>(std::ranges::find(hosts_, host) - hosts_.begin());
}

std::string Diagram::lifelines(Instant time) const {
  std::string line = stamp(time);
  for (std::size_t i = 0; i < hosts_.size(); ++i) put(line, column(i), "|");
  return line;
}

}  // namespace tickover::sim
