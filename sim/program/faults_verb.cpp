#include "sim/program/faults_verb.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "sim/program/crash_note.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/report/json.h"
#include "sim/report/story.h"
#include "sim/scenario/printer.h"
#include "sim/search/single_faults.h"

namespace tickover::sim {
namespace {

/// "alice to relay, Refresh request 3, copy 2".
std::string packet_name(const PacketMatch& packet) {
  std::string text = fmt::format("{} to {}, {} {}", packet.from, packet.to, packet.message,
                                 packet.transaction->low);
  if (packet.copy->low > 1) text += fmt::format(", copy {}", packet.copy->low);
  return text;
}

/// "=" if nobody noticed; "+0.5s" if something was told so much later; "-2" and "x1" for what was
/// told less or more often; the oracle if one broke.
std::string cell_text(const FaultCell& cell) {
  if (!cell.fault) return ".";
  if (!cell.oracle.empty()) return cell.oracle + "!";
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  constexpr Duration least = std::chrono::microseconds(500);  // what is not worth a digit
  if (cell.recovery >= least) add("+" + short_text(cell.recovery));
  if (cell.missing > 0) add(fmt::format("-{}", cell.missing));
  if (cell.extra > 0) add(fmt::format("x{}", cell.extra));
  return text.empty() ? "=" : text;
}

std::string command_of(const FaultSpec& fault, const FaultsRequest& request, std::uint64_t seed) {
  return replay_line(request.program, request.file, seed) + fault_option(fault_text(fault));
}
std::string command_of(const FaultCell& cell, const FaultsRequest& request, std::uint64_t seed) {
  return command_of(*cell.fault, request, seed).substr(std::string_view("replay: ").size());
}

void print_matrix(const FaultMatrix& matrix, const FaultsRequest& request, std::uint64_t seed) {
  std::size_t width = std::string_view("datagram").size();
  for (const FaultRow& row : matrix.rows) width = std::max(width, packet_name(row.packet).size());
  fmt::print("{:>11}  {:<{}}", "sent", "datagram", width);
  for (std::size_t f = 0; f < single_faults; ++f) {
    fmt::print("  {:<11}", name_of(static_cast<SingleFault>(f)));
  }
  fmt::print("\n");
  const FaultCell* example = nullptr;
  for (const FaultRow& row : matrix.rows) {
    fmt::print("{:>9} s  {:<{}}",
               seconds_text(row.sent).substr(0, seconds_text(row.sent).size() - 6),
               packet_name(row.packet), width);
    for (const FaultCell& cell : row.cells) {
      fmt::print("  {:<11}", cell_text(cell));
      const bool is_worse = cell.fault && (!example || cell.recovery > example->recovery);
      if (is_worse) example = &cell;
    }
    fmt::print("\n");
  }
  if (matrix.left_out > 0) {
    fmt::print("{} more datagrams: --rows and --message say which are looked at\n",
               matrix.left_out);
  }
  fmt::print(
      "= nobody noticed; +t told so much later at most; -n told less often; xn told more often;\n"
      "ORACLE! broken; . cannot be. {} runs. A cell is one command, such as\n",
      matrix.runs);
  if (example) fmt::print("{}\n", command_of(*example, request, seed));
}

std::string json_of(const FaultMatrix& matrix, const FaultsRequest& request, std::uint64_t seed,
                    int exit) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("file", std::string_view(request.file))
      .member("seed", std::string_view(fmt::format("0x{:x}", seed)))
      .member("exit", exit)
      .member("runs", matrix.runs)
      .member("left_out", matrix.left_out)
      .key("datagrams")
      .begin_array();
  for (const FaultRow& row : matrix.rows) {
    json.begin_object()
        .member("datagram", std::string_view(packet_name(row.packet)))
        .member("sent_ns", row.sent.since_origin().count())
        .key("faults")
        .begin_object();
    for (std::size_t f = 0; f < single_faults; ++f) {
      const FaultCell& cell = row.cells[f];
      if (!cell.fault) continue;
      json.key(name_of(static_cast<SingleFault>(f)))
          .begin_object()
          .member("exit", static_cast<int>(cell.exit))
          .member("oracle", std::string_view(cell.oracle))
          .member("recovery_ns", cell.recovery.count())
          .member("missing", cell.missing)
          .member("extra", cell.extra)
          .member("command", std::string_view(command_of(cell, request, seed)))
          .end_object();
    }
    json.end_object().end_object();
  }
  json.end_array().end_object();
  return text;
}

}  // namespace

int faults_verb(const FaultsRequest& request, const RoleRegistry& registry) {
  std::vector<SweepItem> items;
  if (!load_scenarios({request.file}, registry, items)) return static_cast<int>(ExitCode::usage);
  const Scenario& scenario = items.front().scenario;
  const std::uint64_t seed = request.seed.value_or(scenario.seed.value_or(1));
  for (const Problem& problem : plan_problems(scenario, request.file, seed, registry)) {
    fmt::print(stderr, "{} (with seed 0x{:x})\n", problem.text(), seed);
    return static_cast<int>(ExitCode::usage);
  }
  note_running_case(replay_line(request.program, request.file, seed) + "\n");
  FaultOptions options{.message = request.message, .most_rows = request.rows};
  options.jobs =
      request.jobs != 0 ? request.jobs : std::max(1u, std::thread::hardware_concurrency());
  options.before = [&](const FaultSpec& fault) {
    note_running_case(command_of(fault, request, seed) + "\n");
  };
  const FaultMatrix matrix = run_single_faults(scenario, seed, registry, options);
  note_running_case("");
  ExitCode gravest = matrix.without.exit;
  const FaultCell* failing = nullptr;
  for (const FaultRow& row : matrix.rows) {
    for (std::size_t f = 0; f < single_faults; ++f) {
      // What UDP's checksum lets pass though it is bent is more than a machine must cope with.
      const auto kind = static_cast<SingleFault>(f);
      if (kind == SingleFault::corrupted || kind == SingleFault::truncated) continue;
      const FaultCell& cell = row.cells[f];
      if (gravity(cell.exit) <= gravity(gravest)) continue;
      gravest = cell.exit;
      failing = &cell;
    }
  }
  if (request.json) {
    fmt::print("{}\n", json_of(matrix, request, seed, static_cast<int>(gravest)));
    return static_cast<int>(gravest);
  }
  print_matrix(matrix, request, seed);
  if (failing) fmt::print("replay: {}\n", command_of(*failing, request, seed));
  return static_cast<int>(gravest);
}

}  // namespace tickover::sim
