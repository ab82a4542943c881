#include <algorithm>

#include "core/turn/server/server.h"

namespace tickover::turn {
namespace {

/// Realm, software text, nonce, addresses and MACs of the largest allowed sizes fit.
constexpr std::size_t response_room = 1400;

}  // namespace

using stun::AttributeType;

stun::MessageWriter Server::begin(const Reply& reply, stun::Class message_class) {
  return {transmits_.reserve(response_room), {reply.method, message_class}, reply.id};
}

void Server::finish(const Reply& reply, stun::MessageWriter& writer) {
  if (!config_.software.empty()) writer.add_text(AttributeType::software, config_.software);
  if (reply.signature && reply.signature->sha256) {
    writer.add_integrity_sha256(reply.signature->key);
  } else if (reply.signature) {
    writer.add_integrity(reply.signature->key);
  }
  if (reply.fingerprint) writer.add_fingerprint();
  CHECK(writer.ok());
  transmits_.sent(
      {.local = reply.tuple.server, .remote = reply.tuple.client.endpoint, .size = writer.size()});
}

bool Server::may_answer_unsigned(const Reply& reply, Instant now) {
  if (answer_budget_.take(reply.tuple.client.endpoint.ip, now)) return true;
  ++counters_.over_answer_budget;
  return false;
}

void Server::succeed(const Reply& reply) {
  ++counters_.success_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::success);
  finish(reply, writer);
}

void Server::succeed_refresh(const Reply& reply, Duration lifetime) {
  ++counters_.success_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::success);
  writer.add_lifetime(lifetime);
  finish(reply, writer);
}

void Server::succeed_allocate(const Reply& reply, const Allocation& allocation) {
  ++counters_.success_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::success);
  for (const auto& relay : allocation.relays) {
    if (!relay) continue;
    writer.add_xor_address(AttributeType::xor_relayed_address, relay->address.endpoint);
  }
  writer.add_lifetime(allocation.granted);
  if (allocation.token) writer.add(AttributeType::reservation_token, *allocation.token);
  if (const auto& missing = allocation.missing) {
    writer.add_address_error(missing->family, missing->why,
                             allocation.draft_attributes ? AttributeType::draft_address_error_code
                                                         : AttributeType::address_error_code);
  }
  writer.add_xor_address(AttributeType::xor_mapped_address, reply.tuple.client.endpoint);
  finish(reply, writer);
}

void Server::refuse(const Reply& reply, stun::ErrorCode code) {
  ++counters_.error_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::error);
  writer.add_error(code, "");
  finish(reply, writer);
}

void Server::challenge(const Reply& reply, stun::ErrorCode code, Instant now) {
  ++counters_.error_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::error);
  writer.add_error(code, "");
  writer.add_text(AttributeType::realm, authenticator_.realm());
  writer.add_text(AttributeType::nonce,
                  authenticator_.fresh_nonce(reply.tuple.client.endpoint, now).text());
  if (!authenticator_.offered().empty()) {
    writer.add_password_algorithms(AttributeType::password_algorithms, authenticator_.offered());
  }
  finish(reply, writer);
}

// RFC 8489, section 10: of the request's family first. Without one, the client stays here.
bool Server::redirect(const Reply& reply) {
  const AddressFamily family = reply.tuple.client.endpoint.family();
  const auto first = std::ranges::find(config_.alternate_server, family, &Endpoint::family);
  if (first == config_.alternate_server.end()) return false;
  ++counters_.error_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::error);
  writer.add_error(stun::ErrorCode::try_alternate, "");
  writer.add_plain_address(AttributeType::alternate_server, *first);
  for (const Endpoint& other : config_.alternate_server) {
    if (other.family() != family) writer.add_plain_address(AttributeType::alternate_server, other);
  }
  finish(reply, writer);
  return true;
}

void Server::refuse_attributes(const Reply& reply, std::span<const AttributeType> unknown) {
  ++counters_.error_responses;
  stun::MessageWriter writer = begin(reply, stun::Class::error);
  writer.add_error(stun::ErrorCode::unknown_attribute, "");
  writer.add_unknown_attributes(unknown);
  finish(reply, writer);
}

}  // namespace tickover::turn
