#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "sim/oracles/expectation.h"
#include "sim/scenario/nearest.h"
#include "sim/world/messages.h"

namespace tickover::sim {
namespace {

using Kind = Expectation::Kind;

struct Pattern {
  Kind kind;
  std::vector<std::string_view> words;  // S subject, O object, M the rest: a message
};

const std::vector<Pattern>& state_patterns() {
  static const std::vector<Pattern> patterns = {
      {Kind::has_allocation, {"S", "has", "an", "allocation"}},
      {Kind::has_no_allocation, {"S", "has", "no", "allocation"}},
      {Kind::has_allocation, {"S", "knows", "its", "address"}},
      {Kind::can_send, {"S", "can", "send", "to", "O"}},
      {Kind::hears, {"S", "hears", "from", "O"}},
  };
  return patterns;
}

const std::vector<Pattern>& event_patterns() {
  static const std::vector<Pattern> patterns = {
      {Kind::gets_allocation, {"S", "gets", "an", "allocation"}},
      {Kind::loses_allocation, {"S", "loses", "its", "allocation"}},
      {Kind::sends, {"S", "sends", "M"}},
      {Kind::receives, {"S", "receives", "M"}},
      {Kind::hears_event, {"S", "hears", "from", "O"}},
      {Kind::restarts, {"S", "restarts"}},
      {Kind::told_by_icmp, {"S", "is", "told", "by", "ICMP"}},
      {Kind::is_refused, {"traffic", "from", "S", "is", "refused"}},
  };
  return patterns;
}

class Parser {
 public:
  Parser(const Sentence& sentence, const Plan& plan, const std::vector<Pattern>& patterns)
      : sentence_(sentence), plan_(plan), patterns_(patterns) {
    std::string_view left = sentence.text;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find(' '), left.size());
      if (end > 0) words_.push_back(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    is_each_ = words_.size() > 1 && words_.front() == "every" && plan.hosts_named("every").empty();
    if (is_each_) words_.erase(words_.begin());
  }

  std::expected<Expectation, PlanError> parse() {
    // The patterns that agree with the sentence word for word, as far as any of them does.
    std::size_t agreed = 0;
    for (const Pattern& pattern : patterns_) agreed = std::max(agreed, agreement(pattern));
    std::vector<std::string> wanted;
    for (const Pattern& pattern : patterns_) {
      if (agreement(pattern) != agreed) continue;
      if (fits(pattern, agreed)) return filled(pattern);
      if (agreed < pattern.words.size()) add_wanted(wanted, pattern.words[agreed]);
    }
    return std::unexpected(mistake(agreed, wanted));
  }

 private:
  bool agrees(std::string_view wanted, std::string_view word) const {
    if (wanted == "S" || wanted == "O") return !plan_.hosts_named(word).empty();
    return wanted == "M" || wanted == word;
  }
  std::size_t agreement(const Pattern& pattern) const {
    std::size_t i = 0;
    while (i < words_.size() && i < pattern.words.size() && agrees(pattern.words[i], words_[i])) {
      ++i;
    }
    return i;
  }
  bool fits(const Pattern& pattern, std::size_t agreed) const {
    return agreed == pattern.words.size() &&
           (words_.size() == agreed || pattern.words.back() == "M");
  }
  void add_wanted(std::vector<std::string>& wanted, std::string_view word) const {
    if (word == "S" || word == "O") {
      for (const HostPlan& host : plan_.hosts) {
        wanted.push_back(host.group);
        wanted.push_back(host.info.name);
      }
      for (const HostSpec& spec : plan_.scenario.hosts) {
        wanted.insert(wanted.end(), spec.groups.begin(), spec.groups.end());
      }
    } else {
      wanted.emplace_back(word == "M" ? "a message" : word);
    }
    std::vector<std::string> unique;
    for (const std::string& each : wanted) {
      if (std::ranges::find(unique, each) == unique.end()) unique.push_back(each);
    }
    wanted = std::move(unique);
  }

  PlanError error(std::string what) const {
    return {sentence_.place, quoted(sentence_.text) + ": " + std::move(what)};
  }
  PlanError mistake(std::size_t at, const std::vector<std::string>& wanted) const {
    if (words_.empty()) return error("an empty sentence says nothing");
    if (at < words_.size() && words_[at] == "the") {
      if (at + 1 < words_.size() && plan_.hosts_named(words_[at + 1]).empty()) {
        return error(
            fmt::format("\"the {}\" is nobody: here stands who does something, such as "
                        "\"relay restarts\"",
                        words_[at + 1]));
      }
      return error("names have no article: leave out \"the\"");
    }
    if (wanted.empty()) return error(quoted(words_[at]) + " is one word too many");
    if (at == words_.size()) {
      return error(fmt::format("after {} comes {}", quoted(words_.back()), listed(wanted)));
    }
    const std::string meant = nearest(words_[at], wanted);
    return error(fmt::format("{} does not fit: expected {}{}", quoted(words_[at]), listed(wanted),
                             meant.empty() ? "" : " (did you mean " + quoted(meant) + "?)"));
  }

  std::expected<Expectation, PlanError> filled(const Pattern& pattern) const {
    Expectation result{.kind = pattern.kind, .is_each = is_each_, .sentence = sentence_};
    for (std::size_t i = 0; i < pattern.words.size(); ++i) {
      if (pattern.words[i] == "S") result.subjects = plan_.hosts_named(words_[i]);
      if (pattern.words[i] == "O") result.objects = plan_.hosts_named(words_[i]);
      if (pattern.words[i] != "M") continue;
      if (auto problem = read_message(result, i)) return std::unexpected(*problem);
    }
    if (auto problem = senseless(result)) return std::unexpected(*problem);
    return result;
  }

  std::optional<PlanError> read_message(Expectation& result, std::size_t from) const {
    std::size_t end = words_.size();
    const std::string_view whom = result.kind == Kind::receives ? "from" : "to";
    if (end - from > 2 && words_[end - 2] == whom) {
      result.objects = plan_.hosts_named(words_[end - 1]);
      if (result.objects.empty()) return error(quoted(words_[end - 1]) + " is no host");
      end -= 2;
    }
    const std::string_view last = words_[end - 1];
    std::uint32_t code = 0;
    const auto [stop, fault] = std::from_chars(last.data(), last.data() + last.size(), code);
    if (end - from > 1 && fault == std::errc() && stop == last.data() + last.size()) {
      if (code < 300 || code > 699) return error(fmt::format("{} is no error code", code));
      result.code = code;
      --end;
    }
    for (std::size_t i = from; i < end; ++i) {
      if (i > from) result.message += ' ';
      result.message += words_[i];
    }
    return unknown_message(result, from, end);
  }

  /// The built-in roles speak STUN and TURN; other roles have words of their own.
  std::optional<PlanError> unknown_message(const Expectation& result, std::size_t from,
                                           std::size_t end) const {
    static const std::vector<std::string> methods = {
        "Binding",     "Allocate",    "Refresh",  "Send",     "Data",     "CreatePermission",
        "ChannelBind", "ChannelData", "datagram", "requests", "datagrams"};
    static const std::vector<std::string> classes = {"request", "indication", "success", "error"};
    const std::vector<HostIndex> speakers = speakers_of(result);
    for (const HostIndex host : speakers) {
      const std::string& role = plan_.hosts[host].info.role;
      if (role != "turn-client" && role != "turn-server" && role != "stun-client" &&
          role != "attacker") {
        return never_said(result, speakers);
      }
    }
    const auto about = [&](std::string_view word, const std::vector<std::string>& valid) {
      const std::string meant = nearest(word, valid);
      return error(fmt::format("{} is no message: expected {}{}", quoted(word), listed(valid),
                               meant.empty() ? "" : " (did you mean " + quoted(meant) + "?)"));
    };
    if (std::ranges::find(methods, words_[from]) == methods.end()) {
      return about(words_[from], methods);
    }
    const bool is_plural = words_[from] == "requests" || words_[from] == "datagrams";
    const std::size_t most = is_plural ? 1 : 2;
    if (end - from > most) return error(quoted(words_[from + most]) + " is one word too many");
    if (end - from == 2 && std::ranges::find(classes, words_[from + 1]) == classes.end()) {
      return about(words_[from + 1], classes);
    }
    if (result.code != 0 && (end - from != 2 || words_[from + 1] != "error")) {
      return error("only an error has a code: \"" + std::string(words_[from]) + " error " +
                   std::to_string(result.code) + "\"");
    }
    return never_said(result, speakers);
  }

  /// Who says what the sentence speaks of; nobody in particular if that cannot be told.
  std::vector<HostIndex> speakers_of(const Expectation& e) const {
    if (e.kind == Kind::sends) return e.subjects;
    if (!e.objects.empty()) return e.objects;
    std::vector<HostIndex> others = plan_.hosts_named("*");
    if (e.subjects.size() == 1) std::erase(others, e.subjects.front());
    return others;
  }

  /// What is impossible would always hold in `never`, and count as none.
  std::optional<PlanError> never_said(const Expectation& e,
                                      const std::vector<HostIndex>& speakers) const {
    if (e.message == "datagrams") return {};
    const std::vector<std::string> known = messages_of(plan_, speakers);
    const auto forges = [](const FaultSpec& f) { return std::holds_alternative<Forge>(f.action); };
    const bool is_forged =
        e.kind == Kind::receives && std::ranges::any_of(plan_.scenario.faults, forges);
    if (known.empty() || is_forged) return {};
    const auto is_request = [](const std::string& name) { return name.ends_with(" request"); };
    const bool is_known = e.message == "requests" ? std::ranges::any_of(known, is_request)
                                                  : is_message(e.message, known);
    const std::string who = e.kind == Kind::sends ? quoted(words_.front())
                            : e.objects.empty()   ? "nobody else"
                                                  : quoted(words_.back());
    if (!is_known) {
      return error(fmt::format("{} sends {} {}{}", who, who.front() == '"' ? "no" : "a",
                               quoted(e.message), message_hint(e.message, known)));
    }
    const std::vector<HostIndex>& goals = e.kind == Kind::sends ? e.objects : e.subjects;
    const std::string why = goals.empty() ? "" : why_unanswered(e.message, plan_, goals);
    return why.empty() ? std::nullopt : std::optional(error(why));
  }

  /// What can never be, or always is, whatever the machines do.
  std::optional<PlanError> senseless(const Expectation& e) const {
    const bool about_candidates =
        e.kind == Kind::has_allocation || e.kind == Kind::has_no_allocation ||
        e.kind == Kind::gets_allocation || e.kind == Kind::loses_allocation;
    for (const HostIndex host : e.subjects) {
      const HostPlan& plan = plan_.hosts[host];
      if (about_candidates && plan.role->port != 0) {
        return error(
            fmt::format("{} is a {}, which never has one", quoted(plan.info.name), plan.info.role));
      }
    }
    const auto has_flow = [&](bool either_way) {
      return std::ranges::any_of(plan_.flows, [&](const FlowPlan& flow) {
        const auto is = [](const std::vector<HostIndex>& all, HostIndex host) {
          return std::ranges::find(all, host) != all.end();
        };
        if (!either_way) return is(e.subjects, flow.from);
        return (is(e.subjects, flow.from) && is(e.objects, flow.to)) ||
               (is(e.subjects, flow.to) && is(e.objects, flow.from));
      });
    };
    if ((e.kind == Kind::hears || e.kind == Kind::hears_event) && !has_flow(true)) {
      return error("there is no [[traffic]] between the two");
    }
    if (e.kind == Kind::is_refused && !has_flow(false)) {
      return error("there is no [[traffic]] from there");
    }
    return {};
  }

  const Sentence& sentence_;
  const Plan& plan_;
  const std::vector<Pattern>& patterns_;
  std::vector<std::string_view> words_;
  bool is_each_ = false;
};

}  // namespace

std::expected<Expectation, PlanError> parse_state(const Sentence& sentence, const Plan& plan) {
  auto state = Parser(sentence, plan, state_patterns()).parse();
  if (state || !Parser(sentence, plan, event_patterns()).parse()) return state;
  return std::unexpected(
      PlanError{sentence.place, quoted(sentence.text) +
                                    ": this happens, and here stands what is so for a while; what "
                                    "happens stands in `never`, `count` and `within`"});
}

std::expected<Expectation, PlanError> parse_event(const Sentence& sentence, const Plan& plan) {
  auto event = Parser(sentence, plan, event_patterns()).parse();
  if (event || !Parser(sentence, plan, state_patterns()).parse()) return event;
  return std::unexpected(
      PlanError{sentence.place, quoted(sentence.text) +
                                    ": this is so for a while, and here stands what happens; what "
                                    "is so stands in `finally`, `always` and `within`"});
}

std::expected<Expectation, PlanError> parse_statement(const Sentence& sentence, const Plan& plan) {
  static const std::vector<Pattern> either = [] {
    std::vector<Pattern> patterns = state_patterns();
    const std::vector<Pattern>& events = event_patterns();
    patterns.insert(patterns.end(), events.begin(), events.end());
    return patterns;
  }();
  return Parser(sentence, plan, either).parse();
}

}  // namespace tickover::sim
