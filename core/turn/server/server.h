#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fifo.h"
#include "core/machine.h"
#include "core/random.h"
#include "core/stun/message_view.h"
#include "core/stun/message_writer.h"
#include "core/transmit_queue.h"
#include "core/turn/server/allocation_table.h"
#include "core/turn/server/answer_budget.h"
#include "core/turn/server/config.h"
#include "core/turn/server/counters.h"
#include "core/turn/server/event.h"
#include "core/turn/server/peer_policy.h"
#include "core/turn/server/port_pool.h"
#include "core/turn/server/request_memory.h"

namespace tickover::turn {

/// Why a server wants to be woken.
enum class ServerTimer {
  allocation_expiry,
  permission_expiry,
  channel_expiry,
  opening_abandoned,  // the owner never said whether a relay port opened
  listener_retry,
};
std::string_view name(ServerTimer timer);

/// One allocation as an oracle sees it; permissions by address, channels by number.
struct AllocationProbe {
  FiveTuple tuple;
  RelayedAddress relayed;
  std::string user;
  Instant expiry;
  std::vector<PermissionTable::Permission> permissions;
  std::vector<ChannelTable::Channel> channels;

  bool operator==(const AllocationProbe&) const = default;
};

/// A TURN server over UDP (RFC 8656) that also answers STUN Binding (RFC 8489), as a machine in
/// the sense of core/machine.h. It opens its listening sockets by the first drain; Allocate is
/// answered once its relay port is open. Nothing is remembered about whom it has not
/// authenticated, but for budgets of a fixed size. Responses carry no reason phrases (PROTOCOL
/// AB1).
///
/// A relayed datagram keeps the ECN bits and, within one address family, the DF bit of the one that
/// came in; its hop limit is one less (RFC 8656, sections 13 to 15). DSCP is not modelled: inputs
/// do not tell it, and the owner sends with its own default.
class Server {
 public:
  using Event = ServerEvent;

  /// `config` must have no problem() (CHECK); its passwords are not kept. `random` should be
  /// secret where clients are real: nonces and relay ports hang on it.
  Server(ServerConfig config, Random random, Instant now);

  // Queries.
  const ServerConfig& config() const { return config_; }
  const ServerCounters& counters() const { return counters_; }
  /// Without those that still wait for their port.
  std::vector<AllocationProbe> allocations() const;
  /// With those that still wait for their port.
  std::size_t allocation_count() const { return allocations_.size(); }
  std::size_t ports_in_use() const { return ports_.in_use(); }
  /// Whether all indexes, counts, ports and deadlines mirror the allocations (BUGS P12).
  bool is_consistent() const;

  /// Replaces the listed users. Allocations of those who are gone, or have another password now,
  /// cannot be refreshed and end with their lifetime (PROTOCOL AB20). Nothing changes if the list
  /// is wrong; the error says why.
  std::expected<void, std::string> set_users(std::span<const User> users, Instant now);

  void handle_input(const Input& input, Instant now);
  void handle_timeout(Instant now);

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<ServerEvent> poll_event() { return events_.pop(); }
  std::optional<Timeout> poll_timeout() const;

  bool operator==(const Server&) const = default;

 private:
  enum class Removal { deleted, expired, socket_gone, refused, abandoned };

  struct Listener {
    Endpoint local;
    std::uint32_t request = 0;  // the OpenSocket that is not answered yet; 0: none
    bool is_open = false;
    std::optional<Instant> retry_at = {};
    bool operator==(const Listener&) const = default;
  };
  /// An OpenSocket for a relay port that is not answered yet.
  struct PendingPort {
    std::uint32_t request = 0;
    Endpoint local;
    std::optional<FiveTuple> waiting;  // empty: nobody any more; close it if it opens
    bool operator==(const PendingPort&) const = default;
  };
  /// A request that proved who sent it.
  struct Request {
    const stun::MessageView& message;
    Reply reply;
    const Identity& who;
    Instant now;
    const FiveTuple& tuple() const { return reply.tuple; }
  };

  // Sockets and time: server.cpp.
  void input(const Datagram& datagram, Instant now);
  void input(const IcmpError& error, Instant now);
  void input(const SendRefused& refused, Instant now);
  void input(const SocketOpened& opened, Instant now);
  void input(const SocketRefused& refused, Instant now);
  void input(const SocketClosed& closed, Instant now);
  void input(const AddressesChanged& changed, Instant now);
  void input(const WallClock& clock, Instant now);
  void expire(Instant now);
  void expire_relay(Allocation& allocation, Instant now);
  std::uint32_t open_socket(const Endpoint& local);
  void open_listener(Listener& listener);
  void lose_listener(Listener& listener, Instant now);
  bool listens_on(const Endpoint& local) const;
  std::optional<PendingPort> take_pending(std::uint32_t request);
  /// The only way an allocation ends; everything of it goes (BUGS D03).
  void remove_allocation(std::uint32_t slot, Removal why);

  // Requests: requests.cpp.
  void handle_stun(const Datagram& datagram, Instant now);
  void handle_request(const stun::MessageView& message, const Datagram& datagram, Instant now);
  void answer_binding(const stun::MessageView& message, const Reply& reply);
  /// True if an Allocate over this 5-tuple belongs elsewhere and was told so.
  bool redirect(const Reply& reply);
  void dispatch(const Request& request);
  void allocate(const Request& request);
  void open_relay(const Request& request, AddressFamily family, Duration lifetime);
  void relay_opened(std::uint32_t slot, Instant now);
  void relay_refused(std::uint32_t slot);
  void refresh(const Request& request, std::uint32_t slot);
  void create_permission(const Request& request, std::uint32_t slot);
  void bind_channel(const Request& request, std::uint32_t slot);
  std::optional<stun::ErrorCode> refusal_of(Allocation& allocation, const Endpoint& peer) const;
  void install_permission(Allocation& allocation, Relay& relay, const IpAddress& ip, Instant now);
  Duration granted(Duration requested) const;
  std::uint64_t hash(const Request& request) const {
    return request_memory_.hash(request.tuple(), request.message.id(), request.who.user);
  }
  /// Of the request that made it.
  std::uint64_t hash_of(const Allocation& allocation) const {
    return request_memory_.hash(allocation.tuple, allocation.created_by, allocation.user);
  }
  bool may_answer_unsigned(const Reply& reply, Instant now);
  void repeat(const Request& request, const RequestMemory::Outcome& outcome);
  void succeed_refresh(const Reply& reply, Duration lifetime);

  // Responses: responses.cpp.
  stun::MessageWriter begin(const Reply& reply, stun::Class message_class);
  void finish(const Reply& reply, stun::MessageWriter& writer);
  void succeed(const Reply& reply);
  void succeed_allocate(const Reply& reply, const Allocation& allocation);
  void refuse(const Reply& reply, stun::ErrorCode code);
  void challenge(const Reply& reply, stun::ErrorCode code, Instant now);
  void refuse_attributes(const Reply& reply, std::span<const stun::AttributeType> unknown);

  // Data: data_path.cpp.
  void handle_indication(const stun::MessageView& message, const Datagram& datagram, Instant now);
  void handle_channel_data(const Datagram& datagram, Instant now);
  void handle_peer_datagram(std::uint32_t slot, const Datagram& datagram, Instant now);
  void handle_icmp(std::uint32_t slot, const IcmpError& error, Instant now);
  void send_to_peer(const Allocation& allocation, const RelayedAddress& from, const Endpoint& peer,
                    Bytes payload, const Datagram& cause, bool dont_fragment, Instant now);
  bool has_bandwidth(UserId account, std::size_t payload, Instant now);
  void send_channel_data(const FiveTuple& to, ChannelNumber number, const Datagram& cause);
  void send_data_indication(const FiveTuple& to, const Datagram& cause);

  ServerEvent event(ServerEvent::Kind kind, const Allocation& allocation) const;

  ServerConfig config_;
  Authenticator authenticator_;
  PeerPolicy policy_;
  PortPool ports_;
  Random port_random_;
  Random id_random_;
  AllocationTable allocations_;
  AnswerBudget answer_budget_;
  RequestMemory request_memory_;
  std::vector<Listener> listeners_;
  std::vector<PendingPort> pending_;  // by request
  std::uint32_t last_request_ = 0;
  ServerCounters counters_;
  TransmitQueue transmits_;
  Fifo<ServerEvent> events_;
};

static_assert(Machine<Server>);

}  // namespace tickover::turn
