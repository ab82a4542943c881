#include "core/stun/names.h"

#include <gtest/gtest.h>

#include <set>

namespace tickover::stun {
namespace {

TEST(MessageName, says_method_and_class) {
  EXPECT_EQ(message_name({Method::binding, Class::request}), "Binding request");
  EXPECT_EQ(message_name({Method::allocate, Class::success}), "Allocate success");
  EXPECT_EQ(message_name({Method::refresh, Class::error}), "Refresh error");
  EXPECT_EQ(message_name({Method::send, Class::indication}), "Send indication");
  EXPECT_EQ(message_name({Method::create_permission, Class::request}), "CreatePermission request");
  EXPECT_EQ(message_name({Method{0x0fe}, Class::request}), "STUN request");
}

TEST(MessageName, is_one_of_its_own_for_each_known_message) {
  std::set<std::string_view> names;
  for (const Method method :
       {Method::binding, Method::allocate, Method::refresh, Method::send, Method::data,
        Method::create_permission, Method::channel_bind, Method{0x0fe}}) {
    for (const Class c : {Class::request, Class::indication, Class::success, Class::error}) {
      names.insert(message_name({method, c}));
    }
  }
  EXPECT_EQ(names.size(), 32u);
}

}  // namespace
}  // namespace tickover::stun
