#pragma once

#include <optional>
#include <string>
#include <vector>

#include "properties/interop/ask.h"

namespace tickover::interop {

/// What one datagram led to, as far as two servers must agree on it: no transaction ID, nonce,
/// port, reason phrase or SOFTWARE.
struct Seen {
  bool answered = false;
  bool succeeded = false;
  int code = 0;  // of an error
  bool is_signed = false;
  bool fingerprint = false;
  bool challenges = false;  // REALM and NONCE are there
  std::optional<std::uint32_t> lifetime;
  std::optional<bool> mapped_is_own;
  std::optional<int> relayed_family;
  bool even_relayed_port = false;
  bool reserved = false;  // RESERVATION-TOKEN is there
  std::vector<unsigned> unknown;
  std::optional<std::size_t> reached_peer;    // bytes that came to the peer
  std::optional<std::size_t> reached_client;  // bytes that came back, however wrapped
  bool by_channel = false;                    // ... in ChannelData
  bool told_by_icmp = false;                  // what a router or the peer's host said of data

  bool operator==(const Seen&) const = default;
};

std::string text_of(const Seen& seen);

/// A client, a peer, and what a server makes of them. Ends with a Refresh of zero.
class Talk {
 public:
  explicit Talk(const Endpoint& server);
  ~Talk();
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  Seen put(const Ask& ask);

 private:
  /// Sends a plain Binding behind it and waits for that answer: what has not come by then, and a
  /// little later, does not come.
  void await(Seen& seen);
  void look_at(Bytes datagram, Seen& seen);

  Endpoint server_;
  Udp client_;
  Udp peer_;
  Udp other_;  // the peer's other port: nobody else's socket
  Session session_;
  std::optional<Endpoint> relayed_;
  std::array<std::uint8_t, 12> asked_{};
  std::uint32_t markers_ = 0;
};

}  // namespace tickover::interop
