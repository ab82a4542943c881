#include "sim/scenario/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "sim/scenario/nearest.h"

namespace tickover::sim {
namespace {

/// Templates within templates could otherwise double at each step.
constexpr std::size_t most_values = 1'000'000;

std::size_t values_in(const TomlNode& node) {
  std::size_t count = 1;
  for (const TomlNode& item : node.items) count += values_in(item);
  for (const TomlEntry& entry : node.entries) count += values_in(entry.value);
  return count;
}

class Unfolder {
 public:
  Unfolder(TomlNode& root, Problems& problems) : root_(root), problems_(problems) {}

  void run() {
    collect();
    // In the order of the file, so that the first of a circle is told.
    for (const std::string& name : names_) resolve(templates_.at(name));
    for (TomlEntry& entry : root_.entries) {
      constexpr std::array kinds = {"host", "nat", "link", "traffic", "fault"};
      if (std::ranges::find(kinds, entry.key) != kinds.end()) unfold(entry.value, nullptr);
    }
    for (const std::string& name : names_) {
      const Template& unused = templates_.at(name);
      if (unused.is_used) continue;
      problems_.warning(unused.place, fmt::format("nothing is like the template {}", quoted(name)));
    }
  }

 private:
  enum class State : std::uint8_t { untouched, under_way, done };
  struct Template {
    std::string name;
    Place place;
    TomlNode table;
    State state = State::untouched;
    bool is_used = false;
    std::vector<Template*> others = {};  // that it is like, anywhere in it
  };

  void collect() {
    const TomlEntry* all = root_.find("template");
    if (!all || all->value.kind != TomlNode::Kind::table) return;
    for (const TomlEntry& entry : all->value.entries) {
      if (entry.value.kind != TomlNode::Kind::table) {
        problems_.error(entry.value.place,
                        fmt::format("a template is a table: write [template.{}], not {}", entry.key,
                                    entry.value.description()));
        continue;
      }
      Template made{entry.key, entry.place, entry.value};
      std::erase_if(made.table.entries, [&](const TomlEntry& each) {
        if (each.key != "name") return false;
        problems_.error(each.place, "a template gives no `name`: each host and NAT has its own");
        return true;
      });
      names_.push_back(entry.key);
      templates_.emplace(entry.key, std::move(made));
    }
  }

  void resolve(Template& each) {
    if (each.state != State::untouched) return;
    each.state = State::under_way;
    unfold(each.table, &each);
    each.state = State::done;
  }

  /// The table and all in it; `within` is the template that it belongs to, if any.
  void unfold(TomlNode& node, Template* within) {
    for (TomlNode& item : node.items) unfold(item, within);
    for (TomlEntry& entry : node.entries) unfold(entry.value, within);
    const TomlEntry* like = node.find("like");
    if (!like || like->value.kind != TomlNode::Kind::text) return;
    const auto found = templates_.find(like->value.text);
    if (found == templates_.end()) return complain_of_unknown(like->value);
    Template& other = found->second;
    resolve(other);
    if (within) within->others.push_back(&other);
    if (!within) use(other);
    if (other.state == State::under_way) {
      return problems_.error(
          like->value.place,
          fmt::format("the template {} is like itself in the end", quoted(other.name)));
    }
    take_over(node, other, like->value.place);
  }

  void take_over(TomlNode& node, const Template& other, Place place) {
    const std::size_t own = node.entries.size();
    for (const TomlEntry& entry : other.table.entries) {
      const auto end = node.entries.begin() + static_cast<std::ptrdiff_t>(own);
      const bool has_own = std::any_of(
          node.entries.begin(), end, [&](const TomlEntry& mine) { return mine.key == entry.key; });
      if (has_own || entry.key == "like" || values_ > most_values) continue;
      values_ += values_in(entry.value);
      if (values_ > most_values) {
        return problems_.error(
            place, fmt::format("the templates unfold to more than {} values", most_values));
      }
      node.entries.push_back(entry);
    }
  }

  void use(Template& used) {
    if (used.is_used) return;
    used.is_used = true;
    for (Template* other : used.others) use(*other);
  }

  void complain_of_unknown(const TomlNode& name) {
    if (names_.empty()) {
      return problems_.error(name.place, fmt::format("there is no [template.{}]", name.text));
    }
    problems_.error(name.place,
                    fmt::format("there is no template {}; there {} {}", quoted(name.text),
                                names_.size() == 1 ? "is" : "are", listed(names_)),
                    nearest(name.text, names_));
  }

  TomlNode& root_;
  Problems& problems_;
  std::map<std::string, Template, std::less<>> templates_;
  std::vector<std::string> names_;  // in the order of the file
  std::size_t values_ = 0;
};

}  // namespace

void unfold_templates(TomlNode& root, Problems& problems) {
  Unfolder(root, problems).run();
}

}  // namespace tickover::sim
