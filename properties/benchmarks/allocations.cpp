// What a TURN server with many allocations costs: for a relayed datagram, and in memory.
#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "core/stun/message_writer.h"
#include "core/turn/server/server.h"
#include "properties/benchmarks/allocation_count.h"

namespace tickover::turn {
namespace {

using stun::AttributeType;
using stun::Class;
using stun::MessageWriter;
using stun::Method;
using Buffer = std::vector<std::uint8_t>;

constexpr std::uint16_t channels = 10;
const Endpoint listener = Endpoint::parse("192.0.2.1:3478").value();

/// A server with so many allocations of ten channels each, driven as a socket owner does.
class Crowd {
 public:
  explicit Crowd(std::int64_t count)
      : server_({.listen = {listener},
                 .relay_addresses = {listener.ip},
                 .users = {{"alice", "s3cret"}},
                 .max_allocations_per_user = 16'384,
                 .max_bytes_per_second_per_user = 0,
                 .max_unsigned_answers_per_second = 1'000'000},
                Random(7), now_) {
    drain();
    for (std::int64_t i = 0; i < count; ++i) join(client(i));
  }

  std::size_t size() const { return server_.allocation_count(); }
  const Server& server() const { return server_; }
  /// Relays one ChannelData of 100 bytes from the i-th client, on one of its channels.
  std::size_t relay(std::int64_t i, std::uint16_t channel) {
    Buffer& datagram = channel_data_;
    datagram[0] = 0x40;
    datagram[1] = static_cast<std::uint8_t>(channel);
    server_.handle_input(Datagram{.local = listener, .remote = client(i), .payload = datagram},
                         now_);
    std::size_t sent = 0;
    while (const auto transmit = server_.poll_transmit(buffer_)) ++sent;
    return sent;
  }

 private:
  static Endpoint client(std::int64_t i) {
    return {IpAddress::v4({198, 51, 100, static_cast<std::uint8_t>(i / 500)}),
            static_cast<std::uint16_t>(10'000 + i % 500)};
  }
  void join(const Endpoint& from) {
    const Buffer challenge = ask(from, Method::allocate, "", [](MessageWriter&) {});
    const auto view = stun::MessageView::decode(challenge);
    const std::string nonce(view->text(AttributeType::nonce).value());
    ask(from, Method::allocate, nonce,
        [](MessageWriter& m) { m.add_leading_byte(AttributeType::requested_transport, 17); });
    for (std::uint16_t k = 0; k < channels; ++k) {
      ask(from, Method::channel_bind, nonce, [&](MessageWriter& m) {
        m.add_channel_number(static_cast<std::uint16_t>(0x4000 + k));
        m.add_xor_address(AttributeType::xor_peer_address,
                          {IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(k)}), 7000});
      });
    }
  }
  template <class Fill>
  Buffer ask(const Endpoint& from, Method method, const std::string& nonce, Fill&& fill) {
    Buffer request(500);
    MessageWriter writer(request, {method, Class::request}, stun::TransactionId::draw(ids_));
    fill(writer);
    if (!nonce.empty()) {
      writer.add_text(AttributeType::username, "alice");
      writer.add_text(AttributeType::realm, "tickover");
      writer.add_text(AttributeType::nonce, nonce);
      writer.add_integrity(key_);
    }
    server_.handle_input(Datagram{.local = listener, .remote = from, .payload = writer.bytes()},
                         now_);
    return drain();
  }
  Buffer drain() {
    Buffer last;
    while (const auto transmit = server_.poll_transmit(buffer_)) {
      if (const auto* send = std::get_if<Send>(&*transmit)) {
        last.assign(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(send->size));
      } else if (const auto* open = std::get_if<OpenSocket>(&*transmit)) {
        server_.handle_input(SocketOpened{open->request, open->local}, now_);
      }
    }
    while (server_.poll_event()) {
    }
    return last;
  }

  Instant now_ = Instant::at(std::chrono::seconds(1000));
  Random ids_{8};
  stun::IntegrityKey key_ = stun::IntegrityKey::long_term("alice", "tickover", "s3cret");
  Buffer buffer_ = Buffer(max_datagram_size);
  Buffer channel_data_ = [] {
    Buffer datagram(104);
    datagram[3] = 100;
    return datagram;
  }();
  Server server_;
};

/// Nanoseconds for a relayed datagram, over clients and channels in turn.
double cost_of(Crowd& crowd, std::int64_t clients) {
  constexpr std::int64_t rounds = 20'000;
  const auto start = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  for (std::int64_t i = 0; i < rounds; ++i) {
    sent += crowd.relay(i * 7 % clients, static_cast<std::uint16_t>(i % channels));
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  benchmark::DoNotOptimize(sent);
  return took.count() / static_cast<double>(rounds);
}

/// The counter `ratio` says how much more a datagram costs here than among ten allocations; it
/// should stay below 3.5.
void relayed_among_allocations(benchmark::State& state) {
  const std::int64_t clients = state.range(0);
  Crowd crowd(clients);
  Crowd few(10);
  if (crowd.size() != static_cast<std::size_t>(clients))
    return state.SkipWithError("not all joined");
  if (crowd.relay(0, 0) != 1) return state.SkipWithError("nothing is relayed");
  std::int64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        crowd.relay(i * 7 % clients, static_cast<std::uint16_t>(i % channels)));
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
  cost_of(few, 10);  // warm
  state.counters["ratio"] = cost_of(crowd, clients) / cost_of(few, 10);
}
BENCHMARK(relayed_among_allocations)->Arg(10)->Arg(1'000)->Arg(10'000);

/// Bytes on the heap for an allocation with its ten channels and permissions: what a copy of the
/// server takes, in which no vector has room to spare.
void memory_of_allocations(benchmark::State& state) {
  const Crowd empty(0);
  const Crowd crowd(state.range(0));
  const auto size_of = [](const Server& server) {
    const std::uint64_t before = allocated_bytes();
    const Server copy = server;
    const std::uint64_t bytes = allocated_bytes() - before;
    benchmark::DoNotOptimize(copy);
    return static_cast<double>(bytes);
  };
  for (auto _ : state) benchmark::DoNotOptimize(size_of(crowd.server()));
  state.counters["bytes/allocation"] =
      (size_of(crowd.server()) - size_of(empty.server())) / static_cast<double>(state.range(0));
}
BENCHMARK(memory_of_allocations)->Arg(1'000);

}  // namespace
}  // namespace tickover::turn
