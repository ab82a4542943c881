// CLI11's only door: what can be said on the command line.
#include "sim/program/program.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "sim/live/connect.h"
#include "sim/live/relay.h"
#include "sim/program/check.h"
#include "sim/program/crash_note.h"
#include "sim/program/exhaust_verb.h"
#include "sim/program/explain_verb.h"
#include "sim/program/faults_verb.h"
#include "sim/program/list.h"
#include "sim/program/lost_output.h"
#include "sim/program/new.h"
#include "sim/program/option.h"
#include "sim/program/replay_verb.h"
#include "sim/program/run_verb.h"
#include "sim/program/schema.h"
#include "sim/program/sweep_verb.h"
#include "sim/program/usage.h"
#include "sim/scenario/text.h"
#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 all held; 1 a built-in oracle broke; 2 bad usage or bad file; 3 something in\n"
    "[expect], or liveness, failed; 4 not deterministic; 5 a step budget ran out; 6 the machine\n"
    "under test crashed. The last line of a failure is the command that replays it.";

constexpr std::uint64_t most_steps = 1'000'000'000'000;

/// Options of type seed take decimal, hex or a commit hash.
template <class Seed>
void add_seed(CLI::App& verb, const std::string& name, Seed& seed, const std::string& help) {
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

/// Options that count things take whole numbers within limits.
template <class Count>
void add_count(CLI::App& verb, const std::string& name, Count& count, std::uint64_t most,
               const std::string& help, const std::string& unit = "N", std::uint64_t least = 1) {
  verb.add_option_function<std::string>(
          name,
          [&count, name, least, most](const std::string& text) {
            const auto parsed = parse_count(text, least, most);
            if (!parsed) throw CLI::ValidationError(name, parsed.error());
            count = static_cast<Count>(*parsed);
          },
          help)
      ->type_name(unit);
}

/// How all hosts are driven, in the words of a scenario.
void add_driver(CLI::App& verb, DriverChoice& driver) {
  verb.add_option_function<std::string>(
          "--driver",
          [&driver](const std::string& text) {
            const auto parsed = parse_driver(text);
            if (!parsed) throw CLI::ValidationError("--driver", parsed.error());
            driver = *parsed;
          },
          "of all hosts but attackers: lazy, ticking=1ms or oversleeping=200ms (as the file says)")
      ->type_name("DRIVER");
}

void add_time(CLI::App& verb, const std::string& name, std::optional<Duration>& time,
              const std::string& help) {
  verb.add_option_function<std::string>(
          name,
          [&time, name](const std::string& text) {
            const auto parsed = parse_duration(text);
            if (!parsed) throw CLI::ValidationError(name, parsed.error().what);
            if (*parsed <= Duration{}) throw CLI::ValidationError(name, "it takes more than 0s");
            time = *parsed;
          },
          help)
      ->type_name("TIME");
}

/// The options of a verb that says them without CLI11.
void add_options(CLI::App& verb, const OptionList& list) {
  for (const Option& each : list.options()) {
    const auto take = [each](const std::string& text) {
      if (const auto problem = each.take(text)) throw CLI::ValidationError(each.name, *problem);
    };
    CLI::Option* option = nullptr;
    if (each.is_flag()) {
      option = verb.add_flag_callback(each.name, [take] { take(""); }, each.help);
    } else if (each.repeats) {
      option = verb.add_option_function<std::vector<std::string>>(
          each.name,
          [take](const std::vector<std::string>& all) { std::ranges::for_each(all, take); },
          each.help);
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    } else {
      option = verb.add_option_function<std::string>(each.name, take, each.help);
    }
    if (!each.is_flag()) option->type_name(each.value);
    if (!each.group.empty()) option->group(each.group);
    option->required(each.is_required);
  }
}

std::vector<std::string> option_names(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// What is wrong with a command line, in one line.
std::string usage_error(const CLI::App& verb, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return unknown_arguments(verb.remaining(), option_names(verb));
  }
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr &&
      what.find(':') != what.npos) {
    const std::string name = what.substr(0, what.find(':'));
    const CLI::Option* const option = verb.get_option_no_throw(name);
    const bool repeated = option != nullptr && option->count() > 1;
    return name + (repeated ? " was given more than once" : " needs a value");
  }
  return what;
}

int refuse(const CLI::App& app, const CLI::ParseError& error, const std::string& word) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  const auto parsed = app.get_subcommands();
  const std::string name = parsed.empty() ? "" : " " + parsed.front()->get_name();
  std::string what;
  if (!parsed.empty()) {
    what = usage_error(*parsed.front(), error);
  } else if (word.starts_with('-')) {
    what = unknown_arguments({word}, option_names(app));
  } else {
    what = word.empty() ? "a verb is expected" : unknown_verb(word, verbs);
  }
  std::cerr << "tickover" << name << ": " << what << '\n';
  if (word.empty()) {
    std::cerr << '\n' << app.help();
  } else {
    std::cerr << "`tickover" << name << " --help` says more.\n";
  }
  return static_cast<int>(ExitCode::usage);
}

CLI::App* add_replay(CLI::App& app, ReplayRequest& replay, const std::string& program) {
  replay.program = program;
  CLI::App* verb =
      app.add_subcommand("replay", "Whether a saved failure reproduces, and what differs first");
  verb->add_option("FILE", replay.file, "the saved failure")->required()->type_name("");
  verb->add_flag("--json", replay.json, "the result as JSON");
  add_count(*verb, "--steps", replay.steps, most_steps, "the most steps a run may take (50000000)");
  return verb;
}

CLI::App* add_shrink(CLI::App& app, ShrinkRequest& shrink, const std::string& program) {
  shrink.program = program;
  CLI::App* verb = app.add_subcommand("shrink", "Makes a failing scenario as small as it can");
  verb->add_option("FILE", shrink.file, "the scenario")->required()->type_name("");
  add_seed(*verb, "--seed", shrink.seed, "a seed with which it fails (the file's, else 1)");
  verb->add_option("--out", shrink.out, "folder for the result (runs)")->type_name("DIR");
  add_count(*verb, "--runs", shrink.runs, 1'000'000, "the most runs to spend (2000)");
  add_count(*verb, "--steps", shrink.steps, most_steps, "the most steps a run may take (50000000)");
  verb->add_flag("--json", shrink.json, "the result as JSON");
  return verb;
}

CLI::App* add_faults(CLI::App& app, FaultsRequest& faults, const std::string& program) {
  faults.program = program;
  CLI::App* verb = app.add_subcommand(
      "faults",
      "What becomes of a scenario if one thing befalls one datagram, for each of them.\n"
      "Exits as the gravest cell would; corrupted and truncated ones do not count");
  verb->add_option("FILE", faults.file, "the scenario")->required()->type_name("");
  add_seed(*verb, "--seed", faults.seed, "decimal, 0x hex or a commit hash (the file's, else 1)");
  verb->add_option("--message", faults.message, "only this kind, such as Refresh")
      ->type_name("KIND");
  add_count(*verb, "--rows", faults.rows, 1'000'000, "the most datagrams (200; of pairs 30)");
  verb->add_option(
          "--kinds", faults.kinds,
          "lost,late,doubled,reordered,corrupted,truncated (all; of pairs the first three)")
      ->delimiter(',')
      ->type_name("KINDS");
  verb->add_flag("--pairs", faults.pairs, "any two of these at once, besides");
  add_count(*verb, "--cells", faults.cells, 100'000'000, "the most pairs (10000)");
  add_count(*verb, "--jobs", faults.jobs, 1024, "threads (all cores)", "J");
  verb->add_flag("--json", faults.json, "the result as JSON, with the command of every cell");
  return verb;
}

CLI::App* add_exhaust(CLI::App& app, ExhaustRequest& exhaust, const std::string& program) {
  exhaust.program = program;
  CLI::App* verb = app.add_subcommand(
      "exhaust", "Every history of lost and delivered datagrams of a few transactions in a row");
  verb->add_option("FILE", exhaust.file, "the scenario")->required()->type_name("");
  add_seed(*verb, "--seed", exhaust.seed, "decimal, 0x hex or a commit hash (the file's, else 1)");
  verb->add_option("--transactions", exhaust.transactions,
                   "their requests in order (the first three): Allocate,Allocate,ChannelBind")
      ->delimiter(',')
      ->type_name("KINDS");
  add_count(*verb, "--losses", exhaust.losses, 1'000, "the most losses in a history (all)", "N", 0);
  add_time(*verb, "--within", exhaust.within,
           "from the last loss until all is well, at most (as the policies say)");
  verb->add_option("--out", exhaust.out, "folder for a failing history (runs)")->type_name("DIR");
  add_count(*verb, "--jobs", exhaust.jobs, 1024, "threads (all cores)", "J");
  verb->add_flag("--json", exhaust.json, "the certificate as JSON");
  return verb;
}

CLI::App* add_sweep(CLI::App& app, SweepRequest& sweep, const std::string& program) {
  sweep.program = program;
  CLI::App* verb = app.add_subcommand("sweep", "Many seeds over many scenarios, on all cores");
  verb->add_option("PATH", sweep.paths, "scenarios, or folders of them")->type_name("");
  verb->add_flag("--swarm", sweep.swarm, "worlds that are invented from their seeds, besides");
  add_count(*verb, "--seeds", sweep.seeds, 1'000'000'000,
            "seeds for each scenario (100, or as many as there is time)");
  add_seed(*verb, "--from", sweep.from, "the first seed: decimal, 0x hex or a commit hash (1)");
  add_time(*verb, "--for", sweep.time, "begin no further run after that time: 90s, 1h30min");
  verb->add_option_function<std::string>(
          "--minutes",
          [&sweep](const std::string& text) {
            const auto parsed = parse_count(text, 1, 1'000'000);
            if (!parsed) throw CLI::ValidationError("--minutes", parsed.error());
            sweep.time = Duration(std::chrono::minutes(*parsed));
          },
          "the same in minutes")
      ->type_name("M")
      ->excludes("--for");
  add_count(*verb, "--failures", sweep.failures, 1'000'000,
            "end with the N-th distinct failure (all)");
  add_count(*verb, "--jobs", sweep.jobs, 1024, "threads (all cores)", "J");
  verb->add_option("--out", sweep.out, "folder for saved failures and seeds that failed (runs)")
      ->type_name("DIR");
  add_count(*verb, "--shrink", sweep.shrinks, 1'000'000,
            "the most distinct failures to make small (10); 0: none", "N", 0);
  add_driver(*verb, sweep.driver);
  verb->add_flag("--quiet", sweep.quiet, "print failures only");
  verb->add_flag("--json", sweep.json, "the result as JSON");
  add_count(*verb, "--steps", sweep.steps, most_steps, "the most steps a run may take (50000000)");
  return verb;
}

}  // namespace

int run_program(int argc, char** argv, const RoleRegistry& registry) {
  CLI::App app("A laboratory for sans-IO STUN/TURN code: deterministic networks, oracles, replay.",
               "tickover");
  app.footer(exit_codes);
  app.set_help_flag("-h,--help", "this text");
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.get_formatter()->label("Subcommands", "Verbs");
  app.get_formatter()->label("Positionals", "Arguments");
  app.get_formatter()->label("REQUIRED", "");
  app.set_version_flag("--version", "tickover " TICKOVER_VERSION, "the version");
  app.require_subcommand(1);

  RunRequest run;
  run.program = argc > 0 ? argv[0] : "tickover";
  CLI::App* run_app =
      app.add_subcommand("run", "One run of one scenario: timeline, verdict, digest");
  run_app->add_option("FILE", run.file, "the scenario")->required()->type_name("");
  add_seed(*run_app, "--seed", run.seed, "decimal, 0x hex or a commit hash (the file's, else 1)");
  run_app->add_option("--log", run.log, "write the run as JSON Lines")->type_name("FILE");
  run_app->add_option("--fault", run.faults, "one more fault, as a [[fault]] says it")
      ->type_name("TOML");
  run_app->add_option("--fates", run.fates, "write the same run as a scenario without dice")
      ->type_name("FILE");
  run_app->add_option("--explicit", run.explicit_file, "write the same run with all that was drawn")
      ->type_name("FILE");
  run_app->add_flag("-v,--verbose", run.verbose, "the whole timeline");
  run_app->add_flag("--json", run.json, "the result as JSON");
  run_app->add_flag("--caught", run.caught, "exit 0 only if the file's caught-by caught it");
  add_driver(*run_app, run.driver);
  add_count(*run_app, "--steps", run.steps, most_steps, "the most steps a run may take (50000000)");

  ReplayRequest replay;
  CLI::App* replay_app = add_replay(app, replay, run.program);
  FaultsRequest faults;
  CLI::App* faults_app = add_faults(app, faults, run.program);
  ExhaustRequest exhaust;
  CLI::App* exhaust_app = add_exhaust(app, exhaust, run.program);
  ShrinkRequest shrink;
  CLI::App* shrink_app = add_shrink(app, shrink, run.program);

  SweepRequest sweep;
  CLI::App* sweep_app = add_sweep(app, sweep, run.program);

  std::vector<std::string> check_paths;
  bool check_json = false;
  CLI::App* check_app = app.add_subcommand("check", "Says what is wrong with scenarios, and where");
  check_app->footer("");
  check_app->add_option("PATH", check_paths, "scenarios, or folders of them")
      ->required()
      ->type_name("");
  check_app->add_flag("--json", check_json, "the result as JSON");

  std::string new_name;
  bool new_json = false;
  CLI::App* new_app = app.add_subcommand("new", "Writes a commented template, NAME.toml");
  new_app->footer("");
  new_app->add_option("NAME", new_name, "its path, with .toml or without")
      ->required()
      ->type_name("");
  new_app->add_flag("--json", new_json, "the path as JSON");

  std::vector<std::string> list_paths;
  bool list_json = false;
  CLI::App* list_app =
      app.add_subcommand("list", "Lists scenarios: how long, how many hosts, and what must hold");
  list_app->footer("");
  list_app->add_option("PATH", list_paths, "files and folders (scenarios)")->type_name("");
  list_app->add_flag("--json", list_json, "the result as JSON");

  ExplainRequest explained;
  CLI::App* explain_app = app.add_subcommand(
      "explain", "What a scenario does, in plain words, and which values a seed draws");
  explain_app->footer("");
  explain_app->add_option("FILE", explained.file, "the scenario")->required()->type_name("");
  add_seed(*explain_app, "--seed", explained.seed,
           "decimal, 0x hex or a commit hash (the file's, else 1)");
  explain_app->add_flag("--json", explained.json, "the result as JSON");

  bool markdown = false;
  CLI::App* schema_app = app.add_subcommand(
      "schema", "The keys of a scenario as a JSON Schema, for completion in editors");
  schema_app->footer("");
  schema_app->add_flag("--markdown", markdown, "as a reference to read instead");

  live::RelayRequest relay;
  CLI::App* relay_app = app.add_subcommand("relay", "A TURN server on real sockets");
  relay_app->footer(live::relay_footer);
  add_options(*relay_app, live::relay_options(relay));

  live::ConnectRequest connect;
  CLI::App* connect_app = app.add_subcommand("connect", "A TURN client on a real relay");
  connect_app->footer(live::connect_footer);
  add_options(*connect_app, live::connect_options(connect));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return refuse(app, error, argc > 1 ? argv[1] : "");
    app.exit(error);  // prints the help or the version
    return flushed(0);
  }
  install_crash_notes();
  end_where_output_is_lost();
  // An exception that nobody expects is a crash of the machine that threw it.
  const auto run_verbs = [&]() noexcept {
    if (run_app->parsed()) return run_verb(run, registry);
    if (sweep_app->parsed()) return sweep_verb(sweep, registry);
    if (replay_app->parsed()) return replay_verb(replay, registry);
    if (faults_app->parsed()) return faults_verb(faults, registry);
    if (exhaust_app->parsed()) return exhaust_verb(exhaust, registry);
    if (shrink_app->parsed()) return shrink_verb(shrink, registry);
    if (check_app->parsed()) {
      return check_files(check_paths, check_json, std::cout, std::cerr, registry);
    }
    if (new_app->parsed()) return new_scenario(new_name, std::cout, std::cerr, new_json);
    if (relay_app->parsed()) return live::relay_verb(relay, registry);
    if (connect_app->parsed()) return live::connect_verb(connect, registry);
    if (explain_app->parsed()) return explain_verb(explained, registry);
    if (schema_app->parsed()) return schema_verb(markdown, registry);
    if (list_paths.empty()) list_paths = {"scenarios"};
    return list_scenarios(list_paths, list_json, std::cout, std::cerr, registry);
  };
  return flushed(run_verbs());
}

}  // namespace tickover::sim
