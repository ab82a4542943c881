#pragma once

namespace tickover::sim {

/// From now on a program that throws because its output could not be written, as to a full disk or
/// to a reader that has gone, says so and exits with ExitCode::usage: that is no crash.
void end_where_output_is_lost();

/// `code`, unless something that was printed has been lost: nothing may be lost unnoticed.
int flushed(int code);

}  // namespace tickover::sim
