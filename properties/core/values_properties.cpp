#include <gtest/gtest.h>
// gtest comes first.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/bytes.h"
#include "core/fifo.h"
#include "core/ratio.h"
#include "core/time.h"

namespace tickover {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

Duration ns(std::int64_t count) {
  return Duration::nanoseconds(count);
}

/// Any length of time, and more often than not one near an end of the range or near zero.
Duration any_duration() {
  static const std::vector<std::int64_t> landmarks = {lowest, highest, 0, 1, -1, 1'000'000'000};
  const auto any = *rc::gen::arbitrary<std::int64_t>();
  return *rc::gen::arbitrary<bool>() ? ns(any)
                                     : ns(*rc::gen::elementOf(landmarks)) + ns(any % 1000);
}

std::uint32_t any_word32() {
  static const std::vector<std::uint32_t> landmarks = {0, 1, 2, 1000, 0xffff'ffff};
  return *rc::gen::arbitrary<bool>() ? *rc::gen::elementOf(landmarks)
                                     : *rc::gen::arbitrary<std::uint32_t>();
}

Ratio any_ratio() {
  return {any_word32(), std::max(any_word32(), 1u)};
}

std::int64_t clamped(Int128 value) {
  return static_cast<std::int64_t>(std::clamp<Int128>(value, lowest, highest));
}

IpAddress any_ip() {
  // Zero bytes are common, because their runs are what RFC 5952 shortens.
  const auto byte = [] {
    return *rc::gen::arbitrary<bool>() ? std::uint8_t{0} : *rc::gen::arbitrary<std::uint8_t>();
  };
  if (*rc::gen::arbitrary<bool>()) {
    std::array<std::uint8_t, 4> four{};
    for (auto& b : four) b = byte();
    return IpAddress::v4(four);
  }
  std::array<std::uint8_t, 16> sixteen{};
  for (auto& b : sixteen) b = byte();
  return IpAddress::v6(sixteen);
}

TEST(Duration, counts_nanoseconds) {
  EXPECT_EQ(Duration(1s).count(), 1'000'000'000);
  EXPECT_EQ(Duration(500ms), ns(500'000'000));
  EXPECT_EQ(Duration(2h), Duration(120min));
}

TEST(Duration, saturates_a_literal_that_does_not_fit) {
  EXPECT_EQ(Duration(std::chrono::hours(highest)), Duration::max());
  EXPECT_EQ(Duration(std::chrono::hours(lowest)), Duration::min());
}

TEST(Duration, multiplies_by_a_ratio_rounding_down) {
  EXPECT_EQ(Duration(5s) * Ratio(3, 2), Duration(7500ms));
  EXPECT_EQ(ns(5) * Ratio(3, 2), ns(7));
  EXPECT_EQ(ns(-5) * Ratio(3, 2), ns(-8));
  EXPECT_EQ(Duration::max() * Ratio(2, 1), Duration::max());
}

TEST(Duration, divides_into_whole_parts) {
  EXPECT_EQ(Duration(7s) / Duration(2s), 3);
  EXPECT_EQ(Duration(7s) % Duration(2s), Duration(1s));
  EXPECT_EQ(Duration(7s) / 2, Duration(3500ms));
  EXPECT_EQ(Duration::min() / -1, Duration::max());
}

// BUG A05(b), E13(a)
RC_GTEST_PROP(Duration, saturates_instead_of_wrapping, (std::int64_t factor)) {
  const Duration a = any_duration();
  const Duration b = any_duration();
  RC_ASSERT((a + b).count() == clamped(Int128{a.count()} + b.count()));
  RC_ASSERT((a - b).count() == clamped(Int128{a.count()} - b.count()));
  RC_ASSERT((a * factor).count() == clamped(Int128{a.count()} * factor));
}

RC_GTEST_PROP(Duration, times_a_ratio_is_the_largest_that_is_not_more, ()) {
  const Duration a = any_duration();
  const Ratio r = any_ratio();
  const Int128 exact = Int128{a.count()} * r.numerator();
  const Int128 got = (a * r).count();
  if (got == highest) return RC_ASSERT(exact >= got * r.denominator());
  if (got == lowest) return RC_ASSERT(exact < (got + 1) * r.denominator());
  RC_ASSERT(got * r.denominator() <= exact);
  RC_ASSERT(exact < (got + 1) * r.denominator());
}

RC_GTEST_PROP(Instant, is_moved_by_durations_and_measured_in_them, ()) {
  const Instant t = Instant::at(any_duration() / 4);
  const Duration d = any_duration() / 4;
  RC_ASSERT((t + d) - t == d);
  RC_ASSERT((t + d) - d == t);
  RC_ASSERT((t < t + d) == (d > Duration()));
}

// BUG A05(b)
RC_GTEST_PROP(Instant, never_goes_beyond_never, ()) {
  const Instant t = Instant::at(any_duration());
  const Duration d = any_duration();
  RC_ASSERT(t + d <= Instant::never());
  if (d >= Duration()) RC_ASSERT(t + d >= t);
  RC_ASSERT(Instant::never() + Duration(1h) == Instant::never());
}

TEST(Ratio, is_kept_in_lowest_terms) {
  EXPECT_EQ(Ratio(50, 100), Ratio(1, 2));
  EXPECT_EQ(Ratio(50, 100).denominator(), 2u);
  EXPECT_EQ(Ratio(0, 7), Ratio());
}

TEST(RatioDeathTest, has_no_zero_denominator) {
  EXPECT_DEATH(Ratio(1, 0), "denominator");
}

RC_GTEST_PROP(Ratio, is_ordered_by_value, ()) {
  const Ratio a = any_ratio();
  const Ratio b = any_ratio();
  const Int128 difference =
      Int128{a.numerator()} * b.denominator() - Int128{b.numerator()} * a.denominator();
  RC_ASSERT((a < b) == (difference < 0));
  RC_ASSERT((a == b) == (difference == 0));
}

TEST(IpAddress, writes_ipv6_as_rfc_5952_does) {
  const std::vector<std::pair<std::string, std::string>> examples = {
      {"2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"},  // the first of two runs
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one group is not worth shortening
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"2001:DB8::AAAA", "2001:db8::aaaa"},              // lower case
      {"0:0:0:0:0:0:0:0", "::"},
      {"::1", "::1"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
  };
  for (const auto& [text, canonical] : examples) {
    const auto ip = IpAddress::parse(text);
    ASSERT_TRUE(ip) << text;
    EXPECT_EQ(ip->text(), canonical);
  }
}

TEST(IpAddress, refuses_what_is_not_an_address) {
  for (const std::string text :
       {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4 ", "01.2.3.4x", "::1::", "1:2:3:4:5:6:7",
        "g::1", "[::1]", "localhost", "::1%lo"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string("1.2.3.4\0", 8)));
}

TEST(IpAddress, counts_on_across_bytes_and_wraps) {
  EXPECT_EQ(IpAddress::parse("192.0.2.255")->plus(1), IpAddress::parse("192.0.3.0"));
  EXPECT_EQ(IpAddress::parse("255.255.255.255")->plus(1), IpAddress());
  EXPECT_EQ(IpAddress::parse("2001:db8::ffff:ffff")->plus(2), IpAddress::parse("2001:db8::1:0:1"));
}

TEST(Endpoint, refuses_what_is_not_a_transport_address) {
  for (const std::string text : {"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1",
                                 "192.0.2.1:+1", "192.0.2.1: 1", "192.0.2.1:1x", "2001:db8::1:3478",
                                 "[2001:db8::1]", "[192.0.2.1]:1", "[2001:db8::1:1", ":80"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

RC_GTEST_PROP(Endpoint, is_what_its_text_says, (std::uint16_t port)) {
  const Endpoint endpoint{any_ip(), port};
  RC_ASSERT(Endpoint::parse(endpoint.text()) == endpoint);
  RC_ASSERT(IpAddress::parse(endpoint.ip.text()) == endpoint.ip);
}

RC_GTEST_PROP(Endpoint, hashes_apart_what_differs, (std::uint16_t port)) {
  const Endpoint a{any_ip(), port};
  const Endpoint b{any_ip(), port};
  RC_ASSERT((stable_hash(a) == stable_hash(b)) == (a == b));
}

TEST(IpAddress, of_one_family_never_equals_one_of_the_other) {
  EXPECT_NE(IpAddress::unspecified(AddressFamily::ipv4),
            IpAddress::unspecified(AddressFamily::ipv6));
  EXPECT_NE(stable_hash(IpAddress::unspecified(AddressFamily::ipv4)),
            stable_hash(IpAddress::unspecified(AddressFamily::ipv6)));
}

TEST(ByteReader, reads_in_network_order) {
  const std::vector<std::uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  ByteReader reader{bytes};
  EXPECT_EQ(reader.u8(), 0x01u);
  EXPECT_EQ(reader.u16(), 0x0203u);
  EXPECT_EQ(reader.u32(), 0x04050607u);
  EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fu);
  EXPECT_EQ(reader.left(), 1u);
  EXPECT_TRUE(reader.ok());
}

RC_GTEST_PROP(ByteReader, stays_faulty_after_reading_past_the_end, (std::uint8_t size)) {
  const std::vector<std::uint8_t> bytes(size, 0xff);
  ByteReader reader{bytes};
  reader.skip(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
  const std::size_t past = reader.left() + *rc::gen::inRange<std::size_t>(1, 1'000);
  RC_ASSERT(reader.ok());
  RC_ASSERT(reader.bytes(past).empty());
  RC_ASSERT(!reader.ok());
  RC_ASSERT(reader.u8() == 0 && reader.u64() == 0 && reader.bytes(0).empty());
  RC_ASSERT(!reader.ok());
}

RC_GTEST_PROP(ByteWriter, is_undone_by_the_reader,
              (std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d)) {
  const auto text = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  std::vector<std::uint8_t> buffer(1 + 2 + 4 + 8 + 3 + text.size(), 0xee);
  ByteWriter writer{buffer};
  writer.u8(a);
  writer.u16(b);
  writer.u32(c);
  writer.u64(d);
  writer.zeros(3);
  writer.bytes(text);
  RC_ASSERT(writer.ok() && writer.size() == buffer.size());

  ByteReader reader{writer.written()};
  RC_ASSERT(reader.u8() == a && reader.u16() == b && reader.u32() == c && reader.u64() == d);
  RC_ASSERT(reader.bytes(2).size() == 2 && reader.u8() == 0);
  RC_ASSERT(std::ranges::equal(reader.bytes(text.size()), text));
  RC_ASSERT(reader.ok() && reader.left() == 0);
}

TEST(ByteWriter, stays_faulty_and_writes_nothing_past_the_end) {
  std::array<std::uint8_t, 4> buffer{9, 9, 9, 9};
  ByteWriter writer{buffer};
  writer.u16(1);
  writer.u32(0);
  EXPECT_FALSE(writer.ok());
  writer.u8(0);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 2u);
  EXPECT_EQ(buffer, (std::array<std::uint8_t, 4>{0, 1, 9, 9}));
}

RC_GTEST_PROP(Fifo, gives_back_in_order_what_it_was_given, (std::vector<bool> pushes)) {
  Fifo<int> fifo;
  std::deque<int> model;
  int next = 0;
  for (const bool push : pushes) {
    if (push) {
      fifo.push(next);
      model.push_back(next++);
    } else {
      const auto got = fifo.pop();
      RC_ASSERT(got.has_value() == !model.empty());
      if (!got) continue;
      RC_ASSERT(*got == model.front());
      model.pop_front();
    }
    RC_ASSERT(fifo.size() == model.size() && fifo.empty() == model.empty());
    if (!fifo.empty()) RC_ASSERT(fifo.front() == model.front());
    Fifo<int> fresh;
    for (const int item : model) fresh.push(item);
    RC_ASSERT(fifo == fresh);
  }
}

/// Counts how many of it there are.
struct Counted {
  explicit Counted(int& count) : alive(&count) { ++*alive; }
  Counted(const Counted& other) : alive(other.alive) { ++*alive; }
  Counted& operator=(const Counted& other) = default;
  ~Counted() { --*alive; }
  int* alive;
};

// PROTOCOL AB4; BUGS P16
TEST(Fifo, keeps_nothing_of_what_is_long_gone_though_it_is_never_empty) {
  int alive = 0;
  Fifo<Counted> fifo;
  for (int i = 0; i < 100; ++i) fifo.push(Counted(alive));
  for (int i = 0; i < 10'000; ++i) {
    fifo.push(Counted(alive));
    fifo.pop();
    ASSERT_EQ(fifo.size(), 100u);
    ASSERT_LE(alive, 300);
  }
}

}  // namespace
}  // namespace tickover
