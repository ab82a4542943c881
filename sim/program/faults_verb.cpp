#include "sim/program/faults_verb.h"

#include <fmt/core.h>

#include <algorithm>
#include <bitset>
#include <thread>
#include <tuple>
#include <utility>

#include "sim/program/crash_note.h"
#include "sim/program/load.h"
#include "sim/program/replay_line.h"
#include "sim/program/sweep_table.h"
#include "sim/report/json.h"
#include "sim/report/story.h"
#include "sim/scenario/nearest.h"
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
std::string effect_text(const FaultEffect& cell) {
  if (!cell.oracle.empty()) return cell.oracle + "!";
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  constexpr Duration least = std::chrono::microseconds(500);  // what is not worth a digit
  if (cell.recovery >= least) add("+" + short_text(cell.recovery));
  if (cell.missing > 0) add(fmt::format("-{}", cell.missing));
  if (cell.extra > 0) add(fmt::format("x{}", cell.extra));
  return text.empty() ? "=" : text;
}
std::string cell_text(const FaultCell& cell) {
  return cell.fault ? effect_text(cell) : ".";
}

std::string replay_of(const std::vector<FaultSpec>& faults, const FaultsRequest& request,
                      std::uint64_t seed) {
  std::string line = replay_line(request.program, request.file, seed);
  for (const FaultSpec& fault : faults) line += fault_option(fault_text(fault));
  return line;
}
std::string command_of(const std::vector<FaultSpec>& faults, const FaultsRequest& request,
                       std::uint64_t seed) {
  return replay_of(faults, request, seed).substr(std::string_view("replay: ").size());
}
std::string command_of(const FaultCell& cell, const FaultsRequest& request, std::uint64_t seed) {
  return command_of(std::vector{*cell.fault}, request, seed);
}

void print_trimmed(std::string_view line) {
  fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
}

void print_matrix(const FaultMatrix& matrix, const std::bitset<single_faults>& kinds,
                  const FaultsRequest& request, std::uint64_t seed) {
  std::size_t width = std::string_view("datagram").size();
  for (const FaultRow& row : matrix.rows) width = std::max(width, packet_name(row.packet).size());
  std::string line = fmt::format("{:>11}  {:<{}}", "sent", "datagram", width);
  for (std::size_t f = 0; f < single_faults; ++f) {
    if (kinds.test(f)) line += fmt::format("  {:<11}", name_of(static_cast<SingleFault>(f)));
  }
  print_trimmed(line);
  const FaultCell* example = nullptr;
  for (const FaultRow& row : matrix.rows) {
    const std::string sent = seconds_text(row.sent);
    line = fmt::format("{:>9} s  {:<{}}", sent.substr(0, sent.size() - 6), packet_name(row.packet),
                       width);
    for (std::size_t f = 0; f < single_faults; ++f) {
      const FaultCell& cell = row.cells[f];
      if (kinds.test(f)) line += fmt::format("  {:<11}", cell_text(cell));
      const bool is_worse = cell.fault && (!example || cell.recovery > example->recovery);
      if (is_worse) example = &cell;
    }
    print_trimmed(line);
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

void add_effect(JsonWriter& json, const FaultEffect& effect) {
  json.member("exit", static_cast<int>(effect.exit))
      .member("oracle", std::string_view(effect.oracle))
      .member("recovery_ns", effect.recovery.count())
      .member("missing", effect.missing)
      .member("extra", effect.extra);
}

/// What UDP's checksum lets pass though it is bent is more than a machine must cope with.
bool counts(std::size_t fault) {
  const auto kind = static_cast<SingleFault>(fault);
  return kind != SingleFault::corrupted && kind != SingleFault::truncated;
}

/// The gravest cell that counts.
struct Gravest {
  ExitCode exit = ExitCode::held;
  std::vector<FaultSpec> faults;

  void see(ExitCode code, std::vector<FaultSpec> what) {
    if (gravity(code) <= gravity(exit)) return;
    exit = code;
    faults = std::move(what);
  }
};

Gravest gravest_of(const FaultPairs& all) {
  Gravest gravest{.exit = all.matrix.without.exit};
  for (const FaultRow& row : all.matrix.rows) {
    for (std::size_t f = 0; f < single_faults; ++f) {
      if (row.cells[f].fault && counts(f)) gravest.see(row.cells[f].exit, {*row.cells[f].fault});
    }
  }
  for (const FaultPair& pair : all.pairs) {
    if (!counts(pair.first_fault) || !counts(pair.second_fault)) continue;
    gravest.see(pair.effect.exit, {*all.first(pair).fault, *all.second(pair).fault});
  }
  return gravest;
}

std::string pair_name(const FaultPairs& all, std::size_t row, std::size_t fault) {
  return fmt::format("{}: {}", packet_name(all.matrix.rows[row].packet),
                     name_of(static_cast<SingleFault>(fault)));
}

/// The pairs that do more than each fault alone adds up to, the worst first.
std::vector<const FaultPair*> worse_pairs(const FaultPairs& all) {
  std::vector<const FaultPair*> worse;
  for (const FaultPair& pair : all.pairs) {
    if (all.is_more(pair)) worse.push_back(&pair);
  }
  // Of equals, the one that comes first in `all` comes first.
  std::ranges::sort(worse, [](const FaultPair* a, const FaultPair* b) {
    const auto rank = [](const FaultPair* p) {
      return std::tuple(gravity(p->effect.exit), p->effect.missing, p->effect.recovery);
    };
    return rank(a) != rank(b) ? rank(a) > rank(b) : a < b;
  });
  return worse;
}

void print_pairs(const FaultPairs& all, const FaultsRequest& request, std::uint64_t seed) {
  constexpr std::size_t most_shown = 20;
  const std::vector<const FaultPair*> worse = worse_pairs(all);
  fmt::print("\n{} pairs of these cells; {} do more than each alone adds up to{}\n",
             count_text(all.pairs.size()), count_text(worse.size()),
             worse.empty() ? "" : ", the worst first:");
  if (all.left_out > 0) {
    fmt::print("{} more pairs were not run: --cells, --rows, --kinds and --message say which are\n",
               count_text(all.left_out));
  }
  for (std::size_t i = 0; i < std::min(worse.size(), most_shown); ++i) {
    const FaultPair& pair = *worse[i];
    fmt::print("  {} (alone {} and {})\n    {}\n    {}\n", effect_text(pair.effect),
               effect_text(all.first(pair)), effect_text(all.second(pair)),
               pair_name(all, pair.first_row, pair.first_fault),
               pair_name(all, pair.second_row, pair.second_fault));
  }
  if (worse.empty()) return;
  const FaultPair& worst = *worse.front();
  fmt::print("The worst is\n{}\n",
             command_of({*all.first(worst).fault, *all.second(worst).fault}, request, seed));
}

std::string json_of(const FaultPairs& all, const FaultsRequest& request, std::uint64_t seed,
                    int exit) {
  const FaultMatrix& matrix = all.matrix;
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
      json.key(name_of(static_cast<SingleFault>(f))).begin_object();
      add_effect(json, cell);
      json.member("command", std::string_view(command_of(cell, request, seed))).end_object();
    }
    json.end_object().end_object();
  }
  json.end_array();
  if (request.pairs) {
    json.member("pairs_left_out", all.left_out).key("pairs").begin_array();
    for (const FaultPair& pair : all.pairs) {
      json.begin_object()
          .member("first", std::string_view(pair_name(all, pair.first_row, pair.first_fault)))
          .member("second", std::string_view(pair_name(all, pair.second_row, pair.second_fault)))
          .member("more", all.is_more(pair));
      add_effect(json, pair.effect);
      json.member("command", std::string_view(command_of(
                                 {*all.first(pair).fault, *all.second(pair).fault}, request, seed)))
          .end_object();
    }
    json.end_array();
  }
  json.end_object();
  return text;
}

/// Which faults are asked for; nothing, with a word on stderr, where there is no such kind.
std::optional<std::bitset<single_faults>> kinds_of(const FaultsRequest& request) {
  std::bitset<single_faults> kinds;
  if (request.kinds.empty()) {
    // Two bent datagrams at once say little more than one.
    return request.pairs ? kinds.set(0).set(1).set(2) : kinds.set();
  }
  std::vector<std::string> names;
  for (std::size_t f = 0; f < single_faults; ++f) {
    names.emplace_back(name_of(static_cast<SingleFault>(f)));
  }
  for (const std::string& word : request.kinds) {
    const auto at = std::ranges::find(names, word);
    if (at == names.end()) {
      fmt::print(stderr, "tickover faults: --kinds: there is no {}; there are {}\n", quoted(word),
                 listed(names));
      return {};
    }
    kinds.set(static_cast<std::size_t>(at - names.begin()));
  }
  return kinds;
}

/// Says why there is no datagram to befall, and what there is instead.
int refuse_empty(const FaultMatrix& matrix, const FaultsRequest& request) {
  std::vector<std::string> kinds(matrix.messages.begin(), matrix.messages.end());
  if (kinds.empty()) {
    fmt::print(stderr, "{}: no datagram crosses a link, so that nothing can befall one\n",
               request.file);
    return static_cast<int>(ExitCode::usage);
  }
  const std::string close = nearest(request.message, kinds);
  fmt::print(stderr, "tickover faults: --message: there is no {}{}; there are {}\n",
             quoted(request.message), close.empty() ? "" : ", did you mean " + quoted(close) + "?",
             listed(kinds));
  return static_cast<int>(ExitCode::usage);
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
  const auto kinds = kinds_of(request);
  if (!kinds) return static_cast<int>(ExitCode::usage);
  if (request.cells && !request.pairs) {
    fmt::print(stderr, "tickover faults: --cells needs --pairs\n");
    return static_cast<int>(ExitCode::usage);
  }
  note_running_case(replay_line(request.program, request.file, seed) + "\n");
  FaultOptions options{.kinds = *kinds,
                       .message = request.message,
                       .most_rows = request.rows.value_or(request.pairs ? 30 : 200),
                       .most_pairs = request.cells.value_or(10'000)};
  options.jobs =
      request.jobs != 0 ? request.jobs : std::max(1u, std::thread::hardware_concurrency());
  options.before = [&](const std::vector<FaultSpec>& faults) {
    note_running_case(replay_of(faults, request, seed) + "\n");
  };
  FaultPairs all;
  if (request.pairs) {
    all = run_fault_pairs(scenario, seed, registry, options);
  } else {
    all.matrix = run_single_faults(scenario, seed, registry, options);
  }
  note_running_case("");
  if (all.matrix.rows.empty()) return refuse_empty(all.matrix, request);
  const Gravest gravest = gravest_of(all);
  if (request.json) {
    fmt::print("{}\n", json_of(all, request, seed, static_cast<int>(gravest.exit)));
    return static_cast<int>(gravest.exit);
  }
  print_matrix(all.matrix, *kinds, request, seed);
  if (request.pairs) print_pairs(all, request, seed);
  if (all.matrix.without.exit != ExitCode::held) {
    fmt::print("it fails without any of these: {}\n", summary(all.matrix.without));
  }
  if (gravest.exit != ExitCode::held) {
    fmt::print("{}\n", replay_of(gravest.faults, request, seed));
  }
  return static_cast<int>(gravest.exit);
}

}  // namespace tickover::sim
