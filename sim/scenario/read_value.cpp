#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/address.h"
#include "sim/scenario/fields.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

constexpr std::size_t most_choices_told = 16;

std::string_view expected(ValueType type) {
  switch (type) {
    case ValueType::flag:
      return "true or false";
    case ValueType::integer:
      return "an integer or a range such as \"3..7\"";
    case ValueType::duration:
      return "a duration such as \"500ms\" or \"20ms..80ms\"";
    case ValueType::probability:
      return "a probability such as \"1%\", \"1/3\" or \"0.5%..2%\"";
    case ValueType::factor:
      return "a factor such as \"2\" or \"3/2\"";
    case ValueType::text:
      return "a text";
    case ValueType::host:
      return "a name";
    case ValueType::texts:
      return "a text or a list of texts";
    case ValueType::text_or_flag:
      return "true, false or a word";
    case ValueType::text_or_table:
      return "a text or a table";
    case ValueType::duration_or_table:
      return "a duration such as \"20ms..80ms\" or a table";
    case ValueType::moment:
      return "a duration such as \"4min\", or \"2s after alice has an allocation\"";
    case ValueType::rate:
      return "a rate such as \"64kbit\" or \"2Mbit..10Mbit\"";
    case ValueType::pair:
      return "two names such as [\"alice\", \"relay\"]";
    case ValueType::addresses:
      return "an IP address or a list of them";
    case ValueType::seed:
      return "a seed: an integer, \"0x…\" or a commit hash";
    case ValueType::table:
    case ValueType::tables:
    case ValueType::named_tables:
      return "a table";
  }
  return {};
}

/// The choice that is near, or that the trade calls so.
std::string meant_by(const std::string& word, const std::vector<std::string>& choices) {
  struct Name {
    std::string_view called;
    std::string_view choice;
  };
  constexpr Name names[] = {{"symmetric", "address-and-port"},
                            {"full-cone", "endpoint-independent"},
                            {"cone", "endpoint-independent"},
                            {"restricted", "address"}};
  for (const Name& name : names) {
    const auto found = std::ranges::find(choices, name.choice);
    if (word == name.called && found != choices.end()) return *found;
  }
  return nearest(word, choices);
}

/// Whether a host can have it: no unspecified, multicast or broadcast address (RFC 1122, section
/// 3.2.1.3; RFC 4291, section 2.7).
bool is_of_a_host(const IpAddress& address) {
  const std::uint8_t first = address.bytes()[0];
  const bool is_v4 = address.family() == AddressFamily::ipv4;
  const bool is_group = is_v4 ? first >= 224 && first < 240 : first == 0xFF;
  const IpAddress broadcast = IpAddress::v4({255, 255, 255, 255});
  return !address.is_unspecified() && !is_group && address != broadcast;
}

std::string in_order(const KeySpec& key, std::int64_t bound) {
  if (key.type == ValueType::rate) return rate_text(bound);
  const bool is_time = key.type == ValueType::duration || key.type == ValueType::moment ||
                       key.type == ValueType::duration_or_table;
  return is_time ? duration_text(Duration::nanoseconds(bound)) : std::to_string(bound);
}

/// Reads one value by its key's type; every function reports what is wrong and gives nothing.
class ValueReader {
 public:
  ValueReader(const TomlNode& node, const KeySpec& key, Problems& problems)
      : node_(node), key_(key), problems_(problems) {}

  std::optional<Value> read() {
    const bool textual = key_.type == ValueType::text || key_.type == ValueType::text_or_table ||
                         key_.type == ValueType::text_or_flag;
    const bool lists = key_.type == ValueType::texts;
    if (!key_.choices.empty() && node_.kind == TomlNode::Kind::text && !lists) {
      if (is_choice(node_.text)) return node_.text;
      if (textual) return not_a_choice(node_);
    }
    switch (key_.type) {
      case ValueType::flag:
      case ValueType::text_or_flag:
        return node_.kind == TomlNode::Kind::flag ? Value(node_.flag) : wrong_type();
      case ValueType::integer:
        return read_integer();
      case ValueType::moment:
        if (is_text(node_) && node_.text.find(" after ") != std::string::npos) return node_.text;
        return read_duration();
      case ValueType::duration:
      case ValueType::duration_or_table:
        return read_duration();
      case ValueType::rate:
        return read_rate();
      case ValueType::probability:
        return read_ratio(parse_probability_range);
      case ValueType::factor:
        return read_ratio(parse_factor_range);
      case ValueType::text:
      case ValueType::host:
      case ValueType::text_or_table:
        return is_text(node_) ? Value(node_.text) : wrong_type();
      case ValueType::texts:
      case ValueType::pair:
      case ValueType::addresses:
        return read_texts();
      case ValueType::seed:
        return read_seed();
      case ValueType::table:
      case ValueType::tables:
      case ValueType::named_tables:
        break;
    }
    return wrong_type();
  }

 private:
  using Result = std::optional<Value>;

  static bool is_text(const TomlNode& node) { return node.kind == TomlNode::Kind::text; }
  bool is_choice(const std::string& text) const {
    return std::find(key_.choices.begin(), key_.choices.end(), text) != key_.choices.end();
  }

  /// What a number of time without a unit was probably meant in.
  std::string_view usual_unit() const {
    constexpr std::array in_milliseconds = {
        std::string_view("latency"), std::string_view("jitter"), std::string_view("reorder-delay"),
        std::string_view("copy-spacing"), std::string_view("start-gap")};
    const bool is_percentile =
        key_.name.size() > 1 && key_.name[0] == 'p' && key_.name[1] >= '0' && key_.name[1] <= '9';
    const bool is_short =
        is_percentile || std::ranges::find(in_milliseconds, key_.name) != in_milliseconds.end();
    return is_short ? "ms" : "s";
  }

  Result fail(Place place, std::string what, std::string meant = {}) {
    problems_.error(place, std::move(what), std::move(meant));
    return {};
  }
  Result fail(const TextError& error) {
    // "20": seconds, unless nobody means seconds there.
    const bool lacks_unit = !error.meant.empty() && error.meant == node_.text + "s";
    return fail(node_.place, fmt::format("`{}`: {}", key_.name, error.what),
                lacks_unit ? node_.text + std::string(usual_unit()) : error.meant);
  }
  Result wrong_type(std::string meant = {}) {
    return fail(node_.place,
                fmt::format("`{}`: expected {}, found {}", key_.name, expected(key_.type),
                            node_.description()),
                std::move(meant));
  }
  Result not_a_choice(const TomlNode& text) {
    const bool may_be_table = key_.type == ValueType::text_or_table && !key_.children.empty();
    const std::string table =
        may_be_table ? fmt::format(" or a table {{ {} = … }}", key_.children.front().name)
                     : std::string();
    std::string meant = meant_by(text.text, key_.choices);
    // A long list helps only those who meant none of its words.
    const bool is_clear = key_.choices.size() > most_choices_told && !meant.empty();
    const std::string choices = is_clear ? fmt::format("one of {} words", key_.choices.size())
                                : key_.type == ValueType::text_or_flag
                                    ? fmt::format("true, false or {}", listed(key_.choices))
                                    : listed(key_.choices);
    return fail(
        text.place,
        fmt::format("`{}`: expected {}{}, found {}", key_.name, choices, table, quoted(text.text)),
        std::move(meant));
  }

  Result several() {
    return fail(node_.place, fmt::format("`{}`: one value is expected, found the range {}",
                                         key_.name, quoted(node_.text)));
  }

  template <class T>
  Result bounded(const Range<T>& range, std::int64_t low, std::int64_t high) {
    if (key_.fixed && !range.is_fixed()) return several();
    if (key_.least == key_.most && low != key_.least) {
      return fail(node_.place, fmt::format("`{}`: {} is expected, found {}", key_.name,
                                           in_order(key_, key_.least), in_order(key_, low)));
    }
    if (low < key_.least) {
      const bool is_above_zero = key_.least == 1 && key_.type != ValueType::integer;
      return fail(node_.place,
                  fmt::format("`{}`: {} {} is expected, found {}", key_.name,
                              is_above_zero ? "more than" : "at least",
                              in_order(key_, is_above_zero ? 0 : key_.least), in_order(key_, low)));
    }
    if (high > key_.most) {
      return fail(node_.place, fmt::format("`{}`: at most {} is expected, found {}", key_.name,
                                           in_order(key_, key_.most), in_order(key_, high)));
    }
    return Value(range);
  }

  Result read_integer() {
    if (node_.kind == TomlNode::Kind::integer) {
      return bounded(Range<std::int64_t>(node_.integer), node_.integer, node_.integer);
    }
    // A number in quotes is a slip; only a range needs them.
    if (!is_text(node_) || node_.text.find("..") == std::string::npos) return wrong_type();
    const auto range = parse_integer_range(node_.text);
    return range ? bounded(*range, range->low, range->high) : fail(range.error());
  }

  Result read_duration() {
    if (node_.kind == TomlNode::Kind::integer) {
      return wrong_type(std::to_string(node_.integer) + std::string(usual_unit()));
    }
    if (!is_text(node_)) return wrong_type();
    const auto range = parse_duration_range(node_.text);
    if (range) return bounded(*range, range->low.count(), range->high.count());
    const bool no_number = node_.text.find_first_of("0123456789") == std::string::npos;
    if (!key_.choices.empty() && no_number) return not_a_choice(node_);
    return fail(range.error());
  }

  Result read_rate() {
    if (node_.kind == TomlNode::Kind::integer) {
      return wrong_type(std::to_string(node_.integer) + "bit");
    }
    if (!is_text(node_)) return wrong_type();
    const auto range = parse_rate_range(node_.text);
    return range ? bounded(*range, range->low, range->high) : fail(range.error());
  }

  Result read_ratio(Parsed<Range<Ratio>> (*parse)(std::string_view)) {
    const bool number = node_.kind == TomlNode::Kind::integer || node_.kind == TomlNode::Kind::real;
    if (!number && !is_text(node_)) return wrong_type();
    const auto range = parse(node_.text);
    if (range && key_.fixed && !range->is_fixed()) return several();
    return range ? Result(*range) : fail(range.error());
  }

  Result read_texts() {
    std::vector<std::string> texts;
    if (is_text(node_) && key_.type != ValueType::pair) {
      texts.push_back(node_.text);
    } else if (node_.kind == TomlNode::Kind::list) {
      for (const TomlNode& item : node_.items) {
        if (!is_text(item)) {
          return fail(item.place, fmt::format("`{}`: expected {}, found {} in the list", key_.name,
                                              expected(key_.type), item.description()));
        }
        texts.push_back(item.text);
      }
    } else {
      return wrong_type();
    }
    if (key_.type == ValueType::pair && texts.size() != 2) {
      return fail(node_.place, fmt::format("`{}`: expected {}, found {} names", key_.name,
                                           expected(key_.type), texts.size()));
    }
    if (key_.type == ValueType::addresses && !check_addresses(texts)) return {};
    if (key_.type == ValueType::texts && !key_.choices.empty() && !check_choices(texts)) return {};
    return Value(std::move(texts));
  }

  /// Where one of several texts stands.
  const TomlNode& item(std::size_t i) const { return is_text(node_) ? node_ : node_.items[i]; }

  bool check_choices(const std::vector<std::string>& texts) {
    bool good = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (is_choice(texts[i])) continue;
      not_a_choice(item(i));
      good = false;
    }
    return good;
  }

  bool check_addresses(const std::vector<std::string>& texts) {
    bool good = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto address = IpAddress::parse(texts[i]);
      if (address && is_of_a_host(*address)) continue;
      const Place place = item(i).place;
      fail(place, address ? fmt::format("`{}`: {} is the address of no single host", key_.name,
                                        address->text())
                          : fmt::format("`{}`: expected an IPv4 or IPv6 address, found {}",
                                        key_.name, quoted(texts[i])));
      good = false;
    }
    return good;
  }

  Result read_seed() {
    if (node_.kind == TomlNode::Kind::integer && node_.integer >= 0) {
      return Value(Range<std::int64_t>(node_.integer));
    }
    if (!is_text(node_)) return wrong_type();
    const auto seed = parse_seed(node_.text);
    if (!seed) return fail(seed.error());
    return Value(Range<std::int64_t>(static_cast<std::int64_t>(*seed)));
  }

  const TomlNode& node_;
  const KeySpec& key_;
  Problems& problems_;
};

}  // namespace

std::optional<Value> read_value(const TomlNode& node, const KeySpec& key, Problems& problems) {
  return ValueReader(node, key, problems).read();
}

}  // namespace tickover::sim
