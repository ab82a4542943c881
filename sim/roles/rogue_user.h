#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stun/integrity.h"
#include "core/stun/message_view.h"
#include "core/transmit_queue.h"

namespace tickover::sim {

/// A user whom the relay knows and who means harm: it takes all that it can get, or tries every
/// address that no relay should lead to. One allocation for each socket, none of which it refreshes
/// in time or ever gives back; it sends one request after the other, and repeats none.
class RogueUser {
 public:
  RogueUser(Endpoint target, std::string name, std::string password, Random random)
      : target_(target), name_(std::move(name)), password_(std::move(password)), random_(random) {}

  void opened(const Endpoint& local) { sockets_.push_back({.local = local}); }
  /// What arrived at one of the sockets.
  void handle_datagram(const Datagram& datagram);

  /// The next request of one who takes what there is: allocations on every socket, then channels,
  /// permissions for sixteen peers at a time, and lifetimes without end.
  void exhaust(TransmitQueue& out);
  /// The next request of one who looks for a way in: a permission, a channel and data for each of
  /// the addresses of PROTOCOL AB5 and AB6, and for those of the relay itself.
  void scan(TransmitQueue& out);
  /// The next request of one who would have another user's allocation: signed well, but in that
  /// client's name and with the nonce that the relay gave it.
  void usurp(TransmitQueue& out, const Endpoint& client, std::string_view realm,
             std::string_view nonce);

  bool operator==(const RogueUser&) const = default;

 private:
  struct Socket {
    Endpoint local;
    std::string realm;
    std::string nonce;
    stun::IntegrityKey key;
    bool has_allocation = false;
    bool wants_ipv6 = false;
    bool operator==(const Socket&) const = default;
  };
  Socket* next_socket();
  /// True if the socket has its allocation; otherwise takes the next step towards it.
  bool allocate(Socket& socket, TransmitQueue& out);
  template <class Fill>
  void ask(const Socket& socket, stun::Method method, TransmitQueue& out, Fill&& fill);

  Endpoint target_;
  std::string name_;
  std::string password_;
  Random random_;
  std::vector<Socket> sockets_;
  std::uint64_t turns_ = 0;
};

}  // namespace tickover::sim
