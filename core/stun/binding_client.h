#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/backoff.h"
#include "core/fifo.h"
#include "core/machine.h"
#include "core/random.h"
#include "core/stun/message_view.h"
#include "core/stun/round_trip.h"
#include "core/stun/transaction.h"
#include "core/transmit_queue.h"

namespace tickover::stun {

struct BindingConfig {
  Endpoint server;
  BackoffPolicy backoff = BackoffPolicy::rfc8489();
  /// Whether the server's answers decide on the RTO of further requests (core/stun/round_trip.h).
  bool measure_round_trip = true;
  /// The longest RTO that they may lead to; > 0.
  Duration longest_rto = usual_longest_rto;
  /// From the end of one query, well or ill, to the next; > 0. It also keeps the NAT's mapping
  /// alive: 25 s is below the 30 s after which some NATs forget UDP.
  Duration query_interval = Duration::nanoseconds(25'000'000'000);
  /// How soon a send that our own host refused is tried again; > 0.
  Duration refused_send_interval = Duration::nanoseconds(100'000'000);
  /// Whether requests end in FINGERPRINT (RFC 8489, section 7).
  bool fingerprint = false;

  bool operator==(const BindingConfig&) const = default;
};

enum class BindingFailure : std::uint8_t {
  timed_out,        // no answer to any copy
  refused,          // an error answer; the code tells
  unreachable,      // a hard ICMP error
  unusable_answer,  // an answer without what it must have, or with what we must not ignore
  no_socket,        // the socket could not be opened, or is gone
};

/// We are seen from outside as `mapped`, and were not known to be before.
struct MappedAddressLearned {
  Endpoint mapped;
  bool operator==(const MappedAddressLearned&) const = default;
};
struct MappedAddressChanged {
  Endpoint before;
  Endpoint mapped;
  bool operator==(const MappedAddressChanged&) const = default;
};
/// A query has ended without a mapped address; what was known before does not count any more.
struct BindingFailed {
  BindingFailure why{};
  int code = 0;  // of the error answer if `refused`, else 0
  bool operator==(const BindingFailed&) const = default;
};
using BindingEvent = std::variant<MappedAddressLearned, MappedAddressChanged, BindingFailed>;

/// Static text, such as "timed out".
std::string_view text(BindingFailure why);

/// A STUN client for the Binding method without credentials (RFC 8489, sections 6 and 12): learns
/// our address as a server sees it, and asks again for ever. Opens one socket of its own, on any
/// port of the server's family. One transaction at a time.
///
/// Its own timers run out at any input too, so poll_timeout is later than `now` after whatever
/// call came last.
class BindingClient {
 public:
  using Event = BindingEvent;
  enum class Timer : std::uint8_t {
    retransmission,
    transaction_expiry,
    refused_send,
    next_query,
    next_socket,
  };

  BindingClient(const BindingConfig& config, Random random);

  const BindingConfig& config() const { return config_; }
  const std::optional<Endpoint>& socket() const { return socket_; }
  /// As the last query told, if it went well.
  const std::optional<Endpoint>& mapped_address() const { return mapped_; }
  /// The smoothed round trip to the server, while one is known (RoundTrips).
  std::optional<Duration> round_trip(Instant now) const;
  bool is_querying() const { return transaction_.has_value(); }
  /// Inputs that meant nothing to us: junk, strangers, late answers, soft errors.
  std::uint64_t ignored() const { return ignored_; }

  void handle_input(const Input& input, Instant now);
  void handle_timeout(Instant now);

  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Event> poll_event() { return events_.pop(); }
  std::optional<Timeout> poll_timeout() const;

  bool operator==(const BindingClient&) const = default;

 private:
  void handle(const Datagram& datagram, Instant now);
  void handle(const IcmpError& error, Instant now);
  void handle(const SendRefused& refused, Instant now);
  void handle(const SocketOpened& opened, Instant now);
  void handle(const SocketRefused& refused, Instant now);
  void handle(const SocketClosed& closed, Instant now);
  void handle(const AddressesChanged& changed, Instant now);
  void handle(const WallClock&, Instant) {}

  void open_socket();
  void query(Instant now);
  void send_copy(Instant now);
  void answer(const MessageView& response, Instant now);
  void succeed(const Endpoint& mapped, Instant now);
  void fail(BindingFailure why, int code, Instant now);
  void end_query(Instant now);
  void expire(Instant now);
  bool concerns_query(const Endpoint& local, const Endpoint& remote) const;

  BindingConfig config_;
  Random random_;
  std::uint32_t socket_request_ = 0;
  bool is_opening_ = false;
  std::optional<Endpoint> socket_;
  std::optional<Transaction> transaction_;
  std::optional<Instant> resend_at_;      // only with a transaction
  std::optional<Instant> next_query_at_;  // only with neither a transaction nor a socket on order
  RoundTrips round_trips_;
  std::optional<Endpoint> mapped_;
  std::optional<std::vector<IpAddress>> addresses_;
  std::uint64_t ignored_ = 0;
  std::vector<std::uint8_t> spare_;  // empty; keeps the capacity of the last request
  TransmitQueue transmits_;
  Fifo<Event> events_;
};

static_assert(Machine<BindingClient>);

/// The name that poll_timeout gives a timer. Static text.
std::string_view text(BindingClient::Timer timer);

}  // namespace tickover::stun
