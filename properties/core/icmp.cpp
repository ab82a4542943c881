#include "core/icmp.h"

#include <gtest/gtest.h>

namespace tickover {
namespace {

// PROTOCOL T7
TEST(IcmpError, is_hard_where_nobody_listens) {
  const Endpoint four = *Endpoint::parse("192.0.2.1:3478");
  const Endpoint six = *Endpoint::parse("[2001:db8::1]:3478");
  EXPECT_TRUE(is_hard({four, four, 3, 2, 0}));
  EXPECT_FALSE(is_hard({four, four, 3, 4, 1280}));
  EXPECT_FALSE(is_hard({four, four, 11, 0, 0}));
  EXPECT_FALSE(is_hard({four, four, 1, 4, 0}));
  EXPECT_TRUE(is_hard({six, six, 1, 4, 0}));
  EXPECT_FALSE(is_hard({six, six, 3, 3, 0}));
  EXPECT_FALSE(is_hard({six, six, 2, 0, 1280}));
}

}  // namespace
}  // namespace tickover
