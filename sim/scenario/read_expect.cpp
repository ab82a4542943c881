#include <fmt/format.h>

#include "sim/scenario/parts.h"
#include "sim/scenario/text.h"

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

std::vector<BudgetSpec> read_budgets(const Fields& expect, Problems& problems) {
  std::vector<BudgetSpec> budgets;
  const TomlNode* node = expect.node("budget");
  if (!node) return budgets;
  for (const TomlNode& table : node->items) {
    const Fields fields(table, budget_keys(), "a budget", problems);
    BudgetSpec budget;
    if (const TomlNode* of = fields.node("of")) budget.of = sentence_of(*of, problems);
    const auto number = [&](std::string_view key, std::optional<std::int64_t>& target) {
      if (const auto value = fields.get<Range<std::int64_t>>(key)) target = value->low;
    };
    number("most", budget.most);
    number("least", budget.least);
    if (!fields.has("most") && !fields.has("least")) {
      problems.error(fields.place(), "a budget says `most`: how often it may happen; or `least`");
    } else if (budget.most && budget.least && *budget.most < *budget.least) {
      problems.error(fields.place("least"), fmt::format("`least` is {}, and `most` no more than {}",
                                                        *budget.least, *budget.most));
    }
    if (const auto per = fields.get<Range<Duration>>("per")) budget.per = per->low;
    if (const TomlNode* from = fields.node("from")) budget.from = sentence_of(*from, problems);
    if (const TomlNode* until = fields.node("until")) budget.until = sentence_of(*until, problems);
    budgets.push_back(std::move(budget));
  }
  return budgets;
}

std::vector<FairnessSpec> read_fairness(const Fields& expect, Problems& problems) {
  std::vector<FairnessSpec> result;
  const TomlNode* node = expect.node("fairness");
  if (!node) return result;
  for (const TomlNode& table : node->items) {
    const Fields fields(table, fairness_keys(), "a fairness", problems);
    FairnessSpec fair;
    if (const TomlNode* of = fields.node("of")) fair.of = sentence_of(*of, problems);
    if (const TomlNode* after = fields.node("after")) fair.after = sentence_of(*after, problems);
    if (const TomlNode* until = fields.node("until")) fair.until = sentence_of(*until, problems);
    if (const auto value = fields.get<Range<Ratio>>("at-least")) fair.at_least = value->low;
    if (const auto value = fields.get<Range<Ratio>>("at-most")) fair.at_most = value->low;
    if (!fields.has("at-least") && !fields.has("at-most")) {
      problems.error(fields.place(), "a fairness is `at-least` so much, or `at-most`");
    } else if (fair.at_least && fair.at_most && *fair.at_most < *fair.at_least) {
      problems.error(
          fields.place("at-least"),
          fmt::format("`at-least` is {}, and `at-most` no more than {}",
                      probability_text(*fair.at_least), probability_text(*fair.at_most)));
    }
    result.push_back(std::move(fair));
  }
  return result;
}

/// Whether 0 < bound - margin and bound + margin < 1; reports what is wrong.
void check_probability(const Fields& fields, const ProbabilitySpec& spec, Problems& problems) {
  const std::string_view key = spec.is_least ? "at-least" : "at-most";
  const Ratio sure(1, 1);
  if (fields.has("at-least") == fields.has("at-most")) {
    return problems.error(fields.place(), "a probability is either `at-least` or `at-most`");
  }
  if (!fields.value(key)) return;
  if (spec.bound == Ratio() || spec.bound >= sure) {
    return problems.error(fields.place(key),
                          fmt::format("`{}`: no number of runs shows what always or never holds; "
                                      "`within` and `never` judge each run",
                                      key));
  }
  if (spec.confidence <= Ratio(1, 2) || spec.confidence >= sure) {
    problems.error(fields.place("confidence"),
                   "`confidence` is above 50% and below 100%: nothing drawn is quite sure");
  }
  if (!spec.margin) return;
  const Ratio rest(spec.bound.denominator() - spec.bound.numerator(), spec.bound.denominator());
  if (*spec.margin == Ratio() || *spec.margin >= spec.bound || *spec.margin >= rest) {
    problems.error(fields.place("margin"),
                   fmt::format("`margin` is above 0, and `{}` with it stays between 0% and 100%: a "
                               "difference of nothing takes for ever to see",
                               key));
  }
}

std::vector<ProbabilitySpec> read_probabilities(const Fields& expect, Problems& problems) {
  std::vector<ProbabilitySpec> probabilities;
  const TomlNode* node = expect.node("probability");
  if (!node) return probabilities;
  for (const TomlNode& table : node->items) {
    const Fields fields(table, probability_keys(), "a probability", problems);
    const auto ratio = [&](std::string_view key, auto& target) {
      if (const auto value = fields.get<Range<Ratio>>(key)) target = value->low;
    };
    ProbabilitySpec spec;
    if (const TomlNode* of = fields.node("of")) spec.of = sentence_of(*of, problems);
    spec.is_least = !fields.has("at-most");
    ratio("at-least", spec.bound);
    ratio("at-most", spec.bound);
    ratio("margin", spec.margin);
    ratio("confidence", spec.confidence);
    spec.seeds = fields.get<Range<std::int64_t>>("seeds").value_or(spec.seeds).low;
    check_probability(fields, spec, problems);
    probabilities.push_back(std::move(spec));
  }
  return probabilities;
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
    scenario.expect.within = read_sentences(expect, "within", problems);
    scenario.expect.budget = read_budgets(expect, problems);
    scenario.expect.fairness = read_fairness(expect, problems);
    scenario.expect.probability = read_probabilities(expect, problems);
    scenario.expect.marks = read_sentences(expect, "marks", problems);
    scenario.expect.heal = read_heal(expect, problems);
  }
  if (const TomlNode* node = top.node("found")) scenario.found = read_found(*node, problems);
}

}  // namespace tickover::sim
