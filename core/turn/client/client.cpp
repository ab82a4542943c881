#include "core/turn/client/client.h"

#include <algorithm>

#include "core/check.h"
#include "core/turn/client/request_writer.h"

namespace tickover::turn {

using namespace client;

namespace {

// Header, XOR-PEER-ADDRESS for IPv6, and DATA's header with its padding.
constexpr std::size_t indication_overhead = 20 + 24 + 4 + 3;

/// The largest UDP payload that IP of this family carries.
constexpr std::size_t largest_datagram(AddressFamily family) {
  return family == AddressFamily::ipv4 ? 65'507 : max_datagram_size;
}

}  // namespace

Client::Client(ClientConfig config, Random random, Instant now)
    : config_(std::move(config)),
      random_(random),
      requests_(config_.start_gap),
      channels_(config_, random_),
      permissions_(config_) {
  CHECK(config_.server.size() == 1 || config_.server.size() == 2);
  CHECK(config_.keep_alive > Duration{} && config_.longest_rto > Duration{});
  CHECK(config_.start_gap >= Duration{});
  CHECK(!config_.additional_ipv6 || config_.relay_family == AddressFamily::ipv4);
  CHECK(config_.pause_jitter <= Ratio(1, 1));
  CHECK(config_.channel_refresh > Duration{} && config_.permission_refresh > Duration{});
  begin_attempt();
  settle(now);
}

std::optional<Client::AllocationInfo> Client::allocation() const {
  if (!allocation_) return {};
  return AllocationInfo{allocation_->relayed(), allocation_->additional(), allocation_->mapped(),
                        allocation_->expires_at()};
}

std::optional<ChannelNumber> Client::channel(const PeerAddress& peer, Instant now) const {
  if (!allocation_ || now >= allocation_->expires_at()) return {};
  return channels_.usable(peer, now);
}

bool Client::can_send(const PeerAddress& peer, Instant now) const {
  if (!allocation_ || now >= allocation_->expires_at()) return false;
  return channels_.usable(peer, now) || channels_.surely_permits(peer.endpoint.ip, now) ||
         permissions_.surely_permits(peer.endpoint.ip, now);
}

std::optional<Duration> Client::round_trip(Instant now) const {
  const auto used = std::ranges::find_if(
      sessions_, [](const Session& session) { return session.stage != Stage::leaving; });
  const Endpoint& server = used == sessions_.end() ? config_.server.front() : used->server;
  const auto estimate = round_trips_.find(server.ip, now);
  return estimate ? estimate->smoothed() : std::nullopt;
}

std::expected<void, CommandError> Client::check_peer(const PeerAddress& peer) const {
  if (closed_) return std::unexpected(CommandError::closed);
  const AddressFamily family = peer.endpoint.family();
  const bool asked_for =
      family == config_.relay_family || (config_.additional_ipv6 && family == AddressFamily::ipv6);
  if (!asked_for || (allocation_ && !allocation_->serves(family))) {
    return std::unexpected(CommandError::wrong_family);
  }
  return {};
}

std::expected<void, CommandError> Client::bind_channel(const PeerAddress& peer, Instant now) {
  begin_change(now);
  if (const auto checked = check_peer(peer); !checked) return checked;
  if (!channels_.has_room_for(peer)) return std::unexpected(CommandError::no_free_channel);
  channels_.want(peer, now);
  settle(now);
  return {};
}

std::expected<void, CommandError> Client::create_permission(const PeerAddress& peer, Instant now) {
  begin_change(now);
  if (const auto checked = check_peer(peer); !checked) return checked;
  if (!permissions_.has_room_for(peer)) return std::unexpected(CommandError::too_many_peers);
  permissions_.want(peer, now);
  settle(now);
  return {};
}

std::expected<void, CommandError> Client::release_peer(const PeerAddress& peer, Instant now) {
  begin_change(now);
  const bool had_channel = channels_.release(peer);
  const bool had_permission = permissions_.release(peer);
  settle(now);
  if (!had_channel && !had_permission) return std::unexpected(CommandError::unknown_peer);
  return {};
}

std::expected<void, CommandError> Client::send(const PeerAddress& peer, Bytes payload,
                                               Instant now) {
  begin_change(now);
  if (const auto checked = check_peer(peer); !checked) return checked;
  const auto number = channel(peer, now);
  if (!number && !can_send(peer, now)) return std::unexpected(CommandError::not_ready);
  const Session& session = *allocated_session();
  const std::size_t overhead = number ? channel_data_header_size : indication_overhead;
  if (payload.size() + overhead > largest_datagram(session.server.family())) {
    return std::unexpected(CommandError::payload_too_long);
  }
  const MutableBytes buffer = transmits_.reserve(payload.size() + overhead);
  const Bytes written =
      number ? write_channel_data(buffer, *number, payload)
             : write_send_indication(buffer, stun::TransactionId::draw(random_), peer, payload);
  transmits_.sent({.local = session.local, .remote = session.server, .size = written.size()});
  allocation_->keep_alive().sent(now);
  next_due_ = due();
  return {};
}

void Client::close(Instant now) {
  begin_change(now);
  if (closed_) return;
  closed_ = true;
  abandon(RemovalReason::closed, Leave::release, now);
  settle(now);
}

void Client::restart(Instant now) {
  begin_change(now);
  closed_ = false;
  start_over(now);
  settle(now);
}

void Client::start_over(Instant now) {
  abandon(RemovalReason::restarted, Leave::release, now);
  mismatches_ = 0;
  schedule_.succeeded();
  begin_attempt();
}

void Client::set_credentials(std::string username, std::string password, Instant now) {
  begin_change(now);
  const bool is_renamed = username != config_.username;
  if (!is_renamed && password == config_.password) return;
  config_.username = std::move(username);
  config_.password = std::move(password);
  ++login_;
  const bool is_pausing = !allocation_ && !is_attempting();
  if (!closed_ && (is_renamed || is_pausing)) start_over(now);
  settle(now);
}

void Client::transmit(const Session& session, Bytes payload, Instant now) {
  transmits_.send({.local = session.local, .remote = session.server}, payload);
  if (session.stage == Stage::allocated) allocation_->keep_alive().sent(now);
}

std::optional<Timeout> Client::poll_timeout() const {
  if (next_due_.at == Instant::never()) return {};
  return Timeout{next_due_.at, name(next_due_.timer)};
}

}  // namespace tickover::turn
