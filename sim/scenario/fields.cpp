#include "sim/scenario/fields.h"

#include <fmt/format.h>

#include "sim/scenario/nearest.h"

namespace tickover::sim {
namespace {

std::vector<std::string> names_of(const Keys& keys) {
  std::vector<std::string> names;
  names.reserve(keys.size());
  for (const KeySpec& key : keys) names.push_back(key.name);
  return names;
}

std::vector<std::string> missing_keys(const TomlNode& table, const Keys& keys) {
  std::vector<std::string> names;
  for (const KeySpec& key : keys) {
    if (key.required && !table.find(key.name)) names.push_back(key.name);
  }
  return names;
}

std::string help_of(const KeySpec& key) {
  return key.help.empty() ? std::string() : fmt::format(": {}", key.help);
}

bool is_list_of_tables(const TomlNode& node) {
  if (node.kind != TomlNode::Kind::list) return false;
  for (const TomlNode& item : node.items) {
    if (item.kind != TomlNode::Kind::table) return false;
  }
  return true;
}

/// Tables are judged by their own keys later; here only that they are tables.
bool check_table(const TomlEntry& entry, const KeySpec& key, Problems& problems) {
  const TomlNode& node = entry.value;
  if (key.type == ValueType::tables) {
    if (is_list_of_tables(node)) return true;
    const bool is_outermost = find_key(scenario_keys(), key.name) != nullptr;
    const bool is_table = node.kind == TomlNode::Kind::table;
    problems.error(entry.place,
                   fmt::format("`{}` is a list of tables: write {}, not {}", key.name,
                               is_outermost ? fmt::format("[[{}]]", key.name)
                                            : fmt::format("{} = [{{ {} = … }}]", key.name,
                                                          key.children.front().name),
                               !is_table      ? node.description()
                               : is_outermost ? fmt::format("[{}]", key.name)
                                              : "a single one"));
    return false;
  }
  if (node.kind == TomlNode::Kind::table) return true;
  if (key.type == ValueType::named_tables) {
    problems.error(entry.place, fmt::format("`{0}` is a table of tables: write [{0}.NAME], not {1}",
                                            key.name, node.description()));
    return false;
  }
  problems.error(node.place, fmt::format("`{}` is a table {{ {} = … }}, found {}", key.name,
                                         key.children.empty() ? "" : key.children.front().name,
                                         node.description()));
  return false;
}

}  // namespace

Fields::Fields(const TomlNode& table, const Keys& keys, std::string_view noun, Problems& problems,
               Unknown unknown, const Hint& hint)
    : table_(table), problems_(problems) {
  const std::vector<std::string> missing = missing_keys(table, keys);
  for (const TomlEntry& entry : table.entries) {
    const KeySpec* key = find_key(keys, entry.key);
    if (!key) {
      const bool allow = unknown == Unknown::allow;
      const std::vector<std::string> known = allow ? missing : names_of(keys);
      std::string meant = problems.is_full() ? std::string() : nearest(entry.key, known);
      if (allow && meant.empty()) continue;
      std::string what = fmt::format("{} has no key {}", noun, quoted(entry.key));
      if (meant.empty() && !problems.is_full()) {
        const std::string whose = hint(entry.key);
        what += whose.empty() ? fmt::format("; it has {}", listed(known)) : "; " + whose;
      }
      problems.error(entry.place, std::move(what), std::move(meant));
      continue;
    }
    Field field{key, &entry, {}, false};
    const bool may_be_table =
        key->type == ValueType::text_or_table || key->type == ValueType::duration_or_table;
    const bool is_table = key->type == ValueType::table || key->type == ValueType::tables ||
                          key->type == ValueType::named_tables ||
                          (may_be_table && entry.value.kind == TomlNode::Kind::table);
    if (is_table) {
      field.right = check_table(entry, *key, problems);
    } else {
      field.value = read_value(entry.value, *key, problems);
      field.right = field.value.has_value();
    }
    fields_.push_back(std::move(field));
  }
  for (const std::string& name : missing) {
    problems.error(table.place,
                   fmt::format("{} needs `{}`{}", noun, name, help_of(*find_key(keys, name))));
  }
}

std::string whose_key(std::string_view key) {
  std::string owners;
  for (const KeySpec& table : scenario_keys()) {
    if (find_key(table.children, key)) {
      const bool several = table.type == ValueType::tables;
      owners += fmt::format("{}{}{}{}", owners.empty() ? "" : " and of ", several ? "[[" : "[",
                            table.name, several ? "]]" : "]");
      continue;
    }
    for (const KeySpec& child : table.children) {
      if (!find_key(child.children, key)) continue;
      owners +=
          fmt::format("{}`{}` in [[{}]]", owners.empty() ? "" : " and of ", child.name, table.name);
      break;
    }
  }
  if (!owners.empty()) return "it is a key of " + owners;
  return find_key(scenario_keys(), key) ? "it is a key of the file, above all tables" : "";
}

const Fields::Field* Fields::find(std::string_view key) const {
  for (const Field& field : fields_) {
    if (field.key->name == key) return &field;
  }
  return nullptr;
}

const TomlNode* Fields::node(std::string_view key) const {
  const Field* field = find(key);
  return field && field->right ? &field->entry->value : nullptr;
}

const Value* Fields::value(std::string_view key) const {
  const Field* field = find(key);
  return field && field->value ? &*field->value : nullptr;
}

Place Fields::place(std::string_view key) const {
  const TomlEntry* entry = table_.find(key);
  return entry ? entry->value.place : table_.place;
}

Settings Fields::settings(const Keys& keys) const {
  Settings settings;
  for (const Field& field : fields_) {
    const std::string& name = field.key->name;
    if (!field.right || !find_key(keys, name)) continue;
    const TomlNode& node = field.entry->value;
    if (field.value) {
      settings.entries.push_back({name, *field.value, node.place});
    } else if (node.kind == TomlNode::Kind::table) {
      const Fields nested(node, field.key->children, fmt::format("`{}`", name), problems_);
      settings.entries.push_back({name, nested.settings(field.key->children), node.place});
    }
  }
  return settings;
}

}  // namespace tickover::sim
