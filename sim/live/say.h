#pragma once

#include <cstdio>
#include <functional>
#include <string_view>

namespace tickover::sim::live {

/// Writes and flushes. False if not all could be written, as when the reader has gone; never
/// throws, because allocations outlive their readers.
bool say(std::FILE* to, std::string_view text);

/// Runs one live verb and gives its exit code. A pipe whose reader has gone is no reason to die
/// meanwhile. What the system refuses to the loop itself, such as a descriptor, is said on stderr,
/// and the code is 2.
int run_live(std::string_view program, const std::function<int()>& verb);

}  // namespace tickover::sim::live
