// What the reasons for differences do not excuse; no server is asked.
#include <gtest/gtest.h>

#include "properties/interop/differences.h"

namespace tickover::interop {
namespace {

constexpr Seen silence{};
constexpr Seen success{.answered = true, .succeeded = true};
Seen error(int code) {
  return {.answered = true, .code = code};
}

/// The name of the reason; empty if there is none.
std::string reason(const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
  const Difference* const found = explain(ask, past, ours, theirs);
  return found == nullptr ? "" : std::string(found->name);
}

// PROTOCOL W15
TEST(Difference, excuses_no_answer_to_who_is_not_the_owner) {
  const Past past{.allocated = true};
  const Ask bobs{.method = 4, .auth = Auth::other_user};
  EXPECT_EQ(reason(bobs, past, success, error(441)), "");
  EXPECT_EQ(reason(bobs, past, silence, error(441)), "");
  EXPECT_EQ(reason(bobs, past, error(400), error(441)), "");
  EXPECT_EQ(reason(bobs, past, error(441), error(437)), "first-user-is-remembered");
  EXPECT_EQ(
      reason({.method = 3, .auth = Auth::other_user, .transport = 17}, past, success, error(441)),
      "");
  const Past bob_was_here{.allocated = true, .owned_by_bob = true, .named_another = true};
  const Ask alices{.method = 4, .auth = Auth::good};
  EXPECT_EQ(reason(alices, bob_was_here, success, error(437)), "");
  EXPECT_EQ(reason(alices, bob_was_here, error(441), error(437)), "first-user-is-remembered");
  EXPECT_EQ(reason(alices, {.allocated = true, .named_another = true}, success, error(441)),
            "first-user-is-remembered");
}

// PROTOCOL A7
TEST(Difference, excuses_no_answer_to_whom_nobody_knows) {
  const Ask ask{.method = 4, .auth = Auth::unknown_user};
  EXPECT_EQ(reason(ask, {.allocated = true}, success, error(441)), "");
  EXPECT_EQ(reason(ask, {.allocated = true}, error(441), error(401)), "");
  EXPECT_EQ(reason(ask, {.allocated = true}, error(401), error(441)), "first-user-is-remembered");
}

// PROTOCOL W24
TEST(Difference, excuses_only_what_no_allocation_warrants_after_a_deletion) {
  const Past past{.deleted = true};
  const Ask bind{.method = 9, .auth = Auth::good, .peers = {Peer::peer}, .channel = 0x4000};
  EXPECT_EQ(reason(bind, past, silence, error(437)), "");
  EXPECT_EQ(reason(bind, past, success, error(437)), "");
  EXPECT_EQ(reason(bind, past, error(400), success), "");
  EXPECT_EQ(reason(bind, past, error(437), success), "freed-at-once");
  const Ask allocate{.method = 3, .auth = Auth::good, .transport = 17};
  EXPECT_EQ(reason(allocate, past, error(508), error(437)), "");
  EXPECT_EQ(reason(allocate, past, error(437), success), "");
  EXPECT_EQ(reason(allocate, past, success, error(437)), "freed-at-once");
  EXPECT_EQ(reason({.kind = Ask::Kind::peer_speaks}, past, {.reached_client = 33}, silence), "");
}

// PROTOCOL W1
TEST(Difference, excuses_neither_silence_nor_belief_in_what_is_not_signed) {
  const Ask ask{.method = 4, .auth = Auth::good, .damage = Damage::unsigned_tail};
  const Past past{.allocated = true};
  Seen refreshed = success, deleted = success;
  refreshed.lifetime = 600;
  deleted.lifetime = 0;
  EXPECT_EQ(reason(ask, past, silence, deleted), "");
  EXPECT_EQ(reason(ask, past, deleted, refreshed), "");
  EXPECT_EQ(reason(ask, past, refreshed, deleted), "unsigned-tail");
}

}  // namespace
}  // namespace tickover::interop
