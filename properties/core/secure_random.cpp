#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "core/random.h"

namespace tickover {
namespace {

Random::SecretKey key_of(std::uint8_t first) {
  Random::SecretKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

// Made by sha256sum over key, use and counter as they are written down in core/random.h.
TEST(SecureRandom, is_sha256_of_its_key_and_a_counter) {
  Random random = Random::secure(key_of(0));
  EXPECT_EQ(random.word(), 0x8EE4EB6CCE4A63E5u);
  EXPECT_EQ(random.word(), 0x3B65F10DDB28F4D4u);
}

TEST(SecureRandom, continues_alike_in_a_copy) {
  Random original = Random::secure(key_of(7));
  original.word();
  Random copy = original;
  EXPECT_EQ(copy, original);
  EXPECT_EQ(copy.word(), original.word());
  copy.word();
  EXPECT_NE(copy, original);
}

// PROTOCOL AB26
TEST(SecureRandom, depends_on_every_byte_of_its_key) {
  std::set<std::uint64_t> words = {Random::secure(key_of(0)).word()};
  for (std::size_t i = 0; i < 32; ++i) {
    Random::SecretKey key = key_of(0);
    key[i] ^= 1;
    words.insert(Random::secure(key).word());
  }
  EXPECT_EQ(words.size(), 33u);
}

// PROTOCOL AB26
TEST(SecureRandom, splits_into_generators_that_differ_by_key_and_by_purpose) {
  std::set<std::uint64_t> words;
  for (std::uint8_t first = 0; first < 10; ++first) {
    const Random whole = Random::secure(key_of(first));
    for (std::uint64_t purpose = 0; purpose < 10; ++purpose) {
      Random part = whole.split(purpose);
      words.insert(part.word());
      words.insert(part.word());
      Random of_part = whole.split(purpose).split(purpose);
      words.insert(of_part.word());
    }
  }
  EXPECT_EQ(words.size(), 300u);
}

TEST(SecureRandom, is_left_alone_by_a_split) {
  Random split = Random::secure(key_of(1));
  Random whole = split;
  Random part = split.split(5);
  part.word();
  EXPECT_EQ(split, whole);
}

TEST(SecureRandom, keeps_the_promises_of_the_simulated_one) {
  Random random = Random::secure(key_of(3));
  std::vector<int> counts(7);
  for (int i = 0; i < 7'000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 1'000, 200);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(random.chance(Ratio(1, 1)));
    EXPECT_FALSE(random.chance(Ratio(0, 1)));
  }
  std::vector<std::uint8_t> bytes(13);
  random.fill(bytes);
  EXPECT_NE(bytes, std::vector<std::uint8_t>(13));
}

}  // namespace
}  // namespace tickover
