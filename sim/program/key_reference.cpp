// The reference of all keys, in Markdown.
#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sim/program/schema.h"
#include "sim/scenario/keys.h"
#include "sim/scenario/presets.h"
#include "sim/scenario/print_conditions.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

constexpr std::int64_t no_most = std::numeric_limits<std::int64_t>::max();
/// So many rows that another section has, too, are named instead of said again.
constexpr std::size_t worth_naming = 5;
constexpr std::string_view the_file = "The file";

std::string_view value_noun(ValueType type) {
  switch (type) {
    case ValueType::flag:
    case ValueType::text_or_flag:
      return "`true` or `false`";
    case ValueType::integer:
      return "integer";
    case ValueType::duration:
      return "duration";
    case ValueType::probability:
      return "probability";
    case ValueType::text:
      return "text";
    case ValueType::texts:
      return "text or list of texts";
    case ValueType::host:
      return "name";
    case ValueType::factor:
      return "factor";
    case ValueType::table:
      return "table";
    case ValueType::text_or_table:
      return "text or table";
    case ValueType::duration_or_table:
      return "duration, range or table";
    case ValueType::moment:
      return "duration, range or moment";
    case ValueType::rate:
      return "rate";
    case ValueType::tables:
      return "list of tables";
    case ValueType::named_tables:
      return "tables by name";
    case ValueType::pair:
      return "two names";
    case ValueType::addresses:
      return "address or list of addresses";
    case ValueType::seed:
      return "seed";
  }
  return {};
}

bool may_be_range(const KeySpec& key) {
  using enum ValueType;
  return !key.fixed && (key.type == integer || key.type == duration || key.type == probability ||
                        key.type == factor || key.type == rate);
}

std::string bound_text(const KeySpec& key, std::int64_t bound) {
  using enum ValueType;
  if (key.type == rate) return rate_text(bound);
  const bool is_time = key.type != integer;
  return is_time ? duration_text(Duration::nanoseconds(bound)) : std::to_string(bound);
}

std::string bounds_words(const KeySpec& key) {
  using enum ValueType;
  const bool is_bounded = key.type == integer || key.type == duration || key.type == moment ||
                          key.type == duration_or_table || key.type == rate;
  if (!is_bounded) return {};
  if (key.least == key.most) return fmt::format(": {}", key.least);
  if (key.most != no_most) {
    return fmt::format(", {} to {}", bound_text(key, key.least), bound_text(key, key.most));
  }
  if (key.least < 0) return ", may be negative";
  return key.least > 1    ? fmt::format(", at least {}", bound_text(key, key.least))
         : key.least == 1 ? ", above 0"
                          : "";
}

std::string choices_words(const std::vector<std::string>& choices) {
  std::string words;
  for (const std::string& choice : choices) {
    words += fmt::format("{}`\"{}\"`", words.empty() ? "" : ", ", choice);
  }
  return words;
}

bool is_same(const KeySpec& a, const KeySpec& b) {
  return a.name == b.name && a.type == b.type && a.help == b.help && a.required == b.required &&
         a.choices == b.choices;
}

bool has(const Keys& keys, const KeySpec& key) {
  return std::ranges::any_of(keys, [&](const KeySpec& each) { return is_same(each, key); });
}

class ReferenceWriter {
 public:
  explicit ReferenceWriter(const RoleRegistry& registry) : registry_(registry) {}

  std::string write() {
    section("###", std::string(the_file), scenario_keys());
    presets();
    messages();
    return std::move(text_);
  }

 private:
  struct Section {
    std::string title;
    Keys keys;
  };

  void section(std::string_view level, const std::string& title, const Keys& keys) {
    const Section* const earlier = most_alike(keys);
    text_ += fmt::format("{}{} {}\n\n", text_.empty() ? "" : "\n", level, title);
    rows(keys, earlier);
    sections_.push_back({title, keys});
    for (const KeySpec& key : keys) {
      if (!key.children.empty()) child(key, title);
      if (key.name == "host" && key.type == ValueType::tables) roles();
    }
  }

  void child(const KeySpec& key, const std::string& within) {
    const auto is_known = [&](const Section& each) {
      return each.keys.size() == key.children.size() &&
             std::ranges::equal(each.keys, key.children, is_same);
    };
    if (std::ranges::any_of(sections_, is_known)) return;
    if (within == the_file) {
      const bool several = key.type == ValueType::tables;
      section("###", several ? "`[[" + key.name + "]]`" : "`[" + key.name + "]`", key.children);
    } else {
      section("####", fmt::format("`{}` in {}", key.name, within), key.children);
    }
  }

  void roles() {
    for (const std::string& name : registry_.names()) {
      const Role* const role = registry_.find(name);
      const std::string title = fmt::format("`[[host]]` of `role = \"{}\"`", name);
      if (role->keys.empty()) {
        text_ += fmt::format("\n#### {}\n\nIt {}. It has no keys of its own.\n", title, role->help);
        continue;
      }
      section("####", title, role->keys);
    }
  }

  void presets() {
    text_ += "\n### Presets of a link\n\n| preset | stands for |\n|---|---|\n";
    for (const std::string& name : preset_names()) {
      TomlTable table;
      add_conditions(table, preset_conditions(name));
      std::string settings = table.block();
      while (settings.ends_with('\n')) settings.pop_back();
      std::string line;
      for (std::size_t begin = 0; begin <= settings.size();) {
        const std::size_t end = std::min(settings.find('\n', begin), settings.size());
        line +=
            fmt::format("{}`{}`", begin == 0 ? "" : "<br>", settings.substr(begin, end - begin));
        begin = end + 1;
      }
      text_ += fmt::format("| `{}` | {} |\n", name, line);
    }
  }

  void messages() {
    text_ += "\n### What datagrams are called\n\n| role | messages |\n|---|---|\n";
    std::map<std::vector<std::string>, std::string> roles;
    for (const std::string& name : registry_.names()) {
      std::string& names = roles[registry_.find(name)->messages];
      names += fmt::format("{}`{}`", names.empty() ? "" : ", ", name);
    }
    for (const auto& [messages, names] : roles) {
      std::string words;
      for (const std::string& message : messages) {
        words += fmt::format("{}`{}`", words.empty() ? "" : ", ", message);
      }
      text_ += fmt::format("| {} | {} |\n", names, words.empty() ? "as it likes" : words);
    }
  }

  /// The section that says most of these rows, if it says enough of them.
  const Section* most_alike(const Keys& keys) const {
    const Section* best = nullptr;
    std::size_t most = worth_naming - 1;
    for (const Section& each : sections_) {
      const auto same = static_cast<std::size_t>(
          std::ranges::count_if(keys, [&](const KeySpec& key) { return has(each.keys, key); }));
      if (same <= most) continue;
      best = &each;
      most = same;
    }
    return best;
  }

  void rows(const Keys& keys, const Section* earlier) {
    std::string shared;
    std::string own;
    for (const KeySpec& key : keys) {
      if (earlier && has(earlier->keys, key)) {
        shared += fmt::format("{}`{}`", shared.empty() ? "" : ", ", key.name);
      } else {
        own += row(key);
      }
    }
    if (!own.empty()) text_ += "| key | value | what it is |\n|---|---|---|\n" + own;
    if (shared.empty()) return;
    if (!own.empty()) text_ += '\n';
    text_ += fmt::format("As in {}: {}.\n", earlier->title, shared);
  }

  static std::string row(const KeySpec& key) {
    return fmt::format("| `{}`{} | {} | {} |\n", key.name, key.required ? ", required" : "",
                       value_words(key), escaped(key.help));
  }

  static std::string escaped(std::string_view help) {
    std::string text;
    for (const char c : help) text += c == '|' ? std::string("\\|") : std::string(1, c);
    return text;
  }

  const RoleRegistry& registry_;
  std::string text_;
  std::vector<Section> sections_;
};

}  // namespace

std::string value_words(const KeySpec& key) {
  if (key.type == ValueType::texts && !key.choices.empty()) {
    return "one or a list of " + choices_words(key.choices);
  }
  const bool is_textual = key.type == ValueType::text || key.type == ValueType::text_or_table;
  std::string words =
      is_textual && !key.choices.empty()
          ? choices_words(key.choices) + (key.type == ValueType::text_or_table ? " or table" : "")
          : std::string(value_noun(key.type));
  if (may_be_range(key)) words += " or range";
  words += bounds_words(key);
  if (!is_textual && !key.choices.empty()) words += ", or " + choices_words(key.choices);
  return words;
}

std::string scenario_reference(const RoleRegistry& registry) {
  return ReferenceWriter(registry).write();
}

}  // namespace tickover::sim
