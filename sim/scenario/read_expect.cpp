#include "sim/scenario/parts.h"

namespace tickover::sim {
namespace {

Sentence sentence_of(const TomlNode& node, Problems& problems) {
  if (node.text.find_first_not_of(" \t") == std::string::npos) {
    problems.error(node.place, "a sentence is expected, such as \"alice has an allocation\"");
  }
  return {node.text, node.place};
}

std::vector<Sentence> read_sentences(const Fields& expect, std::string_view key,
                                     Problems& problems) {
  std::vector<Sentence> sentences;
  const TomlNode* node = expect.node(key);
  if (!node) return sentences;
  if (node->kind == TomlNode::Kind::text) sentences.push_back(sentence_of(*node, problems));
  for (const TomlNode& item : node->items) sentences.push_back(sentence_of(item, problems));
  return sentences;
}

std::vector<CountSpec> read_counts(const Fields& expect, Problems& problems) {
  std::vector<CountSpec> counts;
  const TomlNode* node = expect.node("count");
  if (!node) return counts;
  for (const TomlNode& table : node->items) {
    const Fields fields(table, count_keys(), "a count", problems);
    CountSpec count;
    if (const TomlNode* of = fields.node("of")) count.of = sentence_of(*of, problems);
    fields.read("is", count.is);
    counts.push_back(std::move(count));
  }
  return counts;
}

std::optional<HealSpec> read_heal(const Fields& expect, Problems& problems) {
  const TomlNode* node = expect.node("heal");
  if (!node) return {};
  const Fields fields(*node, heal_keys(), "`heal`", problems);
  HealSpec heal;
  heal.place = node->place;
  fields.read("at", heal.at);
  if (const auto within = fields.get<Range<Duration>>("within")) heal.within = within->low;
  return heal;
}

Found read_found(const TomlNode& node, Problems& problems) {
  const Fields fields(node, found_keys(), "`found`", problems);
  const auto event = fields.get<Range<std::int64_t>>("event").value_or(0).low;
  return {.oracle = fields.text("oracle"),
          .digest = fields.text("digest"),
          .version = fields.text("version"),
          .event = static_cast<std::uint64_t>(event)};
}

}  // namespace

void read_expect(const Fields& top, Scenario& scenario, Reading& reading) {
  Problems& problems = reading.problems;
  if (const TomlNode* node = top.node("expect")) {
    const Fields expect(*node, expect_keys(), "`expect`", problems);
    scenario.expect.finally_ = read_sentences(expect, "finally", problems);
    scenario.expect.always = read_sentences(expect, "always", problems);
    expect.read("always-from", scenario.expect.always_from);
    scenario.expect.never = read_sentences(expect, "never", problems);
    scenario.expect.count = read_counts(expect, problems);
    scenario.expect.heal = read_heal(expect, problems);
  }
  if (const TomlNode* node = top.node("found")) scenario.found = read_found(*node, problems);
}

}  // namespace tickover::sim
