#include <gtest/gtest.h>

#include "sim/scenario/nearest.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

using namespace std::chrono_literals;

std::string why(const auto& parsed) {
  return parsed ? "it was read" : parsed.error().what;
}

TEST(DurationText, reads_every_unit) {
  EXPECT_EQ(parse_duration("1ns"), Duration(1ns));
  EXPECT_EQ(parse_duration("2us"), Duration(2us));
  EXPECT_EQ(parse_duration("500ms"), Duration(500ms));
  EXPECT_EQ(parse_duration("3s"), Duration(3s));
  EXPECT_EQ(parse_duration("2min"), Duration(2min));
  EXPECT_EQ(parse_duration("1h"), Duration(1h));
  EXPECT_EQ(parse_duration("7d"), Duration(168h));
}

TEST(DurationText, reads_compounds_fractions_and_signs_exactly) {
  EXPECT_EQ(parse_duration("1h30min"), Duration(90min));
  EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(parse_duration("1min0.000000001s"), Duration(60s) + Duration(1ns));
  EXPECT_EQ(parse_duration("-1h30min"), Duration(-90min));
  EXPECT_EQ(parse_duration("9223372036854775807ns"), Duration::max());
  EXPECT_EQ(parse_duration("-9223372036854775808ns"), Duration::min());
}

TEST(DurationText, says_what_is_wrong) {
  EXPECT_EQ(why(parse_duration("20")),
            "expected a duration such as \"500ms\" or \"1h30min\", found \"20\": \"20\" has no "
            "unit");
  EXPECT_NE(why(parse_duration("20m")).find("no unit \"m\""), std::string::npos);
  EXPECT_NE(why(parse_duration("0.5ns")).find("not a whole number"), std::string::npos);
  EXPECT_NE(why(parse_duration("30min1h")).find("largest first"), std::string::npos);
  EXPECT_NE(why(parse_duration("1.5h3min")).find("last number"), std::string::npos);
  EXPECT_NE(why(parse_duration("300000d")).find("292 years"), std::string::npos);
  EXPECT_NE(why(parse_duration("99999999999999999999s")).find("digits"), std::string::npos);
  for (const char* bad : {"", "-", "s", ".5s", "1.s", "1 s", "+1s", "1s ", "0x1s", "--1s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(DurationText, is_written_as_a_person_would) {
  EXPECT_EQ(duration_text(Duration{}), "0s");
  EXPECT_EQ(duration_text(90min), "1h30min");
  EXPECT_EQ(duration_text(1500ms), "1.5s");
  EXPECT_EQ(duration_text(90s), "1min30s");
  EXPECT_EQ(duration_text(Duration(60s) + Duration(1ms)), "1min0.001s");
  EXPECT_EQ(duration_text(1500us), "1.5ms");
  EXPECT_EQ(duration_text(-24h), "-1d");
  EXPECT_EQ(parse_duration(duration_text(Duration::min())), Duration::min());
}

TEST(RatioText, reads_percents_fractions_and_decimals_exactly) {
  EXPECT_EQ(parse_probability("1%"), Ratio(1, 100));
  EXPECT_EQ(parse_probability("0.05%"), Ratio(1, 2000));
  EXPECT_EQ(parse_probability("1/3"), Ratio(1, 3));
  EXPECT_EQ(parse_probability("0.25"), Ratio(1, 4));
  EXPECT_EQ(parse_probability("0"), Ratio(0, 1));
  EXPECT_EQ(parse_probability("100%"), Ratio(1, 1));
  EXPECT_EQ(parse_factor("3/2"), Ratio(3, 2));
  EXPECT_EQ(parse_factor("1.5"), Ratio(3, 2));
  EXPECT_EQ(parse_factor("2"), Ratio(2, 1));
}

TEST(RatioText, refuses_what_is_no_probability_or_no_factor) {
  EXPECT_NE(why(parse_probability("101%")).find("more than 1"), std::string::npos);
  EXPECT_NE(why(parse_factor("1/2")).find("less than 1"), std::string::npos);
  EXPECT_NE(why(parse_probability("1/0")).find("lower number is 0"), std::string::npos);
  EXPECT_NE(why(parse_probability("0.12345678901")).find("exactly"), std::string::npos);
  EXPECT_NE(why(parse_factor("4294967296")).find("exactly"), std::string::npos);
  for (const char* bad : {"", "%", "1/", "/3", "1e-2", "nan", "-1%", "1%%", "1.5/2", "1 %"}) {
    EXPECT_FALSE(parse_probability(bad)) << bad;
  }
}

TEST(RatioText, is_written_in_percent_where_that_is_short) {
  EXPECT_EQ(probability_text(Ratio(1, 100)), "1%");
  EXPECT_EQ(probability_text(Ratio(1, 2000)), "0.05%");
  EXPECT_EQ(probability_text(Ratio(1, 3)), "1/3");
  EXPECT_EQ(factor_text(Ratio(3, 2)), "3/2");
  EXPECT_EQ(range_text(Range<Ratio>(Ratio(1, 1))), "1");
}

TEST(RangeText, has_two_ends_in_order) {
  EXPECT_EQ(parse_duration_range("20ms..80ms"), (Range<Duration>(20ms, 80ms)));
  EXPECT_EQ(parse_duration_range("1.5s .. 2s"), (Range<Duration>(1500ms, 2s)));
  EXPECT_EQ(parse_integer_range("-5..3"), (Range<std::int64_t>(-5, 3)));
  EXPECT_EQ(parse_probability_range("0..1"), (Range<Ratio>(Ratio(0, 1), Ratio(1, 1))));
  const auto reversed = parse_duration_range("80ms..20ms");
  ASSERT_FALSE(reversed);
  EXPECT_NE(reversed.error().what.find("reversed"), std::string::npos);
  EXPECT_EQ(reversed.error().meant, "20ms..80ms");
  EXPECT_EQ(parse_duration_range("20..80ms").error().meant, "20ms..80ms");
  EXPECT_EQ(parse_duration_range("20ms..80").error().meant, "20ms..80ms");
  EXPECT_FALSE(parse_duration_range("1s...2s"));
  EXPECT_FALSE(parse_integer_range(".."));
}

TEST(SeedText, is_decimal_hex_or_a_commit) {
  EXPECT_EQ(parse_seed("42"), 42u);
  EXPECT_EQ(parse_seed("0xfF"), 255u);
  EXPECT_EQ(parse_seed("18446744073709551615"), ~0ull);
  EXPECT_EQ(parse_seed("886dba8"), 0x886dba8u);
  EXPECT_EQ(parse_seed("1234567"), 1234567u);
  EXPECT_EQ(parse_seed("0123456789abcdef0123456789abcdef01234567"), 0x0123456789abcdefu);
  EXPECT_EQ(parse_seed("1111111111111111111111111111111111111111"), 0x1111111111111111u);
  EXPECT_NE(why(parse_seed("18446744073709551616")).find("64 bits"), std::string::npos);
  EXPECT_NE(why(parse_seed("0x10000000000000000")).find("64 bits"), std::string::npos);
  for (const char* bad : {"", "0x", "-1", "abc", "hello, world", "0123456789abcdeg"}) {
    EXPECT_FALSE(parse_seed(bad)) << bad;
  }
}

TEST(NearestWord, forgives_a_slip_but_not_another_word) {
  const std::vector<std::string> words = {"latency", "jitter", "loss", "reorder-delay"};
  EXPECT_EQ(nearest("latancy", words), "latency");
  EXPECT_EQ(nearest("Loss", words), "loss");
  EXPECT_EQ(nearest("reorder_delay", words), "reorder-delay");
  EXPECT_EQ(nearest("ltaency", words), "latency");
  EXPECT_EQ(nearest("bandwidth", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(100'000, 'l'), words), "");
}

TEST(DrawnValue, reaches_both_ends) {
  const Range<Duration> range(20ms, 80ms);
  EXPECT_EQ(draw(range, 0), Duration(20ms));
  EXPECT_EQ(draw(range, ~0ull), Duration(80ms));
  EXPECT_EQ(draw(Range<std::int64_t>(INT64_MIN, INT64_MAX), ~0ull), INT64_MAX);
  const Range<Ratio> thin(Ratio(1, 3'000'000), Ratio(2, 3'000'000));
  EXPECT_EQ(draw(thin, 0), Ratio(1, 3'000'000));
  EXPECT_EQ(draw(thin, ~0ull), Ratio(2, 3'000'000));
}

}  // namespace
}  // namespace tickover::sim
