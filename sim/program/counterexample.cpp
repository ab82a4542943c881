#include "sim/program/counterexample.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>

#include "sim/report/events.h"
#include "sim/report/utf8.h"
#include "sim/report/why.h"
#include "sim/scenario/printer.h"

namespace tickover::sim {
namespace {

/// Whole or not at all: what is there half is found by nobody who looks for scenarios.
bool write_file(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  std::ofstream file(part);
  file << text;
  file.close();
  if (file && std::rename(part.c_str(), path.c_str()) == 0) return true;
  // A full disk is no better for what is there half.
  const int why = errno;
  std::remove(part.c_str());
  errno = why;
  return false;
}

std::string comment(const std::string& line) {
  std::string text = line.empty() ? "#" : "# " + line;
  // A comment is one line of text.
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return utf8_text(text) + "\n";
}

/// What says where it was found comes soon.
std::string head_of(const std::string& path) {
  std::string text(4'096, '\0');
  std::ifstream file(path);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string found_in(const FailureStory& story) {
  return comment("Found in " + story.origin + ".");
}

}  // namespace

std::string failure_file_name(const std::string& folder, const std::string& scenario,
                              const Outcome& outcome, const FailureStory& story) {
  std::string word = scenario + "-" + failure_id(outcome);
  std::ranges::replace_if(
      word, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == 0x7f; },
      '-');
  const std::string name = fmt::format("{}-{:x}", word, outcome.seed);
  // "a b" and "a-b" are the same by now, and so are files of one name in two folders.
  for (int number = 1;; ++number) {
    const std::string next = number == 1 ? name : fmt::format("{}-{}", name, number);
    const std::string path = fmt::format("{}/{}.toml", folder, next);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return next;
    if (head_of(path).find("\n" + found_in(story)) != std::string::npos) return next;
  }
}

std::string effort(const Shrunk& shrunk) {
  std::string text = fmt::format("{} runs of shrinking", shrunk.runs);
  if (shrunk.end != ShrinkEnd::minimal) text += fmt::format(" ({})", name_of(shrunk.end));
  if (shrunk.is_hopeless) {
    text += "; it fails where nothing is lost or late and no fault acts, too";
  }
  return text;
}

std::string cause_of(const Scenario& scenario) {
  struct {
    std::string packet(std::string_view how, const PacketMatch& match) const {
      return fmt::format("a {} {}", how, match.message.empty() ? "datagram" : match.message);
    }
    std::string operator()(const Partition&) const { return "a partition"; }
    std::string operator()(const Block&) const { return "a block"; }
    std::string operator()(const Drop& f) const { return packet("lost", f.match); }
    std::string operator()(const Delay& f) const { return packet("late", f.match); }
    std::string operator()(const Duplicate& f) const { return packet("doubled", f.match); }
    std::string operator()(const Corrupt& f) const { return packet("corrupted", f.match); }
    std::string operator()(const Truncate& f) const { return packet("truncated", f.match); }
    std::string operator()(const Forge&) const { return "a forged datagram"; }
    std::string operator()(const Reboot&) const { return "a reboot"; }
    std::string operator()(const NatReset&) const { return "a NAT reset"; }
    std::string operator()(const NatFlap&) const { return "a NAT flap"; }
    std::string operator()(const NatMove&) const { return "a NAT's new address"; }
    std::string operator()(const Suspend&) const { return "a sleep"; }
    std::string operator()(const Move&) const { return "a move"; }
    std::string operator()(const Refuse& f) const { return packet("refused", f.match); }
    std::string operator()(const WallJump&) const { return "a jump of a wall clock"; }
    std::string operator()(const Degrade&) const { return "a bad link"; }
  } words;
  std::set<std::string> causes;
  for (const FaultSpec& fault : scenario.faults) causes.insert(std::visit(words, fault.action));
  std::string text;
  for (const std::string& cause : causes) text += (text.empty() ? "after " : " and ") + cause;
  return text.empty() ? "without any fault" : text;
}

Scenario as_found(const Scenario& scenario, const Outcome& outcome) {
  Scenario result = scenario;
  result.seed = outcome.seed;
  const Breach* breach = outcome.breach ? &*outcome.breach : nullptr;
  if (breach != nullptr && breach->breach_class == BreachClass::invariant) {
    result.sentence = breach->statement;
  }
  result.found = Found{.oracle = breach ? found_name(*breach) : failure_id(outcome),
                       .digest = fmt::format("{:016x}", outcome.digest),
                       .version = TICKOVER_VERSION,
                       .event = breach ? breach->step : outcome.steps};
  return result;
}

std::string events_path(const std::string& scenario_path) {
  return std::filesystem::path(scenario_path).replace_extension(".events").string();
}

bool write_scenario(const std::string& path, const Scenario& scenario) {
  return write_file(path, print(scenario));
}

std::string found_text(const Scenario& scenario, const FailureStory& story,
                       const std::string& comments) {
  std::string text = print(scenario);
  // After the sentence, which comes first.
  const std::size_t at = scenario.sentence.empty() ? 0 : text.find('\n') + 1;
  return text.insert(at, comment("") + found_in(story) + comments);
}

std::string save_failure(const Scenario& found, const FailureStory& story,
                         const std::string& folder, const std::string& name,
                         const RoleRegistry& registry, const RunLimits& limits) {
  CauseLog log;
  EventList events;
  std::string comments;
  if (!story.effort.empty()) comments += comment("What is left after " + story.effort + ":");
  if (const auto plan = make_plan(found, found.seed.value_or(1), registry)) {
    const Outcome outcome = run_case(*plan, limits, {&log, &events});
    comments += comment(summary(outcome));
    if (outcome.breach) {
      comments += comment("");
      for (const std::string& line : why(log, *outcome.breach)) comments += comment(line);
    }
  }
  const std::string text = found_text(found, story, comments);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = fmt::format("{}/{}.toml", folder, name);
  const bool is_written = write_file(path, text) && write_file(events_path(path), events.text());
  if (!is_written && error) errno = error.value();
  return is_written ? path : std::string();
}

std::vector<std::string> why_of(const std::shared_ptr<const Plan>& plan, const RunLimits& limits) {
  CauseLog log;
  const Outcome outcome = run_case(plan, limits, {&log});
  return outcome.breach ? why(log, *outcome.breach) : std::vector<std::string>();
}

}  // namespace tickover::sim
