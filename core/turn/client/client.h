#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/machine.h"
#include "core/random.h"
#include "core/stun/message_view.h"
#include "core/stun/round_trip.h"
#include "core/transmit_queue.h"
#include "core/turn/client/allocation.h"
#include "core/turn/client/channels.h"
#include "core/turn/client/config.h"
#include "core/turn/client/event.h"
#include "core/turn/client/event_queue.h"
#include "core/turn/client/permissions.h"
#include "core/turn/client/redirects.h"
#include "core/turn/client/requests.h"
#include "core/turn/client/retry_schedule.h"
#include "core/turn/client/session.h"

namespace tickover::turn {

/// Keeps one allocation alive on one relay by itself (RFC 8656 over RFC 8489): probes the relay's
/// endpoints, authenticates, allocates, refreshes, binds channels, installs permissions, keeps the
/// NAT's mapping, notices when the relay is gone, and starts over on a fresh local socket.
///
/// Idle or not, a relay that is dead or forgot us is noticed by the Refresh that follows
/// `keep_alive` after its last word at the latest: an answer of 437, or one give-up of `backoff`
/// later (BUGS P9). That is 79 `longest_rto` at most, unless our own host refuses to send.
///
/// Peers that were asked for stay wanted: they are bound again on each new allocation, until they
/// are released or the relay refuses them. An answer counts only if its id, its source, the socket
/// it came to and its MESSAGE-INTEGRITY (or -SHA256) are right; only the challenges 401 and 438 go
/// unsigned.
/// A success to an unsigned Allocate is ignored: a relay without credentials is not supported.
class Client {
 public:
  using Event = ClientEvent;

  /// What came in and was not used. Counts only: two clients that differ in nothing else are equal.
  struct Counters {
    std::uint64_t foreign = 0;          // from elsewhere than our relay, or to another socket
    std::uint64_t malformed = 0;        // neither STUN nor ChannelData
    std::uint64_t unexpected = 0;       // a message that no client expects
    std::uint64_t unmatched = 0;        // an answer to nothing that is outstanding
    std::uint64_t unauthenticated = 0;  // an answer without the right MESSAGE-INTEGRITY
    std::uint64_t unpermitted = 0;      // data without a channel or permission behind it

    friend bool operator==(const Counters&, const Counters&) { return true; }
  };
  struct AllocationInfo {
    RelayedAddress relayed;
    std::optional<RelayedAddress> additional;  // of the other family
    ClientAddress mapped;
    Instant expires_at;
  };

  /// `config.server` names one or two endpoints (CHECK). The first attempt begins at once.
  Client(ClientConfig config, Random random, Instant now);

  // Queries.
  std::optional<AllocationInfo> allocation() const;
  /// The peer's confirmed channel. At the instant of its end it is gone.
  std::optional<ChannelNumber> channel(const PeerAddress& peer, Instant now) const;
  /// Whether send() would be carried out.
  bool can_send(const PeerAddress& peer, Instant now) const;
  /// The smoothed round trip to the relay endpoint in use, while one is known. It outlives the
  /// allocation (stun::RoundTrips).
  std::optional<Duration> round_trip(Instant now) const;
  bool is_closed() const { return closed_; }
  const ClientConfig& config() const { return config_; }
  const Counters& counters() const { return counters_; }

  // Commands.
  /// Wants a channel (or a permission) for the peer; asked too early it is bound later. Wanting it
  /// twice changes nothing.
  std::expected<void, CommandError> bind_channel(const PeerAddress& peer, Instant now);
  std::expected<void, CommandError> create_permission(const PeerAddress& peer, Instant now);
  /// Channel and permission are renewed no more and end by themselves.
  std::expected<void, CommandError> release_peer(const PeerAddress& peer, Instant now);
  /// ChannelData over a confirmed channel, else a Send indication under a confirmed permission.
  std::expected<void, CommandError> send(const PeerAddress& peer, Bytes payload, Instant now);
  /// Gives the allocation back (Refresh with LIFETIME 0) and stays quiet. Wanted peers are kept for
  /// restart().
  void close(Instant now);
  /// From now on the user is this one. With another name what there is is given back, under the old
  /// one, and another allocation made: an allocation has one name all its life (PROTOCOL A24). With
  /// another password all stays, until the relay refuses the old one; then the new one is tried. A
  /// pause before the next attempt ends at once.
  void set_credentials(std::string username, std::string password, Instant now);
  /// Gives up what there is and starts over at once; also after close().
  void restart(Instant now);

  // Input and time.
  void handle_input(const Input& input, Instant now);
  void handle_timeout(Instant now);

  // Output.
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Event> poll_event() { return events_.poll(); }
  std::optional<Timeout> poll_timeout() const;

  bool operator==(const Client&) const = default;

 private:
  using Kind = client::Kind;
  using Order = client::Order;
  using Session = client::Session;
  using Stage = client::Stage;
  enum class Leave : std::uint8_t { release, drop };

  // client.cpp
  std::expected<void, CommandError> check_peer(const PeerAddress& peer) const;
  void transmit(const Session& session, Bytes payload, Instant now);
  void start_over(Instant now);

  // timeouts.cpp
  client::Due due() const;
  void begin_change(Instant now);
  /// Does everything that is due at `now`; afterwards nothing is.
  void settle(Instant now);
  void run_timers(Instant now);
  void retransmit(Instant now);
  void enqueue_due(Instant now);
  void ask_for_refresh(std::uint32_t session, Instant now);
  void start(Order order, Instant now);
  void give_up(const Order& order, Instant now);
  void retry_peer(const Order& order, Instant at);

  // inputs.cpp
  void handle(const Datagram& datagram, Instant now);
  void handle(const IcmpError& error, Instant now);
  void handle(const SendRefused& refused, Instant now);
  void handle(const SocketOpened& opened, Instant now);
  void handle(const SocketRefused& refused, Instant now);
  void handle(const SocketClosed& closed, Instant now);
  void handle(const AddressesChanged& changed, Instant now);
  void handle(const WallClock&, Instant) {}  // long-term credentials name no date
  void handle_channel_data(const Session& session, Bytes payload, Instant now);
  void handle_indication(const Session& session, const stun::MessageView& message, Instant now);

  // answers.cpp
  void handle_answer(std::uint32_t session, const stun::MessageView& message, Instant now);
  /// The request has its answer, which shows that the relay lives, and how far away it is.
  void answered(const Session& session, const stun::TransactionId& id, Instant now);
  /// Whether the relay itself says so, as far as anybody can tell.
  bool is_trusted(const Order& order, const stun::MessageView& message) const;
  void succeeded(const Order& order, const stun::MessageView& message, Instant now);
  void allocated(const Order& order, const stun::MessageView& message, Instant now);
  void refreshed(const Order& order, const stun::MessageView& message, Instant now);
  void refused(const Order& order, int code, Instant now);
  void allocate_refused(const Order& order, int code, Instant now);
  void refresh_refused(int code, Instant now);
  /// Whether the request is made once more.
  bool peer_server_error(const Order& order, int code, Instant now);
  void peer_request_refused(const Order& order, int code, Instant now);

  // challenges.cpp
  /// The nonce is stale, or signing is asked for. False if the challenge is no proper one.
  bool challenged(const Order& order, const stun::TransactionId& id, int code,
                  const stun::MessageView& message, Instant now);
  void challenged_too_often(const Order& order, Instant now);
  void challenge_refused(const Order& order, AttemptFailure why, int code, Instant now);
  void redirected(const Order& order, const stun::MessageView& message, Instant now);

  // lifecycle.cpp
  Session* find_session(std::uint32_t id);
  Session* find_session(const Endpoint& local, const Endpoint& server);
  Session& session_of(const Order& order);
  const Session* allocated_session() const;
  bool is_attempting() const;
  void begin_attempt();
  void open_session(const Endpoint& server);
  void resume_attempt();
  void won(std::uint32_t session);
  void allocate(Session& session, std::uint8_t challenges);
  void fail_attempt(AttemptFailure why, int code, Instant now);
  void mismatched(Instant now);
  void lost_probe(std::uint32_t session, AttemptFailure why, Instant now);
  void invalidate(RemovalReason why, Leave leave, Instant now);
  void lost_allocation(RemovalReason why, Leave leave, Instant now);
  void abandon(RemovalReason why, Leave leave, Instant now);
  void release_session(std::uint32_t session);
  void drop_session(std::uint32_t session);

  ClientConfig config_;
  std::uint32_t login_ = 1;  // counts the changes of username and password
  Random random_;
  std::vector<Session> sessions_;
  std::uint32_t next_session_ = 1;
  client::Requests requests_;
  std::optional<client::Allocation> allocation_;
  client::Channels channels_;
  client::Permissions permissions_;
  client::RetrySchedule schedule_;
  stun::RoundTrips round_trips_;
  client::Redirects redirects_;
  std::optional<client::Path> last_held_;  // the 5-tuple of our latest allocation
  std::uint8_t mismatches_ = 0;            // 437 on so many local ports in a row
  std::optional<std::vector<IpAddress>> addresses_;
  bool closed_ = false;
  TransmitQueue transmits_;
  client::EventQueue events_;
  client::Due next_due_;  // due(), as it is after each change
  Counters counters_;
};

static_assert(Machine<Client>);

}  // namespace tickover::turn
