#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "sim/any_machine.h"
#include "sim/live/loop.h"
#include "sim/live/observer.h"

namespace tickover::sim::live {

struct DriverOptions {
  std::string name = "machine";           // of the host, in logs
  std::vector<Observer*> observers = {};  // must live as long as the driver
  Passage* passage = nullptr;             // likewise; none: everything passes at once
  /// So many datagrams are taken from one socket before others have their turn.
  std::size_t batch = 64;
};

/// Runs any machine on UDP sockets and the system's clocks, as a World runs it in simulation: one
/// change, then a full drain. Sockets open and close on the machine's word; answers, refused sends
/// and ICMP errors come back as inputs. The machine is told the wall clock and the host's addresses
/// at the start and, looked at every two seconds and at each wake-up, when they change.
///
/// A send that the system refuses, also for want of room, is told as SendRefused; one with DF that
/// is too long as the ICMP error that a router would send. Nothing is sent later than asked.
class Driver {
 public:
  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t sends_refused = 0;
    std::uint64_t sends_without_room = 0;  // of those: the socket's buffer was full
    std::uint64_t icmp_errors = 0;
    std::uint64_t sockets_refused = 0;
    std::uint64_t taken_away = 0;  // by the Passage, in either direction
    bool operator==(const Counters&) const = default;
  };

  /// Nothing happens before start(). The machine may be given later, by become().
  Driver(Loop& loop, AnyMachine machine, DriverOptions options = {});
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Queries.
  const std::string& name() const;
  Loop& loop() const;
  const AnyMachine& machine() const;
  /// The machine, which must be an M.
  template <class M>
  const M& get() const {
    const M* found = machine().get<M>();
    CHECK(found != nullptr);
    return *found;
  }
  /// Those that are open, in ascending order.
  std::vector<Endpoint> sockets() const;
  /// No socket is open and nothing is under way.
  bool is_idle() const;
  const Counters& counters() const;
  /// How many changes the machine has seen.
  std::uint64_t changes() const;

  // Commands.
  /// Binds a socket that the machine will ask for, so that a port can be chosen by the system, or
  /// found taken, before the machine is made. Returns where it is bound, or an errno.
  std::expected<Endpoint, int> reserve(const Endpoint& local);
  /// From now on this is the machine: for one whose configuration needs a reserved port, before
  /// start(), or for a new one on a stopped driver.
  void become(AnyMachine machine);
  void observe(Observer& observer);
  /// From now on this is the host's name in logs.
  void rename(std::string name);
  /// From now on every datagram goes through `passage`, which must live as long as the driver.
  void impair(Passage& passage);
  /// Gives the machine the wall clock and the addresses, and does what it wants done.
  void start();
  /// Whether the machine accepted it.
  bool command(const Command& command);
  /// One change by a command that only an M knows: `what(machine, now)`.
  template <class M, class F>
  auto change(F&& what) {
    M* found = begin_change().template get<M>();
    CHECK(found != nullptr);
    const Drain drain{*this};
    return std::forward<F>(what)(*found, changed_at());
  }
  /// Closes every socket at once; the machine hears nothing more and is not asked any more.
  void stop();

 private:
  struct Impl;
  struct Drain {
    Driver& driver;
    ~Drain() { driver.end_change(); }
  };
  AnyMachine& begin_change();
  Instant changed_at() const;
  void end_change();

  std::unique_ptr<Impl> impl_;
};

}  // namespace tickover::sim::live
