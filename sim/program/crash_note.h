#pragma once

#include <string>

namespace tickover::sim {

/// Installs handlers that, if the process dies of a fault (a CHECK, a segmentation fault, …), print
/// the note of the case that was running on that thread and exit with ExitCode::crash.
void install_crash_notes();

/// What this thread is running from now on; "" for nothing. The text is kept until the next call.
void note_running_case(std::string note);

}  // namespace tickover::sim
