#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/search/sweep.h"

namespace tickover::sim {

/// A word as a shell takes it unchanged.
std::string shell_word(std::string_view word);

/// " --fault 'drop = { … }'": one fault more than the file has.
std::string fault_option(std::string_view fault);

/// "replay: build/release/tickover run scenarios/fast/x.toml --seed 0x7": the last line of every
/// failing output. With `--steps` where the run was limited to other than the usual.
std::string replay_line(std::string_view program, std::string_view file, std::uint64_t seed,
                        std::uint64_t steps = RunLimits{}.steps);

/// The command of such a line alone, as JSON has it.
std::string_view replay_command(std::string_view line);

/// The words of a case's replay line before its seed, which no other item has.
std::string case_words(const SweepItem& item);
/// The replay line of one case of a sweep.
std::string replay_line_of_case(std::string_view program, const SweepItem& item, std::uint64_t seed,
                                std::uint64_t steps);

}  // namespace tickover::sim
