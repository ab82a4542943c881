#pragma once

#include <cstdint>

#include "core/address.h"
#include "core/random.h"
#include "core/stun/message_view.h"
#include "core/turn/channel_data.h"

namespace tickover::sim {

// The datagrams of an attacker. Each writes into a buffer of attack_size bytes and gives what it
// wrote; `number` walks through the variants, so that a few in a row are all different.

inline constexpr std::size_t attack_size = 1200;

/// What a relay answers to anybody: bare Allocates, Bindings, requests of unknown users with nonces
/// that it never gave out.
Bytes write_flood(MutableBytes buffer, std::uint64_t number, Random& random);

/// What deserves silence or 420: noise, RFC 3489 without the cookie, the requests of RFC 5780 that
/// would send answers elsewhere or larger ones, messages that are cut off, that lie about their
/// length or are full of empty attributes, answers to nothing, and data for nobody.
Bytes write_garbage(MutableBytes buffer, std::uint64_t number, Random& random);

/// An answer to that request by somebody who does not know the password: success without signature
/// or with a wrong one, 401 of another realm, 300 to the attacker, errors that would end an
/// allocation, and 438 with a nonce of the attacker's.
Bytes write_forged_answer(MutableBytes buffer, const stun::MessageView& request,
                          std::uint64_t number, const Endpoint& attacker, Random& random);

/// A Send indication, or the Data indication that a relay would make of what a peer sent.
Bytes write_indication(MutableBytes buffer, stun::Method method, const Endpoint& peer,
                       Random& random);
Bytes write_stray_channel_data(MutableBytes buffer, turn::ChannelNumber channel, Random& random);
/// Bytes that nobody's application sent.
Bytes write_noise(MutableBytes buffer, Random& random);

}  // namespace tickover::sim
