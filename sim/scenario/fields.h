#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/scenario/keys.h"
#include "sim/scenario/problem.h"
#include "sim/scenario/toml_tree.h"

namespace tickover::sim {

/// "it is a key of [[link]]", for a key of another table of a scenario; empty for one of none.
std::string whose_key(std::string_view key);

/// One table of a file, judged by its keys: on construction it reports unknown and missing keys
/// and values of a wrong type. What was wrong reads as absent afterwards, so that the caller goes
/// on and finds the other problems.
class Fields {
 public:
  /// Where unknown keys may be right, only one that looks like a missing required key is reported.
  enum class Unknown : std::uint8_t { refuse, allow };

  /// What else is known of a key that this table does not have, such as whose it is.
  using Hint = std::function<std::string(std::string_view key)>;

  /// `noun` names the table in messages: "a host". All arguments outlive the fields.
  Fields(const TomlNode& table, const Keys& keys, std::string_view noun, Problems& problems,
         Unknown unknown = Unknown::refuse, const Hint& hint = whose_key);

  Place place() const { return table_.place; }
  bool has(std::string_view key) const { return table_.find(key) != nullptr; }
  /// The value as written, if the key is there and its type is right.
  const TomlNode* node(std::string_view key) const;
  /// The place of the value; of the table if the key is absent.
  Place place(std::string_view key) const;

  /// Its value, if it is there, right, and no table.
  const Value* value(std::string_view key) const;

  /// Typed values: present and right, or nothing.
  template <class T>
  std::optional<T> get(std::string_view key) const {
    const Value* any = value(key);
    const T* typed = any ? std::get_if<T>(any) : nullptr;
    return typed ? std::optional<T>(*typed) : std::nullopt;
  }
  std::string text(std::string_view key) const { return get<std::string>(key).value_or(""); }

  /// The settings whose keys are in `keys`, nested tables included, in the order of the file.
  /// Reports what is wrong inside nested tables.
  Settings settings(const Keys& keys) const;

  /// Sets `target` if the key is there and right.
  template <class T>
  void read(std::string_view key, T& target) const {
    if (auto found = get<T>(key)) target = std::move(*found);
  }
  template <class T>
  void read(std::string_view key, std::optional<T>& target) const {
    if (auto found = get<T>(key)) target = std::move(*found);
  }

 private:
  struct Field {
    const KeySpec* key;
    const TomlEntry* entry;
    std::optional<Value> value;  // of scalar types
    bool right = false;
  };
  const Field* find(std::string_view key) const;

  const TomlNode& table_;
  Problems& problems_;
  std::vector<Field> fields_;
};

/// The value of a key of a scalar type: all but table and tables. Nothing after reporting a
/// problem.
std::optional<Value> read_value(const TomlNode& node, const KeySpec& key, Problems& problems);

}  // namespace tickover::sim
