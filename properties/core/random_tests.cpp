#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <set>
#include <vector>

#include "core/random.h"

namespace tickover {
namespace {

constexpr std::uint64_t keys[] = {0, 1, 2, 0xA0761D6478BD642Fu, 0x9E3779B97F4A7C15u, ~0ull};

/// Pearson's statistic of counts that should all be equal, scaled by `counts.size()`: the sum of
/// squares times the number of bins over the total, less the total. Whole numbers only.
std::uint64_t chi_square(const std::vector<std::uint64_t>& counts) {
  std::uint64_t total = 0;
  std::uint64_t squares = 0;
  for (const std::uint64_t count : counts) {
    total += count;
    squares += count * count;
  }
  return squares * counts.size() / total - total;
}

// BUGS P21
TEST(Random, is_a_function_of_its_key) {
  for (const std::uint64_t key : keys) {
    Random a(key);
    Random b(key);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(a.word(), b.word());
    EXPECT_EQ(a, b);
  }
}

// BUG E17(a), E17(d)
TEST(Random, draws_other_words_from_another_key) {
  std::set<std::uint64_t> words;
  for (std::uint64_t key = 0; key < 1'000; ++key) {
    Random random(key);
    for (int i = 0; i < 10; ++i) words.insert(random.word());
  }
  EXPECT_EQ(words.size(), 10'000u);
}

// BUG E17(c)
TEST(Random, continues_alike_in_a_copy) {
  Random original(7);
  original.word();
  Random copy = original;
  EXPECT_EQ(copy.word(), original.word());
  copy.word();
  EXPECT_NE(copy, original);
}

TEST(Random, stays_below_the_bound) {
  for (const std::uint64_t bound : {1ull, 2ull, 3ull, 10ull, 1'000'003ull, ~0ull}) {
    Random random(bound);
    for (int i = 0; i < 1'000; ++i) EXPECT_LT(random.below(bound), bound);
  }
}

TEST(Random, reaches_both_ends_of_a_small_range) {
  Random random(3);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7u);
}

// BUG E15(a); BUGS P22
TEST(Random, never_lets_happen_what_has_no_chance_and_always_what_is_certain) {
  for (const std::uint64_t word : {0ull, 1ull, 1ull << 63, ~0ull - 1, ~0ull}) {
    EXPECT_FALSE(happens(word, Ratio(0, 1)));
    EXPECT_TRUE(happens(word, Ratio(1, 1)));
  }
}

TEST(Random, lets_happen_a_share_as_large_as_its_ratio) {
  constexpr int draws = 100'000;
  for (const Ratio p : {Ratio(1, 100), Ratio(1, 2), Ratio(9, 10)}) {
    Random random(11);
    int happened = 0;
    for (int i = 0; i < draws; ++i) happened += random.chance(p) ? 1 : 0;
    const int expected = static_cast<int>(std::uint64_t{draws} * p.numerator() / p.denominator());
    // The standard deviation is at most 158; an honest generator is this far off once in 10^9.
    EXPECT_NEAR(happened, expected, 1'000) << p.numerator() << "/" << p.denominator();
  }
}

// With 256 bins the statistic is about 255 with a deviation of 23: outside 130..390 is not chance.
TEST(Random, spreads_every_byte_of_its_words_evenly) {
  for (const std::uint64_t key : keys) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      Random random(key);
      std::vector<std::uint64_t> counts(256);
      for (int i = 0; i < 25'600; ++i) ++counts[(random.word() >> shift) & 0xff];
      const std::uint64_t statistic = chi_square(counts);
      EXPECT_GT(statistic, 130u) << key << " >> " << shift;
      EXPECT_LT(statistic, 390u) << key << " >> " << shift;
    }
  }
}

// The first words of neighbouring keys are what keyed decisions are made of.
TEST(Random, spreads_the_first_words_of_consecutive_keys_evenly) {
  std::vector<std::uint64_t> counts(256);
  for (std::uint64_t key = 0; key < 25'600; ++key) ++counts[Random(key).word() >> 56];
  EXPECT_GT(chi_square(counts), 130u);
  EXPECT_LT(chi_square(counts), 390u);
}

TEST(Random, changes_half_of_a_word_with_any_bit_of_the_key) {
  int changed = 0;
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (std::uint64_t key = 0; key < 16; ++key) {
      changed += std::popcount(Random(key).word() ^ Random(key ^ (1ull << bit)).word());
    }
  }
  // 65,536 bits compared: 32,768 +- 128.
  EXPECT_NEAR(changed, 32'768, 900);
}

TEST(Random, splits_without_being_drawn_from) {
  Random random(5);
  const Random before = random;
  Random part = random.split(1);
  part.word();
  EXPECT_EQ(random, before);
}

TEST(Random, splits_alike_however_much_was_drawn) {
  const Random fresh(5);
  Random used(5);
  used.word();
  EXPECT_EQ(used.split(1), fresh.split(1));
}

TEST(Random, splits_into_generators_that_do_not_agree) {
  const Random random(5);
  int equal_bits = 0;
  std::set<std::uint64_t> words;
  for (std::uint64_t purpose = 0; purpose < 256; ++purpose) {
    Random a = random.split(purpose);
    Random b = random.split(purpose + 1);
    for (int i = 0; i < 4; ++i) {
      const std::uint64_t word = a.word();
      words.insert(word);
      equal_bits += std::popcount(~(word ^ b.word()));
    }
  }
  EXPECT_EQ(words.size(), 1'024u);
  // 65,536 bits compared.
  EXPECT_NEAR(equal_bits, 32'768, 900);
}

TEST(Random, fills_any_number_of_bytes_and_no_more) {
  for (std::size_t size = 0; size < 20; ++size) {
    std::array<std::uint8_t, 24> buffer{};
    Random random(size);
    random.fill(MutableBytes(buffer).first(size));
    for (std::size_t i = size; i < buffer.size(); ++i) EXPECT_EQ(buffer[i], 0);
  }
  std::vector<std::uint64_t> counts(256);
  std::vector<std::uint8_t> bytes(25'601);
  Random random(1);
  random.fill(bytes);
  for (const std::uint8_t byte : bytes) ++counts[byte];
  EXPECT_GT(chi_square(counts), 130u);
  EXPECT_LT(chi_square(counts), 390u);
}

// These words are part of every saved seed: another value means that no old failure replays.
TEST(Random, keeps_its_words_for_ever) {
  Random random(42);
  const std::uint64_t first = random.word();
  const std::uint64_t second = random.word();
  EXPECT_EQ(first, 2270424967977322734u);
  EXPECT_EQ(second, 13398725073822901769u);
  EXPECT_EQ(hash_text("alice"), 13579748210364539307u);
}

}  // namespace
}  // namespace tickover
