#include "core/turn/client/redirects.h"

#include <algorithm>

namespace tickover::turn::client {
namespace {

constexpr Duration loop_guard = std::chrono::minutes(5);  // RFC 8489, section 10
constexpr std::size_t most_tried = 8;                     // a chain without a loop has to end, too

bool is_loopback(const IpAddress& ip) {
  if (ip.family() == AddressFamily::ipv4) return ip.bytes()[0] == 127;
  return ip == IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

// Nobody, everybody, the IPv4 addresses that look like IPv6; and this host, unless that is who said
// so.
bool leads_nowhere(const Endpoint& server, const Endpoint& from) {
  const auto& bytes = server.ip.bytes();
  if (server.port == 0) return true;
  if (is_loopback(server.ip)) return !is_loopback(from.ip);
  if (server.family() == AddressFamily::ipv4) return bytes[0] == 0 || bytes[0] >= 224;
  return bytes[0] == 0xff ||
         std::ranges::all_of(bytes.begin(), bytes.begin() + 10, [](int byte) { return byte == 0; });
}

}  // namespace

bool Redirects::was_tried(const Endpoint& server) const {
  return std::ranges::find(tried_, server, &Tried::server) != tried_.end();
}

void Redirects::remember(const Endpoint& server, Instant now) {
  const auto known = std::ranges::find(tried_, server, &Tried::server);
  if (known == tried_.end()) {
    tried_.push_back({server, now});
  } else {
    known->at = now;
  }
}

std::optional<Endpoint> Redirects::follow(const stun::MessageView& answer, const Endpoint& from,
                                          Instant now) {
  std::erase_if(tried_, [&](const Tried& tried) { return tried.at + loop_guard <= now; });
  remember(from, now);
  std::optional<Endpoint> target;
  answer.for_each([&](const stun::Attribute& attribute) {
    if (target || attribute.type != stun::AttributeType::alternate_server) return;
    const auto server = answer.plain_address(attribute);
    if (!server || server->family() != from.family() || leads_nowhere(*server, from)) return;
    if (!was_tried(*server)) target = *server;
  });
  if (!target || tried_.size() >= most_tried) return {};
  remember(*target, now);
  return target;
}

}  // namespace tickover::turn::client
