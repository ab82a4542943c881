#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/address.h"
#include "core/bytes.h"
#include "core/time.h"

namespace tickover {

/// The two ECN bits of an IP header (RFC 3168, section 5).
enum class Ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// What a socket owner can learn. --------------------------------------------------------------

/// A datagram arrived. `payload` is valid during the call only.
struct Datagram {
  Endpoint local;
  Endpoint remote;
  Bytes payload;
  Ecn ecn = Ecn::not_ect;
  bool dont_fragment = false;
  std::uint8_t hop_limit = 64;
};

/// An ICMP error about a datagram that went from `local` to `remote`. Type and code are those of
/// ICMP or ICMPv6, by the family of `remote`; `data` is the next-hop MTU where there is one.
struct IcmpError {
  Endpoint local;
  Endpoint remote;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t data = 0;
};

/// The operating system refused to send from `local` to `remote`; nothing left the host.
struct SendRefused {
  Endpoint local;
  Endpoint remote;
};

/// Answers to OpenSocket, with the same `request`.
struct SocketOpened {
  std::uint32_t request = 0;
  Endpoint local;
};
struct SocketRefused {
  std::uint32_t request = 0;
};

/// A socket is gone without having been asked (its interface vanished).
struct SocketClosed {
  Endpoint local;
};

/// The host's own addresses now; given at the start and at each change.
struct AddressesChanged {
  std::vector<IpAddress> addresses;
};

/// The wall clock reads `wall` at this instant; given at the start and whenever it jumps.
struct WallClock {
  WallTime wall;
};

using Input = std::variant<Datagram, IcmpError, SendRefused, SocketOpened, SocketRefused,
                           SocketClosed, AddressesChanged, WallClock>;

/// What a socket owner can do. ------------------------------------------------------------------

/// Send the first `size` bytes of the buffer given to poll_transmit.
struct Send {
  Endpoint local;
  Endpoint remote;
  std::size_t size = 0;
  Ecn ecn = Ecn::not_ect;
  bool dont_fragment = false;
  std::uint8_t hop_limit = 64;

  bool operator==(const Send&) const = default;
};

/// Open a UDP socket at `local`; port 0 asks for any free one. Answered by SocketOpened or
/// SocketRefused.
struct OpenSocket {
  std::uint32_t request = 0;
  Endpoint local;

  bool operator==(const OpenSocket&) const = default;
};

struct CloseSocket {
  Endpoint local;

  bool operator==(const CloseSocket&) const = default;
};

using Transmit = std::variant<Send, OpenSocket, CloseSocket>;

/// When a machine wants to be woken, and the name of the timer that says so.
struct Timeout {
  Instant at;
  std::string_view reason;

  bool operator==(const Timeout&) const = default;
};

/// The shape of every protocol machine: a regular value with five verbs. It performs no I/O and
/// owns no clock. The owner makes one change (an input, the passing of time, or one of the
/// machine's own commands), then drains everything: poll_transmit and poll_event until empty, then
/// poll_timeout once.
///
///  - handle_input(input, now) never fails: junk is dropped and counted, or answered.
///  - handle_timeout(now): an early or repeated call changes nothing.
///  - poll_transmit(buffer): the next thing to do; the bytes of a Send go into `buffer`, which
///    holds at least max_datagram_size bytes.
///  - poll_event(): the next thing to know.
///  - poll_timeout(): empty means never; after a full drain it is strictly later than `now`.
///
/// `now` never decreases. Machines compare with ==, and equal machines behave alike for ever.
template <class M>
concept Machine =
    std::copyable<M> && std::equality_comparable<M> &&
    requires(M m, const M constant, const Input& input, Instant now, MutableBytes buffer) {
      typename M::Event;
      m.handle_input(input, now);
      m.handle_timeout(now);
      { m.poll_transmit(buffer) } -> std::same_as<std::optional<Transmit>>;
      { m.poll_event() } -> std::same_as<std::optional<typename M::Event>>;
      { constant.poll_timeout() } -> std::same_as<std::optional<Timeout>>;
    };

}  // namespace tickover
