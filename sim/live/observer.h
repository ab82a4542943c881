#pragma once

#include <cstdint>

#include "core/machine.h"
#include "sim/any_machine.h"
#include "sim/network/link.h"

namespace tickover::sim::live {

class Driver;

/// How the operating system took a datagram.
enum class SendResult : std::uint8_t {
  sent,
  held,     // it is on its way to the socket (a Passage delays it), or was taken out of the way
  refused,  // the machine is told SendRefused
  too_big,  // it has DF and is longer than the path takes; the machine is told an IcmpError
};

/// Sees what goes on between a machine and the world, and changes nothing. Views are valid during
/// the call.
class Observer {
 public:
  virtual ~Observer() = default;

  /// Whether it wants to be shown what is sent. Where nobody does, many leave by one call.
  virtual bool sees_datagrams() const { return true; }
  /// The machine is about to get this.
  virtual void given(const Driver&, const Input&, Instant) {}
  /// The machine is about to be woken, for this reason.
  virtual void woken(const Driver&, const Timeout&, Instant) {}
  virtual void commanded(const Driver&, const Command&, bool /*accepted*/, Instant) {}
  /// The machine sent this.
  virtual void sent(const Driver&, const Send&, Bytes, const Fate&, SendResult, Instant) {}
  /// The Passage has decided on a datagram that arrived; the machine may get it later, or never.
  virtual void arrived(const Driver&, const Datagram&, const Fate&, Instant) {}
  /// A datagram arrived that the machine does not get, by the Passage's verdict.
  virtual void lost(const Driver&, const Datagram&, const Fate&, Instant) {}
  virtual void told(const Driver&, const Notice&, Instant) {}
  /// The machine has been drained after a change at that time.
  virtual void drained(const Driver&, Instant) {}
};

/// Stands between a machine and its sockets and decides what befalls each datagram: the seam for
/// impairment. Fates are those of the simulator's links; Fate{.copies = 1} lets it pass. The driver
/// carries them out: drops, copies, delays, a mark of congestion, a cut to `kept` bytes, and a
/// bent `corrupt_bit`, modulo the size. What goes out and is dropped as `send_refused`, the machine
/// is told of.
class Passage {
 public:
  virtual ~Passage() = default;
  virtual Fate outgoing(const Driver&, const Send&, Bytes payload, Instant now) = 0;
  virtual Fate incoming(const Driver&, const Datagram&, Instant now) = 0;
};

}  // namespace tickover::sim::live
