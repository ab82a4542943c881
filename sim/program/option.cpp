#include "sim/program/option.h"

#include <algorithm>
#include <utility>

#include "sim/program/usage.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/text.h"

namespace tickover::sim {

OptionList& OptionList::group(std::string heading) {
  group_ = std::move(heading);
  return *this;
}

OptionList& OptionList::add(Option option) {
  option.group = group_;
  options_.push_back(std::move(option));
  return *this;
}

OptionList& OptionList::required(std::string name, std::string value, std::string help,
                                 std::string& to) {
  text(std::move(name), std::move(value), std::move(help), to);
  options_.back().is_required = true;
  return *this;
}

OptionList& OptionList::text(std::string name, std::string value, std::string help,
                             std::string& to) {
  return add({.name = std::move(name),
              .value = std::move(value),
              .help = std::move(help),
              .take = [&to](const std::string& given) -> std::optional<std::string> {
                to = given;
                return {};
              }});
}

OptionList& OptionList::texts(std::string name, std::string value, std::string help,
                              std::vector<std::string>& to) {
  add({.name = std::move(name),
       .value = std::move(value),
       .help = std::move(help),
       .repeats = true,
       .take = [&to](const std::string& given) -> std::optional<std::string> {
         to.push_back(given);
         return {};
       }});
  return *this;
}

OptionList& OptionList::choice(std::string name, std::vector<std::string> words, std::string help,
                               std::size_t& to) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : "|") + word;
  return add({.name = std::move(name),
              .value = all,
              .help = std::move(help),
              .take = [&to, words = std::move(words)](
                          const std::string& given) -> std::optional<std::string> {
                const auto found = std::ranges::find(words, given);
                if (found == words.end()) {
                  return "expected " + listed(words) + ", found " + quoted(given);
                }
                to = static_cast<std::size_t>(found - words.begin());
                return {};
              }});
}

OptionList& OptionList::flag(std::string name, std::string help, bool& to) {
  return add({.name = std::move(name),
              .help = std::move(help),
              .take = [&to](const std::string&) -> std::optional<std::string> {
                to = true;
                return {};
              }});
}

OptionList& OptionList::duration(std::string name, std::string help, Duration& to) {
  return add({.name = std::move(name),
              .value = "TIME",
              .help = std::move(help),
              .take = [&to](const std::string& given) -> std::optional<std::string> {
                const auto parsed = parse_duration(given);
                if (!parsed) return parsed.error().what;
                if (*parsed < Duration{}) return "a negative time: " + quoted(given);
                to = *parsed;
                return {};
              }});
}

OptionList& OptionList::number(std::string name, std::string help, std::uint64_t least,
                               std::uint64_t most, std::function<void(std::uint64_t)> to) {
  return add(
      {.name = std::move(name),
       .value = "N",
       .help = std::move(help),
       .take = [=, to = std::move(to)](const std::string& given) -> std::optional<std::string> {
         const auto parsed = parse_count(given, least, most);
         if (!parsed) return parsed.error();
         to(*parsed);
         return {};
       }});
}

}  // namespace tickover::sim
