#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/transmit_queue.h"
#include "sim/live/driver.h"

// A machine that does what a test says and remembers what it heard, and words to run it with.
namespace tickover::sim::live {

using namespace std::chrono_literals;

/// Far longer than anything takes; a test that needs it has failed.
constexpr Duration patience = std::chrono::seconds(10);

inline const Endpoint any_v4 = Endpoint::parse("127.0.0.1:0").value();
inline const Endpoint any_v6 = Endpoint::parse("[::1]:0").value();

class Recorder {
 public:
  using Event = Notice;

  bool echoes = false;
  std::optional<Send> also_sends = {};  // beside any echo
  bool closes_when_heard = false;       // the socket that it heard by, after any echo
  std::vector<std::string> heard;
  std::vector<Datagram> datagrams;  // without their bytes
  std::vector<IcmpError> icmp_errors;
  std::vector<Endpoint> opened;
  std::size_t refused_sockets = 0;
  std::size_t refused_sends = 0;
  std::vector<WallTime> wall_clocks;
  std::vector<std::vector<IpAddress>> addresses;
  std::optional<Instant> wake_at;
  std::vector<Instant> woken_at;
  std::vector<Instant> times;
  TransmitQueue out;

  void open(const Endpoint& local) { out.open({.request = ++requests_, .local = local}); }
  void close(const Endpoint& local) { out.close({local}); }
  void send(Send send, std::string_view text) { out.send(send, as_bytes(text)); }

  void handle_input(const Input& input, Instant now) {
    times.push_back(now);
    std::visit([this](const auto& what) { take(what); }, input);
  }
  void handle_timeout(Instant now) {
    times.push_back(now);
    if (!wake_at || now < *wake_at) return;
    woken_at.push_back(now);
    wake_at.reset();
  }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) { return out.poll(buffer); }
  std::optional<Notice> poll_event() { return {}; }
  std::optional<Timeout> poll_timeout() const {
    if (!wake_at) return {};
    return Timeout{*wake_at, "test"};
  }
  bool operator==(const Recorder& other) const {
    return heard == other.heard && opened == other.opened && out == other.out;
  }

 private:
  void take(const Datagram& datagram) {
    heard.emplace_back(as_text(datagram.payload));
    datagrams.push_back(datagram);
    datagrams.back().payload = {};
    if (echoes) out.send({.local = datagram.local, .remote = datagram.remote}, datagram.payload);
    if (also_sends) out.send(*also_sends, as_bytes("also"));
    if (closes_when_heard) out.close({datagram.local});
  }
  void take(const IcmpError& error) { icmp_errors.push_back(error); }
  void take(const SendRefused&) { ++refused_sends; }
  void take(const SocketOpened& socket) { opened.push_back(socket.local); }
  void take(const SocketRefused&) { ++refused_sockets; }
  void take(const SocketClosed&) {}
  void take(const AddressesChanged& changed) { addresses.push_back(changed.addresses); }
  void take(const WallClock& clock) { wall_clocks.push_back(clock.wall); }

  std::uint32_t requests_ = 0;
};

/// A recorder on a driver of its own.
class Station {
 public:
  explicit Station(Loop& loop, DriverOptions options = {})
      : driver(loop, AnyMachine(Recorder{}), std::move(options)) {
    driver.start();
  }

  Driver driver;

  const Recorder& recorder() const { return driver.get<Recorder>(); }
  template <class F>
  void change(F&& what) {
    driver.change<Recorder>([&](Recorder& recorder, Instant) { what(recorder); });
  }
  /// Opens a socket, which must succeed.
  Endpoint open(const Endpoint& local) {
    const std::size_t before = recorder().opened.size();
    change([&](Recorder& r) { r.open(local); });
    EXPECT_TRUE(until([&] { return recorder().opened.size() > before; }));
    return recorder().opened.empty() ? Endpoint{} : recorder().opened.back();
  }
  void send(const Send& send, std::string_view text) {
    change([&](Recorder& r) { r.send(send, text); });
  }
  bool until(const std::function<bool()>& done) { return driver.loop().run_until(done, patience); }
  bool hears(std::size_t count) {
    return until([&] { return recorder().heard.size() >= count; });
  }
};

}  // namespace tickover::sim::live
