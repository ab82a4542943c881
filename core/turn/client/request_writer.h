#pragma once

#include "core/bytes.h"
#include "core/stun/types.h"
#include "core/turn/client/config.h"
#include "core/turn/client/credentials.h"
#include "core/turn/client/requests.h"

namespace tickover::turn::client {

/// Holds every request with texts of the longest legal size (PROTOCOL K8).
inline constexpr std::size_t largest_request = 4096;

/// Writes the request of `order` into `buffer` of at least `largest_request` bytes. All but the
/// probe are signed, for which `credentials` must be known (CHECK).
Bytes write_request(MutableBytes buffer, const Order& order, const stun::TransactionId& id,
                    const ClientConfig& config, const Credentials& credentials);

/// Writes a Send indication (RFC 8656, section 11.1). Nothing if it does not fit.
Bytes write_send_indication(MutableBytes buffer, const stun::TransactionId& id,
                            const PeerAddress& peer, Bytes payload);

}  // namespace tickover::turn::client
