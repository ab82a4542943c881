#include "sim/program/schema.h"

#include <fmt/core.h>

#include <map>
#include <set>

#include "sim/report/json.h"
#include "sim/scenario/keys.h"

namespace tickover::sim {
namespace {

constexpr std::int64_t no_least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t no_most = std::numeric_limits<std::int64_t>::max();

// What sim/scenario/text.h reads, as regular expressions.
constexpr const char* unsigned_duration = R"((\d+(\.\d+)?(d|h|min|s|ms|us|ns))+)";
constexpr const char* one_probability =
    R"((0*(100(\.0+)?|\d{1,2}(\.\d+)?)%|\d+/0*[1-9]\d*|0*1(\.0+)?|0*(\.\d+)?))";
constexpr const char* one_factor = R"((\d+(\.\d+)?|\d+/0*[1-9]\d*))";
constexpr const char* one_rate = R"(\d+(\.\d+)?(bit|kbit|Mbit|Gbit))";
constexpr const char* one_address = R"(^[0-9A-Fa-f:.]+$)";
constexpr const char* any_seed = R"(^(0[xX][0-9a-fA-F]{1,16}|\d+|[0-9a-fA-F]{7,40})$)";

/// One value or, unless it is fixed, a range.
std::string pattern(const std::string& one, bool fixed) {
  return fixed ? fmt::format("^{}$", one) : fmt::format("^({0}| *{0} *\\.\\. *{0} *)$", one);
}

std::string duration(const KeySpec& key) {
  return key.least < 0 ? fmt::format("-?{}", unsigned_duration) : unsigned_duration;
}

/// Writes one schema. Tables are written once, under `definitions`, whoever has them.
class SchemaWriter {
 public:
  explicit SchemaWriter(const RoleRegistry& registry) : registry_(registry) {}

  std::string write() {
    std::string body;
    JsonWriter json(body);
    json.begin_object()
        .member("$schema", "http://json-schema.org/draft-07/schema#")
        .member("title", "A Tickover scenario")
        .member("description", "What goes wrong in a network, and what must hold all the same");
    write_table(json, scenario_keys());
    json.key("definitions").begin_object();
    // A definition may need further ones.
    for (std::size_t i = 0; i < definitions_.size(); ++i) {
      json.key(definitions_[i].name).begin_object();
      const KeySpec key = definitions_[i].key;
      if (definitions_[i].is_host) {
        write_hosts(json, key.children);
      } else {
        write_table(json, key.children, key.name == "fault" ? fault_actions() : Names{});
      }
      json.end_object();
    }
    json.end_object().end_object();
    return body;
  }

 private:
  using Names = std::vector<std::string>;
  struct Definition {
    std::string name;
    KeySpec key;
    bool is_host = false;
  };

  /// The members of a table's schema. Of `one_of`, exactly one key must be there.
  void write_table(JsonWriter& json, const Keys& keys, const Names& one_of = {}) {
    json.member("type", "object").member("additionalProperties", false);
    json.key("properties").begin_object();
    for (const KeySpec& key : keys) {
      json.key(key.name).begin_object().member("description", std::string_view(key.help));
      write_key(json, key);
      json.end_object();
    }
    json.end_object();
    if (!find_key(keys, "like")) return write_required(json, keys, one_of);
    // A template may say all but the name.
    write_needed(json, find_key(keys, "name") ? Names{"name"} : Names{});
    json.key("anyOf").begin_array().begin_object();
    write_needed(json, {"like"});
    json.end_object().begin_object();
    write_required(json, keys, one_of);
    json.end_object().end_array();
  }

  void write_required(JsonWriter& json, const Keys& keys, const Names& one_of) {
    Names required;
    for (const KeySpec& key : keys) {
      if (key.required) required.push_back(key.name);
    }
    write_needed(json, required);
    if (one_of.empty()) return;
    json.key("oneOf").begin_array();
    for (const std::string& name : one_of) {
      json.begin_object();
      write_needed(json, {name});
      json.end_object();
    }
    json.end_array();
  }

  void write_needed(JsonWriter& json, const Names& names) {
    json.key("required").begin_array();
    for (const std::string& name : names) json.value(std::string_view(name));
    json.end_array();
  }

  /// A host has the keys of its role, which may be that of a template.
  void write_hosts(JsonWriter& json, const Keys& common) {
    json.key("anyOf").begin_array();
    for (const std::string& name : registry_.names()) {
      const Role* const role = registry_.find(name);
      Keys keys = common;
      for (KeySpec& key : keys) {
        if (key.name == "role") key.choices = {name};
      }
      keys.insert(keys.end(), role->keys.begin(), role->keys.end());
      json.begin_object().member("title", std::string_view(name + ": " + role->help));
      write_table(json, keys);
      json.end_object();
    }
    json.end_array();
  }

  /// The members of the schema of one key's value.
  void write_key(JsonWriter& json, const KeySpec& key) {
    using enum ValueType;
    const bool may_be_table = key.type == text_or_table || key.type == duration_or_table;
    const bool textual = key.type == text || key.type == text_or_table || key.type == text_or_flag;
    const bool several = !textual && !key.choices.empty() && key.type != texts;
    if (key.type == table || key.type == tables) return write_tables(json, key);
    if (key.type == named_tables) {
      json.member("type", "object").key("additionalProperties").begin_object();
      json.member("type", "object").end_object();
      return;
    }
    json.key("anyOf").begin_array();
    if (may_be_table) {
      json.begin_object().member("$ref", std::string_view(reference(key))).end_object();
    }
    if (several) {
      json.begin_object();
      write_choices(json, key.choices);
      json.end_object();
    }
    write_scalar(json, key);
    json.end_array();
  }

  void write_tables(JsonWriter& json, const KeySpec& key) {
    const std::string target = reference(key);
    if (key.type == ValueType::table) {
      json.key("allOf").begin_array().begin_object();
      json.member("$ref", std::string_view(target)).end_object().end_array();
      return;
    }
    json.member("type", "array").member("minItems", key.name == "host" ? 1 : 0);
    json.key("items").begin_object().member("$ref", std::string_view(target)).end_object();
  }

  /// One schema or more for the values that are no table.
  void write_scalar(JsonWriter& json, const KeySpec& key) {
    using enum ValueType;
    switch (key.type) {
      case flag:
      case text_or_flag:
        json.begin_object().member("type", "boolean").end_object();
        if (!key.choices.empty()) write_text(json, key.choices, "");
        return;
      case integer:
        write_integer(json, key);
        if (!key.fixed) write_text(json, {}, R"(^ *-?\d+ *\.\. *-?\d+ *$)");
        return;
      case moment:
        write_text(json, {}, fmt::format("^{} after .+$", unsigned_duration));
        [[fallthrough]];
      case ValueType::duration:
      case duration_or_table:
        return write_text(json, {}, pattern(sim::duration(key), key.fixed));
      case probability:
        json.begin_object().member("type", "number").member("minimum", 0).member("maximum", 1);
        json.end_object();
        return write_text(json, {}, pattern(one_probability, key.fixed));
      case factor:
        json.begin_object().member("type", "number").member("minimum", 1).end_object();
        return write_text(json, {}, pattern(one_factor, key.fixed));
      case rate:
        return write_text(json, {}, pattern(one_rate, key.fixed));
      case text:
      case text_or_table:
        return write_text(json, key.choices, "");
      case host:
        return write_text(json, {}, "");
      case texts:
        return write_texts(json, key.choices, "");
      case addresses:
        return write_texts(json, {}, one_address);
      case pair:
        json.begin_object().member("type", "array").member("minItems", 2).member("maxItems", 2);
        json.key("items").begin_object().member("type", "string").end_object().end_object();
        return;
      case seed:
        json.begin_object().member("type", "integer").member("minimum", 0).end_object();
        return write_text(json, {}, any_seed);
      case table:
      case tables:
      case named_tables:
        return;
    }
  }

  void write_integer(JsonWriter& json, const KeySpec& key) {
    json.begin_object().member("type", "integer");
    if (key.least != no_least) json.member("minimum", key.least);
    if (key.most != no_most) json.member("maximum", key.most);
    json.end_object();
  }

  void write_choices(JsonWriter& json, const Names& choices) {
    json.key("enum").begin_array();
    for (const std::string& choice : choices) json.value(std::string_view(choice));
    json.end_array();
  }

  /// A schema for one text.
  void write_text(JsonWriter& json, const Names& choices, const std::string& like) {
    json.begin_object().member("type", "string");
    if (!choices.empty()) write_choices(json, choices);
    if (!like.empty()) json.member("pattern", std::string_view(like));
    json.end_object();
  }

  /// One for a text, and one for a list of them.
  void write_texts(JsonWriter& json, const Names& choices, const std::string& like) {
    write_text(json, choices, like);
    json.begin_object().member("type", "array").key("items");
    write_text(json, choices, like);
    json.end_object();
  }

  /// Where the table of that key is defined.
  std::string reference(const KeySpec& key) {
    std::string content;
    for (const KeySpec& child : key.children) content += signature(child) + "\n";
    const auto [at, added] = by_content_.try_emplace(content, "");
    if (added) {
      std::string name = key.name;
      for (int n = 2; !names_.insert(name).second; ++n) name = fmt::format("{}-{}", key.name, n);
      at->second = "#/definitions/" + name;
      definitions_.push_back({name, key, key.name == "host"});
    }
    return at->second;
  }

  /// Two keys with one signature are the same.
  static std::string signature(const KeySpec& key) {
    std::string text = fmt::format("{} {} {} {} {} {} {}", key.name, static_cast<int>(key.type),
                                   key.help, key.required, key.fixed, key.least, key.most);
    for (const std::string& choice : key.choices) text += "|" + choice;
    for (const KeySpec& child : key.children) text += "{" + signature(child) + "}";
    return text;
  }

  const RoleRegistry& registry_;
  std::vector<Definition> definitions_;  // in the order of their first use
  std::map<std::string, std::string> by_content_;
  std::set<std::string> names_;
};

}  // namespace

std::string scenario_schema(const RoleRegistry& registry) {
  return SchemaWriter(registry).write();
}

int schema_verb(bool markdown, const RoleRegistry& registry) {
  if (markdown) {
    fmt::print("{}", scenario_reference(registry));
  } else {
    fmt::print("{}\n", scenario_schema(registry));
  }
  return 0;
}

}  // namespace tickover::sim
