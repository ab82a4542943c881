#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tickover::sim {

/// Situations that a good set of scenarios reaches sometimes (DESIGN, section 6; BUGS P23). A sweep
/// adds them up over its runs and lists those that it never saw; a scenario may demand some.
enum class Mark : std::uint8_t {
  stale_nonce_at_allocate,
  stale_nonce_at_refresh,
  stale_nonce_at_create_permission,
  stale_nonce_at_channel_bind,
  mismatch_at_allocate,  // 437
  allocation_unknown,    // 437 to anything else
  no_capacity,           // 486 or 508
  nat_refused_under_allocation,
  allocation_lost,
  allocation_regained,
  peer_regained,
  request_sent_again,
  earlier_copy_answered,
  duplicate_delivered,
  corrupted_on_the_way,
  overtaken_on_the_way,
  lost_in_partition,
  forged_delivered,
  late_wake_up,
  relay_rebooted_under_allocation,
  client_restarted,
  count_,
};

/// "a stale nonce at ChannelBind"
std::string_view mark_name(Mark mark);
/// Of all marks, in their order.
std::vector<std::string> mark_names();

}  // namespace tickover::sim
