#include "sim/oracles/words.h"

#include <fmt/format.h>

namespace tickover::sim {

std::string time_text(Duration d) {
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t ns = d.count();
  const std::int64_t fraction = ns < 0 ? -(ns % second) : ns % second;
  std::string text =
      fmt::format("{}{}.{:09}", ns < 0 && ns > -second ? "-" : "", ns / second, fraction);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "s";
}

}  // namespace tickover::sim
