#include "core/check.h"

#include <unistd.h>
#include <cstdlib>
#include <string>

namespace tickover {

void check_failed(const char* condition, const char* file, int line) {
  const std::string text =
      std::string(file) + ":" + std::to_string(line) + ": CHECK failed: " + condition + "\n";
  // A message that cannot be written must not hide the abort.
  [[maybe_unused]] const auto written = ::write(2, text.data(), text.size());
  std::abort();
}

}  // namespace tickover
