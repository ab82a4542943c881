#include "sim/program/lost_output.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <system_error>

#include "sim/search/run_case.h"

namespace tickover::sim {
namespace {

constexpr std::string_view complaint = "tickover: not all output could be written\n";
std::terminate_handler usual = nullptr;

bool is_about_output() {
  try {
    std::rethrow_exception(std::current_exception());
  } catch (const std::system_error&) {  // as fmt throws it
    return std::ferror(stdout) != 0 || std::ferror(stderr) != 0;
  } catch (...) {
    return false;
  }
}

[[noreturn]] void terminate() {
  if (std::current_exception() != nullptr && is_about_output()) {
    [[maybe_unused]] const auto written =
        ::write(STDERR_FILENO, complaint.data(), complaint.size());
    ::_exit(static_cast<int>(ExitCode::usage));
  }
  usual();
  std::abort();
}

}  // namespace

void end_where_output_is_lost() {
  usual = std::set_terminate(terminate);
}

int flushed(int code) {
  std::cout.flush();
  if (std::cout && std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::cerr << complaint;
  return code != 0 ? code : static_cast<int>(ExitCode::usage);
}

}  // namespace tickover::sim
