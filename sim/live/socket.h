#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <utility>

#include "core/machine.h"

namespace tickover::sim::live {

/// A bound, non-blocking UDP socket of one family, as Linux has it. What the system tells about a
/// datagram beside its bytes comes along: ECN and hop limit of each that arrives, ICMP errors with
/// the destination that they are about. Whether an arrived datagram had the DF bit is not to be
/// learned from a UDP socket; it is told as false.
class UdpSocket {
 public:
  /// An unspecified address receives at all of its family, port 0 takes a free one. The error is an
  /// errno, such as EADDRINUSE.
  static std::expected<UdpSocket, int> open(const Endpoint& local);
  UdpSocket(UdpSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        local_(other.local_),
        dont_fragment_(other.dont_fragment_) {}
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket() { close(); }

  /// Where it is bound, with the port that the system chose.
  const Endpoint& local() const { return local_; }
  int descriptor() const { return descriptor_; }

  /// Takes the next datagram; its bytes stay in `buffer`, which holds at least max_datagram_size.
  /// The error is an errno: EAGAIN when there is none; any other one stands for what next_error
  /// tells.
  std::expected<Datagram, int> receive(MutableBytes buffer);
  /// Takes the next ICMP error. That a datagram with DF is too long for the path, as the system
  /// itself knows it, is told like the ICMP error of a router.
  std::optional<IcmpError> next_error();
  /// 0, or the errno for which nothing left the host.
  int send(const Send& send, Bytes payload);
  /// Frees the port; nothing else may be called afterwards.
  void close();

 private:
  UdpSocket(int descriptor, const Endpoint& local) : descriptor_(descriptor), local_(local) {}
  void set_dont_fragment(bool on);

  int descriptor_;
  Endpoint local_;
  bool dont_fragment_ = false;
};

}  // namespace tickover::sim::live
