#pragma once

#include <string>

namespace tickover::sim {

/// Installs handlers that, if the process dies of a fault while a case runs (a CHECK, an uncaught
/// exception, a segmentation fault, the end of the stack), print the note of that case as the last
/// line of stdout and exit with ExitCode::crash.
void install_crash_notes();

/// What this thread is running from now on; "" for nothing. The text is kept until the next call.
void note_running_case(std::string note);

/// Called on a crash of this thread, before the note is printed. It may do little more than
/// write(2): the heap and every lock may be broken. Null: nothing.
void on_crash(void (*last_words)(void* of), void* of);

}  // namespace tickover::sim
