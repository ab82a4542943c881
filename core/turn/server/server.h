#pragma once

#include <algorithm>
#include <array>
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
#include "core/turn/server/reservation_table.h"

namespace tickover::turn {

/// One relayed address of an allocation as an oracle sees it, of which there can be two;
/// permissions by address, channels by number.
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
  /// By EVEN-PORT, and not claimed or expired yet.
  std::size_t reservation_count() const { return reservations_.size(); }
  std::size_t ports_in_use() const { return ports_.in_use(); }
  /// Whether all indexes, counts, ports and deadlines mirror the allocations (BUGS P12).
  bool is_consistent() const;

  /// Replaces the listed users. Allocations of those who are gone, or have another password now,
  /// cannot be refreshed and end with their lifetime (PROTOCOL AB20). Nothing changes if the list
  /// is wrong; the error says why.
  std::expected<void, std::string> set_users(std::span<const User> users, Instant now);

  /// From now on every Allocate that would make something new is answered with 508; what there is
  /// goes on as before. For a server that is to be stopped without cutting anybody off.
  void stop_allocating() { allocates_ = false; }

  void handle_input(const Input& input, Instant now);
  void handle_timeout(Instant now);

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<ServerEvent> poll_event() { return events_.pop(); }
  std::optional<Timeout> poll_timeout() const;

  bool operator==(const Server&) const = default;

 private:
  enum class Removal { deleted, expired, socket_gone };

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
  void expire_relay(const Allocation& allocation, Relay& relay, Instant now);
  std::uint32_t open_socket(const Endpoint& local);
  void open_listener(Listener& listener);
  void lose_listener(Listener& listener, Instant now);
  bool listens_on(const Endpoint& local) const;
  std::optional<PendingPort> take_pending(std::uint32_t request);
  /// The only way a relayed address ends that a client had; everything of it goes, and with the
  /// last one the allocation (BUGS D03).
  void remove_relay(std::uint32_t slot, AddressFamily family, Removal why);
  /// Those for whose family `selected` says so; the allocation may be gone then.
  template <class Selected>
  void remove_relays(std::uint32_t slot, Removal why, Selected&& selected) {
    std::array<bool, both_families.size()> ends{};
    std::ranges::transform(both_families, ends.begin(), selected);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i]) remove_relay(slot, both_families[i], why);
    }
  }

  // Allocate: allocate.cpp.
  struct Wish;
  void allocate(const Request& request);
  std::expected<Wish, stun::ErrorCode> wish_of(const stun::MessageView& message) const;
  std::optional<stun::ErrorCode> refusal_of(const Wish& wish, UserId account) const;
  /// No copy of that request will be granted either.
  void refuse_for_good(const Reply& reply, std::uint64_t request, stun::ErrorCode code,
                       Instant now);
  void open_relays(const Request& request, const Wish& wish);
  void open_reserved(Allocation& allocation, const stun::ReservationToken& token);
  void open_wanted(Allocation& allocation, const Wish& wish);
  stun::ReservationToken reserve(const Endpoint& even, const Allocation& with);
  std::optional<Endpoint> next_port(const Allocation& allocation, AddressFamily family);
  void await_port(Allocation& allocation, const Endpoint& port);
  void relay_opened(std::uint32_t slot, AddressFamily family, Instant now);
  void relay_refused(std::uint32_t slot, AddressFamily family, Instant now);
  void finish_opening(std::uint32_t slot, Instant now);
  /// Nothing is left of an allocation that the client never had.
  void drop_opening(std::uint32_t slot);
  Duration granted(Duration requested) const;

  // Other requests: requests.cpp.
  void handle_stun(const Datagram& datagram, Instant now);
  void handle_request(const stun::MessageView& message, const Datagram& datagram, Instant now);
  void answer_binding(const stun::MessageView& message, const Reply& reply);
  /// True if an Allocate over this 5-tuple belongs elsewhere and was told so.
  bool redirect(const Reply& reply);
  void dispatch(const Request& request);
  void refresh(const Request& request, std::uint32_t slot);
  void extend(const Allocation& allocation, Relay& relay, Instant expiry);
  void create_permission(const Request& request, std::uint32_t slot);
  void bind_channel(const Request& request, std::uint32_t slot);
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
  std::optional<stun::ErrorCode> refusal_of(const Allocation& allocation,
                                            const Endpoint& peer) const;
  void install_permission(const Allocation& allocation, Relay& relay, const IpAddress& ip,
                          Instant now);

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

  ServerEvent event(ServerEvent::Kind kind, const Allocation& allocation, const Relay& relay) const;

  ServerConfig config_;
  Authenticator authenticator_;
  PeerPolicy policy_;
  PortPool ports_;
  Random port_random_;
  Random token_random_;
  Random id_random_;
  AllocationTable allocations_;
  ReservationTable reservations_;
  AnswerBudget answer_budget_;
  RequestMemory request_memory_;
  std::vector<Listener> listeners_;
  std::vector<PendingPort> pending_;  // by request
  std::uint32_t last_request_ = 0;
  bool allocates_ = true;
  ServerCounters counters_;
  TransmitQueue transmits_;
  Fifo<ServerEvent> events_;
};

static_assert(Machine<Server>);

}  // namespace tickover::turn
