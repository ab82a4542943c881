#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace tickover::sim {

/// One option of a verb, told without the library that reads command lines.
struct Option {
  std::string name;   // "--listen", or a bare name for a positional argument
  std::string value;  // what its value is called in the help; empty for a flag, which has none
  std::string help;
  std::string group;
  bool repeats = false;
  bool is_required = false;
  /// Takes the value; what is wrong with it, if anything is.
  std::function<std::optional<std::string>(const std::string&)> take;

  bool is_flag() const { return value.empty() && name.starts_with('-'); }
};

/// The options of one verb, each bound to where its value goes. The help of an option ends with
/// what it is without it.
class OptionList {
 public:
  /// The heading under which the help shows what follows.
  OptionList& group(std::string heading);

  OptionList& required(std::string name, std::string value, std::string help, std::string& to);
  OptionList& text(std::string name, std::string value, std::string help, std::string& to);
  OptionList& texts(std::string name, std::string value, std::string help,
                    std::vector<std::string>& to);
  /// One of a few words; `to` gets its place among them.
  OptionList& choice(std::string name, std::vector<std::string> words, std::string help,
                     std::size_t& to);
  OptionList& flag(std::string name, std::string help, bool& to);
  OptionList& duration(std::string name, std::string help, Duration& to);
  /// A whole number from `least` to `most`.
  template <class Count>
  OptionList& count(std::string name, std::string help, Count& to, std::uint64_t least,
                    std::uint64_t most) {
    return number(std::move(name), std::move(help), least, most,
                  [&to](std::uint64_t value) { to = static_cast<Count>(value); });
  }
  OptionList& add(Option option);

  const std::vector<Option>& options() const { return options_; }

 private:
  OptionList& number(std::string name, std::string help, std::uint64_t least, std::uint64_t most,
                     std::function<void(std::uint64_t)> to);

  std::string group_;
  std::vector<Option> options_;
};

}  // namespace tickover::sim
