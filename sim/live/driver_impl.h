#pragma once

#include <algorithm>
#include <optional>

#include "sim/live/driver.h"
#include "sim/live/flights.h"
#include "sim/live/loop_impl.h"
#include "sim/live/socket.h"

namespace tickover::sim::live {

struct Driver::Impl {
  /// A socket that somebody waits at. The coroutine that does outlives it until it notices.
  struct Port {
    Port(asio::io_context& context, UdpSocket with)
        : socket(std::move(with)), descriptor(context, socket.descriptor()) {}
    UdpSocket socket;
    asio::posix::stream_descriptor descriptor;
    bool is_open = true;

    void close() {
      is_open = false;
      descriptor.release();  // it is the socket that closes it
      socket.close();
    }
  };
  using PortPointer = std::shared_ptr<Port>;

  Impl(Driver& self_, Loop& loop_, AnyMachine machine_, DriverOptions options_)
      : self(self_),
        loop(loop_),
        machine(std::move(machine_)),
        options(std::move(options_)),
        deadline(loop.impl().context),
        flight_deadline(loop.impl().context),
        look(loop.impl().context) {}

  // Queries.
  std::vector<PortPointer>::iterator place_of(const Endpoint& local) {
    return std::ranges::lower_bound(ports, local, {},
                                    [](const PortPointer& p) { return p->socket.local(); });
  }
  Port* find(const Endpoint& local) {
    const auto at = place_of(local);
    return at != ports.end() && (*at)->socket.local() == local ? at->get() : nullptr;
  }
  template <class See>
  void tell(See see) {
    for (Observer* observer : options.observers) see(*observer);
  }

  // Changes.
  Instant begin() {
    ++changes;
    return changed_at = loop.now();
  }
  void give(const Input& input) {
    const Instant now = begin();
    tell([&](Observer& observer) { observer.given(self, input, now); });
    machine.handle_input(input, now);
    drain();
  }
  void drain();
  void look_at_host();
  void look_at_wall();
  void close_orphans();

  // Sockets.
  void open(const OpenSocket& request);
  void close(const Endpoint& local);
  void listen(UdpSocket socket);
  static asio::awaitable<void> receive(Impl* impl, PortPointer port);
  void take_all(Port& port);
  bool take_errors(Port& port);
  void arrived(const Datagram& datagram, MutableBytes bytes);
  void send(const Send& send, MutableBytes payload);
  SendResult put(const Send& send, Bytes payload);
  void flush();

  // Time.
  void arm();
  void woken();
  void arm_flights();
  void fly();
  void answer_later(Input input);
  void answer();
  void look_again();
  void stop();

  Driver& self;
  Loop& loop;
  AnyMachine machine;
  DriverOptions options;
  std::vector<PortPointer> ports;  // by local endpoint
  std::vector<UdpSocket> reserved;
  std::vector<Input> answers;  // what the machine gets when it has been drained
  std::vector<Input> being_answered;
  Flights flights;
  asio::steady_timer deadline;
  Instant armed_for = Instant::never();
  asio::steady_timer flight_deadline;
  Instant flights_armed_for = Instant::never();
  asio::steady_timer look;
  std::optional<Duration> wall_offset;
  std::optional<std::vector<IpAddress>> addresses;
  Intake intake;
  Outbox outbox;
  bool is_collecting = false;  // what is sent leaves when all that has arrived is looked at
  Instant changed_at;
  std::uint64_t changes = 0;
  Counters counters;
  bool is_stopped = false;
  bool answer_posted = false;
  /// What is posted to the loop asks this first: the driver may be gone by then.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

}  // namespace tickover::sim::live
