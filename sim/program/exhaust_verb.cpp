#include "sim/program/exhaust_verb.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "core/check.h"
#include "sim/program/counterexample.h"
#include "sim/program/crash_note.h"
#include "sim/program/crashing_history.h"
#include "sim/program/interrupt.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/program/replay_verb.h"
#include "sim/program/sweep_table.h"
#include "sim/program/usage.h"
#include "sim/report/json.h"
#include "sim/report/story.h"
#include "sim/search/exhaust.h"

namespace tickover::sim {
namespace {

/// The failing history as it was run again from its file.
struct Saved {
  Outcome outcome;
  std::string path;  // empty if it could not be written
  std::vector<std::string> why;
};

Saved save(const FailingHistory& failing, const ExhaustRequest& request, std::uint64_t seed,
           const RoleRegistry& registry) {
  const auto plan = make_plan(failing.scenario, seed, registry);
  CHECK(plan.has_value());  // it names what was sent
  Saved saved{.outcome = run_case(*plan)};
  saved.why = why_of(*plan, {});
  const std::string stem = std::filesystem::path(request.file).stem().string();
  const FailureStory story{
      fmt::format("all loss histories of {} with seed 0x{:x}", request.file, seed), ""};
  const std::string name = failure_file_name(request.out, stem + "-exhaust", saved.outcome, story);
  saved.path = save_failure(as_found(failing.scenario, saved.outcome), story, request.out, name,
                            registry, {});
  return saved;
}

/// Null where none was walked that fails.
const FailingHistory* shortest_of(const std::expected<Certificate, std::string>& certificate) {
  return certificate && certificate->shortest ? &*certificate->shortest : nullptr;
}

void print_row(std::string_view what, std::uint64_t count, const std::string& more) {
  fmt::print("{:>14}  {}{}\n", count_text(count), what, more);
}

void print_certificate(const Certificate& c, const ExhaustRequest& request, std::uint64_t seed,
                       Duration wall) {
  fmt::print("{}, seed 0x{:x}: every loss history of\n", request.file, seed);
  for (const std::string& name : c.transactions) fmt::print("  {} of {}\n", name, c.host);
  const std::string limit =
      request.losses ? fmt::format("; none has more than {}", *request.losses) : "";
  print_row("histories", c.histories, fmt::format(", of up to {} losses{}", c.most_losses, limit));
  print_row("all answered", c.succeeded,
            fmt::format("; slowest: \"{}\" {} after the first request", c.goal,
                        short_text(c.slowest_success)));
  for (std::size_t i = 0; i < c.gave_up.size(); ++i) {
    print_row(c.transactions[i] + " given up", c.gave_up[i], ", and made good");
  }
  for (const auto& [failure, count] : c.failed) print_row("FAILED: " + failure, count, "");
  fmt::print("worst recovery where one was given up: \"{}\" {} after the last loss; allowed: {}\n",
             c.goal, short_text(c.worst_recovery), short_text(c.bound));
  if (c.others > 0) {
    fmt::print("up to {} other datagrams of {} in a history, all delivered\n", c.others, c.host);
  }
  fmt::print("{} worlds copied, {} steps in {} s\n", count_text(c.forks), count_text(c.steps),
             hundredths_text(wall));
}

int exit_of(const Certificate& c, const Saved* saved) {
  if (!c.is_whole) return interrupted_exit;
  return static_cast<int>(saved ? saved->outcome.exit : ExitCode::held);
}

std::string json_of(const Certificate& c, const ExhaustRequest& request, std::uint64_t seed,
                    Duration wall, const Saved* saved) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("seed", std::string_view(fmt::format("0x{:x}", seed)))
      .member("exit", exit_of(c, saved))
      .member("whole", c.is_whole)
      .member("host", std::string_view(c.host))
      .member("goal", std::string_view(c.goal))
      .member("bound_ns", c.bound.count())
      .member("histories", c.histories)
      .member("most_losses", c.most_losses)
      .member("succeeded", c.succeeded)
      .member("slowest_success_ns", c.slowest_success.count())
      .member("worst_recovery_ns", c.worst_recovery.count())
      .member("others", c.others)
      .member("forks", c.forks)
      .member("steps", c.steps)
      .member("milliseconds", wall.count() / 1'000'000)
      .key("transactions")
      .begin_array();
  for (std::size_t i = 0; i < c.transactions.size(); ++i) {
    json.begin_object()
        .member("name", std::string_view(c.transactions[i]))
        .member("given_up", c.gave_up[i])
        .end_object();
  }
  json.end_array().key("failed").begin_object();
  for (const auto& [failure, count] : c.failed) json.member(failure, count);
  json.end_object();
  if (saved) {
    json.member("losses", c.shortest->losses)
        .member("what", std::string_view(summary(saved->outcome)))
        .member("saved", std::string_view(saved->path))
        .member("replay", replay_command(replay_line_of_saved(request.program, saved->path,
                                                              RunLimits{}.steps)));
  }
  json.end_object();
  return text;
}

void print_failure(const Certificate& c, const Saved& saved, const ExhaustRequest& request) {
  fmt::print("\nthe shortest that fails, of {} losses ({}):\n", c.shortest->losses,
             c.shortest->failure);
  for (const std::string& line : saved.why) fmt::print("{}\n", line);
  fmt::print("{}\nsaved: {}\n", summary(saved.outcome), saved.path);
  if (saved.outcome.exit == ExitCode::held) {
    fmt::print("(its [expect] does not ask for what is not in time, so that a run of it holds)\n");
  }
  fmt::print("{}\n", replay_line_of_saved(request.program, saved.path, RunLimits{}.steps));
}

}  // namespace

int exhaust_verb(const ExhaustRequest& request, const RoleRegistry& registry) {
  if (!is_folder_name("exhaust", request.out)) return static_cast<int>(ExitCode::usage);
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items)) return static_cast<int>(ExitCode::usage);
  const Scenario& scenario = items.front().scenario;
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  ExhaustOptions options{
      .transactions = request.transactions, .losses = request.losses, .within = request.within};
  options.jobs =
      request.jobs != 0 ? request.jobs : std::max(1u, std::thread::hardware_concurrency());
  note_running_case(replay_line(request.program, request.file, seed) + "\n");
  // What failed by the time that somebody asks to stop is saved.
  Interrupt interrupt([] {}, grace_for_saving);
  options.limits.cancel = &interrupt.flag();
  CrashingHistory crashing(request.program, request.file, request.out, seed);
  options.before = [&](const Scenario& plain) { crashing.begin(plain); };
  options.walking = [&](const std::vector<LostDatagram>* losses) { crashing.walk(losses); };
  const auto start = std::chrono::steady_clock::now();
  const auto certificate = exhaust(scenario, seed, registry, options);
  const Duration wall = std::chrono::steady_clock::now() - start;
  on_crash(nullptr, nullptr);
  note_running_case("");
  if (interrupt.requested() && !shortest_of(certificate)) {
    fmt::print(stderr, "interrupted after {} histories, none of which failed\n",
               count_text(certificate ? certificate->histories : 0));
    return interrupted_exit;
  }
  if (!certificate) {
    fmt::print(stderr, "{}: {} (with seed 0x{:x})\n", request.file, certificate.error(), seed);
    return static_cast<int>(ExitCode::usage);
  }
  std::optional<Saved> saved;
  if (certificate->shortest) {
    saved = save(*certificate->shortest, request, seed, registry);
    if (saved->path.empty()) {
      fmt::print(stderr, "{}: cannot be written: {}\n", request.out, std::strerror(errno));
      return static_cast<int>(ExitCode::usage);
    }
    // A history that fails is a failure, also where the file's own promises are kept.
    if (saved->outcome.exit == ExitCode::held) saved->outcome.exit = ExitCode::expectation;
  }
  if (request.json) {
    fmt::print("{}\n", json_of(*certificate, request, seed, wall, saved ? &*saved : nullptr));
  } else {
    if (certificate->is_whole) {
      print_certificate(*certificate, request, seed, wall);
    } else {
      fmt::print(stderr, "interrupted after {} histories\n", count_text(certificate->histories));
    }
    if (saved) print_failure(*certificate, *saved, request);
  }
  return exit_of(*certificate, saved ? &*saved : nullptr);
}

}  // namespace tickover::sim
