#include "sim/report/log.h"

#include <fmt/core.h>
#include <unistd.h>

#include "sim/report/json.h"

namespace tickover::sim {
namespace {

constexpr std::size_t flush_at = 256 * 1024;

std::string_view name_of(StepKind kind) {
  switch (kind) {
    case StepKind::start:
      return "start";
    case StepKind::socket:
      return "socket";
    case StepKind::delivery:
      return "delivery";
    case StepKind::timer:
      return "timer";
    case StepKind::command:
      return "command";
    case StepKind::fault:
      return "fault";
    case StepKind::overhearing:
      return "overhearing";
    case StepKind::icmp:
      return "icmp";
  }
  return "?";
}

}  // namespace

void JsonLog::see(const Step& step, const World& world) {
  lines_.clear();
  tell(step, world, lines_);
  for (const StoryLine& line : lines_) {
    JsonWriter json(buffer_);
    json.begin_object()
        .member("time", std::string_view(rfc3339_text(step.time)))
        .member("severity", sim::name_of(line.weight))
        .member("message", std::string_view(line.message))
        .member("step", step.number)
        .member("cause", step.cause)
        .member("kind", name_of(step.kind));
    if (step.host != no_index) {
      json.member("host", std::string_view(world.plan().hosts[step.host].info.name));
    }
    json.end_object();
    buffer_ += '\n';
  }
  if (buffer_.size() >= flush_at) flush();
}

void JsonLog::note(Instant time, Weight weight, std::string_view message) {
  JsonWriter(buffer_)
      .begin_object()
      .member("time", std::string_view(rfc3339_text(time)))
      .member("severity", sim::name_of(weight))
      .member("message", message)
      .end_object();
  buffer_ += '\n';
}

bool JsonLog::flush() {
  ok_ = ok_ && std::fwrite(buffer_.data(), 1, buffer_.size(), file_) == buffer_.size() &&
        std::fflush(file_) == 0;
  buffer_.clear();
  return ok_;
}

void JsonLog::spill() const {
  // Nothing more can be done about what cannot be written.
  [[maybe_unused]] const auto written = ::write(descriptor_, buffer_.data(), buffer_.size());
}

}  // namespace tickover::sim
