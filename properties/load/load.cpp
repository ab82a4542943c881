// Keeps a TURN server as busy as it can be, whoever wrote it (ci/load).
//   tickover_load SERVER:PORT CLIENTS WINDOW BYTES MILLISECONDS
// Each client has an allocation and a channel to a peer that sends everything back. So many
// datagrams of each are under way at any time, so that the server sets the pace. Each echo is four
// packets of the server: two in, two out. Prints what came of it as a line of JSON.
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <stdexcept>

#include "properties/interop/ask.h"
#include "sim/oracles/wire_decoder.h"

namespace tickover::load {
namespace {

using namespace std::chrono_literals;
using interop::Ask;
using interop::Buffer;
using interop::Udp;
using Clock = std::chrono::steady_clock;
using stun::AttributeType;

constexpr std::uint16_t channel = 0x4000;
constexpr std::size_t batch = 64;
constexpr std::size_t longest = 2048;
constexpr std::size_t headers = 8;  // of ChannelData, and the epoch
constexpr auto patience = 200ms;    // for an answer; what is not back by then is lost

/// Many datagrams by one call of the system, through a connected socket.
class Batch {
 public:
  Batch() {
    for (std::size_t i = 0; i < batch; ++i) {
      pieces_[i] = {bytes_[i].data(), longest};
      messages_[i] = {};
      messages_[i].msg_hdr.msg_iov = &pieces_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// Takes what waits, and says how many they are.
  std::size_t take(const Udp& from) {
    for (iovec& piece : pieces_) piece.iov_len = longest;
    const int got = ::recvmmsg(from.descriptor(), messages_.data(), batch, MSG_DONTWAIT, nullptr);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  Bytes taken(std::size_t i) const { return Bytes(bytes_[i]).first(messages_[i].msg_len); }
  /// Sends the first so many as they were taken.
  std::size_t send_back(const Udp& from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) pieces_[i].iov_len = messages_[i].msg_len;
    return send(from, count);
  }
  /// Sends the same bytes so often, at most `batch` times.
  std::size_t send_copies(const Udp& from, Bytes bytes, std::size_t count) {
    count = std::min(count, batch);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(bytes_[i].data(), bytes.data(), bytes.size());
      pieces_[i].iov_len = bytes.size();
    }
    return send(from, count);
  }

 private:
  std::size_t send(const Udp& from, std::size_t count) {
    const int done =
        ::sendmmsg(from.descriptor(), messages_.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
    return done < 0 ? 0 : static_cast<std::size_t>(done);
  }

  std::array<std::array<std::uint8_t, longest>, batch> bytes_;
  std::array<iovec, batch> pieces_;
  std::array<mmsghdr, batch> messages_;
};

/// A client with an allocation and a channel, and its peer.
class Flow {
 public:
  Flow(const Endpoint& server, std::size_t size) : server_(server), message_(headers + size) {
    message_[0] = channel >> 8;
    message_[2] = static_cast<std::uint8_t>((4 + size) >> 8);
    message_[3] = static_cast<std::uint8_t>(4 + size);
    session_.realm = "example.org";
    session_.peer = session_.other = peer_.local();
    client_.connect(server);
    ask({.method = 3, .transport = 17});  // for the nonce
    const auto relayed = ask({.method = 3, .auth = interop::Auth::good, .transport = 17});
    ask({.method = 9,
         .auth = interop::Auth::good,
         .peers = {interop::Peer::peer},
         .channel = channel});
    if (!relayed) throw std::runtime_error("no allocation");
    peer_.connect(*relayed);
  }
  ~Flow() {
    client_.send(server_,
                 encode(Ask{.method = 4, .auth = interop::Auth::good, .lifetime = 0}, session_));
  }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  const Udp& client() const { return client_; }
  const Udp& peer() const { return peer_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t came_back() const { return came_back_; }

  void fill(Batch& some, std::size_t window) {
    if (under_way_ >= window) return;
    const std::size_t done = some.send_copies(client_, message_, window - under_way_);
    under_way_ += done;
    sent_ += done;
  }
  /// Of the client's datagrams, those that are back.
  void look(Batch& some, Clock::time_point now) {
    const std::size_t count = some.take(client_);
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes bytes = some.taken(i);
      if (bytes.size() != message_.size() || bytes[0] != message_[0]) continue;
      ++came_back_;
      last_ = now;
      if (bytes[headers - 1] == message_[headers - 1] && under_way_ > 0) --under_way_;
    }
  }
  void echo(Batch& some) {
    const std::size_t count = some.take(peer_);
    if (count > 0) some.send_back(peer_, count);
  }
  /// If nothing has come for long, what is under way is lost, and others begin.
  void give_up_late(Clock::time_point now) {
    if (under_way_ == 0 || now - last_ < patience) return;
    last_ = now;
    under_way_ = 0;
    ++message_[headers - 1];
  }

 private:
  /// The relayed address, if the answer has one. Throws if the server says no, or nothing.
  std::optional<Endpoint> ask(const Ask& what) {
    const Buffer request = encode(what, session_);
    for (int attempt = 0; attempt < 20; ++attempt) {
      client_.send(server_, request);
      while (const auto arrived = client_.receive(patience)) {
        const auto facts = sim::judge_datagram(arrived->second);
        if (!std::equal(facts.transaction.begin(), facts.transaction.end(), request.begin() + 8)) {
          continue;
        }
        const auto text = [&](AttributeType type) {
          const auto* found = facts.find(static_cast<unsigned>(type));
          return found ? std::string(found->value.begin(), found->value.end()) : std::string();
        };
        if (const auto nonce = text(AttributeType::nonce); !nonce.empty()) session_.nonce = nonce;
        if (const auto realm = text(AttributeType::realm); !realm.empty()) session_.realm = realm;
        if (facts.message_class != 2 && what.auth == interop::Auth::good) {
          throw std::runtime_error("the server refuses a client");
        }
        const auto* relayed = facts.find(static_cast<unsigned>(AttributeType::xor_relayed_address));
        return relayed ? relayed->address : std::nullopt;
      }
    }
    throw std::runtime_error("the server does not answer");
  }

  Endpoint server_;
  Udp client_;
  Udp peer_;
  interop::Session session_;
  Buffer message_;
  std::size_t under_way_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t came_back_ = 0;
  Clock::time_point last_ = Clock::now();
};

class Epoll {
 public:
  explicit Epoll(std::deque<Flow>& flows) : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::uint32_t i = 0; i < flows.size(); ++i) {
      watch(flows[i].client(), 2 * i);
      watch(flows[i].peer(), 2 * i + 1);
    }
  }
  ~Epoll() { ::close(descriptor_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  template <class See>
  bool wait(int milliseconds, See see) {
    std::array<epoll_event, 256> events;
    const int count =
        ::epoll_wait(descriptor_, events.data(), static_cast<int>(events.size()), milliseconds);
    for (int i = 0; i < count; ++i) see(events[static_cast<std::size_t>(i)].data.u32);
    return count > 0;
  }

 private:
  void watch(const Udp& socket, std::uint32_t index) const {
    epoll_event event{.events = EPOLLIN, .data = {.u32 = index}};
    ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, socket.descriptor(), &event);
  }
  int descriptor_;
};

void run(const Endpoint& server, std::size_t clients, std::size_t window, std::size_t size,
         std::chrono::milliseconds lasting) {
  std::deque<Flow> flows;
  while (flows.size() < clients) flows.emplace_back(server, size);
  Epoll epoll(flows);
  Batch some;
  const auto began = Clock::now();
  auto next_look = began + patience;
  for (auto now = began; now < began + lasting; now = Clock::now()) {
    const bool any = epoll.wait(20, [&](std::uint32_t index) {
      Flow& flow = flows[index / 2];
      if (index % 2 == 1) return flow.echo(some);
      flow.look(some, now);
      flow.fill(some, window);
    });
    if (any && now < next_look) continue;
    next_look = now + patience;
    for (Flow& flow : flows) {
      flow.give_up_late(now);
      flow.fill(some, window);
    }
  }
  const auto ended = Clock::now();
  std::uint64_t in_time = 0, came_back = 0, sent = 0;
  for (const Flow& flow : flows) in_time += flow.came_back();
  while (epoll.wait(300, [&](std::uint32_t index) {
    index % 2 == 1 ? flows[index / 2].echo(some) : flows[index / 2].look(some, ended);
  })) {
  }
  for (const Flow& flow : flows) {
    came_back += flow.came_back();
    sent += flow.sent();
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(ended - began);
  fmt::print("{{\"sent\":{},\"back\":{},\"back-in-time\":{},\"microseconds\":{}}}\n", sent,
             came_back, in_time, took.count());
}

}  // namespace
}  // namespace tickover::load

int main(int count, char** words) {
  using tickover::Endpoint;
  const auto server = count == 6 ? Endpoint::parse(words[1]) : std::nullopt;
  if (!server) {
    fmt::print(stderr, "tickover_load SERVER:PORT CLIENTS WINDOW BYTES MILLISECONDS\n");
    return 2;
  }
  const auto number = [&](int i) { return std::strtoul(words[i], nullptr, 10); };
  if (number(4) < 4 || number(4) > 1400 || number(3) == 0 || number(2) == 0) {
    fmt::print(stderr, "tickover_load: at least one client and window, 4 to 1400 bytes\n");
    return 2;
  }
  try {
    tickover::load::run(*server, number(2), number(3), number(4) - 4,
                        std::chrono::milliseconds(number(5)));
  } catch (const std::exception& failure) {
    fmt::print(stderr, "tickover_load: {}\n", failure.what());
    return 1;
  }
  return 0;
}
