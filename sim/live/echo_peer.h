#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/transmit_queue.h"
#include "sim/any_machine.h"

namespace tickover::sim::live {

/// What test datagrams begin with: a tag that nobody else knows, and a number. Whoever echoes by
/// the tag alone cannot be made to send to strangers.
struct EchoHeader {
  static constexpr std::size_t size = 24;
  static constexpr std::uint64_t knock = ~std::uint64_t{0};  // a number that is no test's

  std::uint64_t tag = 0;
  std::uint64_t number = 0;
  Instant sent_at;

  void write(MutableBytes to) const;
  /// Nothing if it is too short.
  static std::optional<EchoHeader> read(Bytes from);
};

/// A peer behind a relay, as a machine: answers each datagram of its tag with its own bytes, and
/// knocks at the relayed address until it was answered there, and whenever it hears nothing for a
/// second. So it works behind a NAT too: the relay, and the client, see where it comes from.
class EchoPeer {
 public:
  using Event = Notice;

  /// Opens a socket at `local`.
  EchoPeer(const Endpoint& local, std::uint64_t tag);

  std::optional<Endpoint> local() const { return local_; }
  /// Where to knock from now on; nothing: nowhere.
  void expect(std::optional<Endpoint> relayed, Instant now);

  void handle_input(const Input& input, Instant now);
  void handle_timeout(Instant now);
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return transmits_.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const;

  bool operator==(const EchoPeer&) const = default;

 private:
  void knock(Instant now);

  std::uint64_t tag_;
  std::optional<Endpoint> local_;
  std::optional<Endpoint> relayed_;
  Instant knock_at_ = Instant::never();
  TransmitQueue transmits_;
};
static_assert(Machine<EchoPeer>);

}  // namespace tickover::sim::live
