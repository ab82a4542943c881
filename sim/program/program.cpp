// CLI11's only door: what can be said on the command line.
#include "sim/program/program.h"

#include <CLI/CLI.hpp>

#include <iostream>

#include "sim/program/check.h"
#include "sim/program/crash_note.h"
#include "sim/program/list.h"
#include "sim/program/new.h"
#include "sim/program/run_verb.h"
#include "sim/program/sweep_verb.h"
#include "sim/scenario/text.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 all held; 1 a built-in oracle broke; 2 bad usage or bad file; 3 something in\n"
    "[expect], or liveness, failed; 4 not deterministic; 5 a step budget ran out; 6 the machine\n"
    "under test crashed. The last line of a failure is the command that replays it.";

/// Options of type seed take decimal, hex or a commit hash.
void add_seed(CLI::App& verb, const std::string& name, std::optional<std::uint64_t>& seed,
              const std::string& help) {
  verb.add_option_function<std::string>(
          name,
          [&seed, name](const std::string& text) {
            const auto parsed = parse_seed(text);
            if (!parsed) throw CLI::ValidationError(name, parsed.error().what);
            seed = *parsed;
          },
          help)
      ->type_name("SEED");
}

}  // namespace

int run_program(int argc, char** argv, const RoleRegistry& registry) {
  CLI::App app("A laboratory for sans-IO STUN/TURN code: deterministic networks, oracles, replay.",
               "tickover");
  app.footer(exit_codes);
  app.set_version_flag("--version", "tickover " TICKOVER_VERSION);
  app.require_subcommand(1);

  RunRequest run;
  run.program = argc > 0 ? argv[0] : "tickover";
  CLI::App* run_app =
      app.add_subcommand("run", "One run of one scenario: timeline, verdict, digest");
  run_app->add_option("file", run.file, "the scenario")->required()->type_name("FILE");
  add_seed(*run_app, "--seed", run.seed, "decimal, 0x hex or a commit hash (the file's, else 1)");
  run_app->add_option("--log", run.log, "write the run as JSON Lines")->type_name("FILE");
  run_app->add_flag("-v,--verbose", run.verbose, "the whole timeline");
  run_app->add_flag("--json", run.json, "the result as JSON");
  run_app->add_flag("--caught", run.caught, "exit 0 only if the file's caught-by caught it");
  run_app->add_option("--steps", run.steps, "the most steps a run may take")->type_name("N");

  SweepRequest sweep;
  sweep.program = run.program;
  std::optional<std::uint64_t> from;
  CLI::App* sweep_app = app.add_subcommand("sweep", "Many seeds over many scenarios, on all cores");
  sweep_app->add_option("paths", sweep.paths, "scenarios, or folders of them")
      ->required()
      ->type_name("PATH");
  sweep_app->add_option("--seeds", sweep.seeds, "seeds for each scenario (100)")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  add_seed(*sweep_app, "--from", from, "the first seed (1)");
  sweep_app->add_option("--jobs", sweep.jobs, "threads (all cores)")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  sweep_app->add_option("--out", sweep.out, "folder for saved failures (runs)")->type_name("DIR");
  sweep_app->add_flag("--quiet", sweep.quiet, "print failures only");
  sweep_app->add_flag("--json", sweep.json, "the result as JSON");
  sweep_app->add_option("--steps", sweep.steps, "the most steps a run may take")->type_name("N");

  std::vector<std::string> check_paths;
  bool check_json = false;
  CLI::App* check_app = app.add_subcommand("check", "Says what is wrong with scenarios, and where");
  check_app->add_option("files", check_paths, "the scenarios")->required()->type_name("FILE");
  check_app->add_flag("--json", check_json, "the result as JSON");

  std::string new_name;
  CLI::App* new_app = app.add_subcommand("new", "Writes a commented template, NAME.toml");
  new_app->add_option("name", new_name, "its name")->required()->type_name("NAME");

  std::vector<std::string> list_paths;
  bool list_json = false;
  CLI::App* list_app = app.add_subcommand("list", "Lists scenarios with their first sentence");
  list_app->add_option("paths", list_paths, "files and folders (scenarios)")->type_name("PATH");
  list_app->add_flag("--json", list_json, "the result as JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  install_crash_notes();
  if (run_app->parsed()) return run_verb(run, registry);
  if (sweep_app->parsed()) {
    sweep.from = from.value_or(1);
    return sweep_verb(sweep, registry);
  }
  if (check_app->parsed()) {
    return check_files(check_paths, check_json, std::cout, std::cerr, registry);
  }
  if (new_app->parsed()) return new_scenario(new_name, std::cout, std::cerr);
  if (list_paths.empty()) list_paths = {"scenarios"};
  return list_scenarios(list_paths, list_json, std::cout, std::cerr);
}

}  // namespace tickover::sim
