#include "properties/interop/talk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/stun/types.h"
#include "properties/interop/servers.h"
#include "sim/oracles/wire_decoder.h"

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;
using stun::AttributeType;

/// Servers look passwords up beside their main work, so an answer may come after the marker's.
constexpr auto grace = 40ms;

const sim::WireAttribute* find(const sim::WireFacts& facts, AttributeType type) {
  return facts.find(static_cast<unsigned>(type));
}

std::uint32_t word(const std::vector<std::uint8_t>& value) {
  std::uint32_t result = 0;
  for (std::size_t i = 0; i < 4 && i < value.size(); ++i) result = result << 8 | value[i];
  return result;
}

std::string text(const sim::WireAttribute& attribute) {
  return {attribute.value.begin(), attribute.value.end()};
}

}  // namespace

std::string text_of(const Seen& seen) {
  std::string out;
  if (!seen.answered) {
    out = "silence";
  } else if (seen.succeeded) {
    out = "success";
  } else {
    out = fmt::format("{}", seen.code);
  }
  if (seen.is_signed) out += ", signed";
  if (seen.fingerprint) out += ", with FINGERPRINT";
  if (seen.challenges) out += ", a challenge";
  if (seen.lifetime) out += fmt::format(", lifetime {}", *seen.lifetime);
  if (seen.mapped_is_own) out += *seen.mapped_is_own ? ", mapped" : ", mapped to another";
  if (seen.relayed_family) {
    out += fmt::format(", relayed IPv{}{}", *seen.relayed_family == 1 ? 4 : 6,
                       seen.even_relayed_port ? ", even" : "");
  }
  if (seen.reserved) out += ", reserved";
  if (!seen.unknown.empty()) out += fmt::format(", unknown {:#06x}", fmt::join(seen.unknown, " "));
  if (seen.reached_peer) out += fmt::format(", {} bytes reached the peer", *seen.reached_peer);
  if (seen.reached_client) {
    out += fmt::format(", {} bytes reached the client{}", *seen.reached_client,
                       seen.by_channel ? " by channel" : "");
  }
  if (seen.told_by_icmp) out += ", told by ICMP";
  return out;
}

Talk::Talk(const Endpoint& server) : server_(server) {
  session_.realm = realm;
  session_.peer = peer_.local();
  session_.other = other_.local();
}

Talk::~Talk() {
  if (!relayed_) return;
  put({.method = 4, .auth = Auth::good, .lifetime = 0});
}

Seen Talk::put(const Ask& ask) {
  Seen seen;
  if (ask.kind == Ask::Kind::peer_speaks) {
    if (relayed_) peer_.send(*relayed_, Buffer(33, 0xbe));
    await(seen);
    return seen;
  }
  const Buffer bytes = encode(ask, session_);
  if (bytes.size() >= 20) std::copy_n(bytes.begin() + 8, 12, asked_.begin());
  client_.send(server_, bytes);
  await(seen);
  if (const auto arrived = peer_.receive(seen.answered ? 0ms : grace)) {
    seen.reached_peer = arrived->second.size();
  }
  return seen;
}

void Talk::await(Seen& seen) {
  Buffer marker{0x00, 0x01, 0, 0, 0x21, 0x12, 0xA4, 0x42, 'm', 'a',
                'r',  'k',  0, 0, 0,    0,    0,    0,    0,   0};
  marker[18] = static_cast<std::uint8_t>(++markers_ >> 8);
  marker[19] = static_cast<std::uint8_t>(markers_);
  client_.send(server_, marker);
  for (bool marked = false;;) {
    const auto arrived = client_.receive(marked ? grace : 500ms);
    if (!arrived) return;
    const Buffer& bytes = arrived->second;
    if (bytes.size() >= 20 && std::equal(marker.begin() + 8, marker.end(), bytes.begin() + 8)) {
      marked = true;
    } else {
      look_at(bytes, seen);
    }
    if (marked && (seen.answered || seen.reached_client)) return;
  }
}

void Talk::look_at(Bytes datagram, Seen& seen) {
  const sim::WireFacts facts = sim::judge_datagram(datagram);
  if (facts.is_channel_data) {
    seen.reached_client = facts.data.size();
    seen.by_channel = true;
    return;
  }
  if (facts.message_class == 1) {
    if (find(facts, AttributeType::icmp) != nullptr) {
      seen.told_by_icmp = true;
      return;
    }
    const auto* data = find(facts, AttributeType::data);
    seen.reached_client = data ? data->value.size() : 0;
    return;
  }
  if (facts.transaction != asked_) return;  // a late answer to what was asked before
  seen.answered = true;
  seen.succeeded = facts.message_class == 2;
  if (const auto* error = find(facts, AttributeType::error_code)) {
    if (error->value.size() >= 4) seen.code = error->value[2] * 100 + error->value[3];
  }
  seen.is_signed = find(facts, AttributeType::message_integrity) != nullptr;
  seen.fingerprint = find(facts, AttributeType::fingerprint) != nullptr;
  const auto* nonce = find(facts, AttributeType::nonce);
  const auto* challenge_realm = find(facts, AttributeType::realm);
  seen.challenges = nonce != nullptr && challenge_realm != nullptr;
  if (nonce != nullptr) session_.nonce = text(*nonce);
  if (challenge_realm != nullptr) session_.realm = text(*challenge_realm);
  if (const auto* lifetime = find(facts, AttributeType::lifetime)) {
    seen.lifetime = word(lifetime->value);
  }
  if (const auto* mapped = find(facts, AttributeType::xor_mapped_address)) {
    seen.mapped_is_own = mapped->address == client_.local();
  }
  if (const auto* relayed = find(facts, AttributeType::xor_relayed_address);
      relayed != nullptr && relayed->address) {
    relayed_ = relayed->address;
    seen.relayed_family = static_cast<int>(relayed_->family());
  }
  seen.reserved = find(facts, AttributeType::reservation_token) != nullptr;
  if (const auto* unknown = find(facts, AttributeType::unknown_attributes)) {
    for (std::size_t i = 0; i + 1 < unknown->value.size(); i += 2) {
      seen.unknown.push_back(static_cast<unsigned>(unknown->value[i] << 8 | unknown->value[i + 1]));
    }
  }
}

}  // namespace tickover::interop
