#include "core/turn/client/event.h"

namespace tickover::turn {

std::string_view name(CommandError error) {
  switch (error) {
    case CommandError::not_ready:
      return "not ready";
    case CommandError::wrong_family:
      return "wrong address family";
    case CommandError::no_free_channel:
      return "no free channel";
    case CommandError::too_many_peers:
      return "too many peers";
    case CommandError::payload_too_long:
      return "payload too long";
    case CommandError::unknown_peer:
      return "unknown peer";
    case CommandError::closed:
      return "closed";
  }
  return "?";
}

std::string_view name(RemovalReason reason) {
  switch (reason) {
    case RemovalReason::expired:
      return "expired";
    case RemovalReason::unreachable:
      return "relay unreachable";
    case RemovalReason::forgotten:
      return "forgotten by the relay";
    case RemovalReason::refused:
      return "refresh refused";
    case RemovalReason::credentials_refused:
      return "credentials refused";
    case RemovalReason::bid_down:
      return "algorithms taken out of the challenge";
    case RemovalReason::no_common_algorithm:
      return "no common password algorithm";
    case RemovalReason::name_not_hidden:
      return "name cannot be hidden";
    case RemovalReason::integrity_violated:
      return "integrity violated";
    case RemovalReason::channel_conflict:
      return "channel conflict";
    case RemovalReason::socket_lost:
      return "socket lost";
    case RemovalReason::roamed:
      return "roamed";
    case RemovalReason::restarted:
      return "restarted";
    case RemovalReason::closed:
      return "closed";
  }
  return "?";
}

std::string_view name(AttemptFailure failure) {
  switch (failure) {
    case AttemptFailure::unanswered:
      return "unanswered";
    case AttemptFailure::no_socket:
      return "no socket";
    case AttemptFailure::credentials_refused:
      return "credentials refused";
    case AttemptFailure::bid_down:
      return "algorithms taken out of the challenge";
    case AttemptFailure::no_common_algorithm:
      return "no common password algorithm";
    case AttemptFailure::name_not_hidden:
      return "name cannot be hidden";
    case AttemptFailure::integrity_violated:
      return "integrity violated";
    case AttemptFailure::redirected_in_vain:
      return "redirected in vain";
    case AttemptFailure::stale_nonce_loop:
      return "every nonce is stale";
    case AttemptFailure::mismatch:
      return "allocation mismatch";
    case AttemptFailure::no_capacity:
      return "no capacity";
    case AttemptFailure::server_error:
      return "server error";
    case AttemptFailure::refused:
      return "refused";
    case AttemptFailure::unusable_answer:
      return "unusable answer";
  }
  return "?";
}

}  // namespace tickover::turn
