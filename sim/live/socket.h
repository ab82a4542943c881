#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <utility>

#include "core/machine.h"

namespace tickover::sim::live {

/// Room for several datagrams that are taken by one call of the system.
class Intake {
 public:
  static constexpr std::size_t capacity = 32;

  Intake();
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  /// The bytes of the i-th that was taken; the next one that is taken there overwrites them.
  MutableBytes bytes(std::size_t i);

 private:
  friend class UdpSocket;
  struct Slots;
  std::unique_ptr<Slots> slots_;
};

/// Datagrams that leave by one call of the system.
class Outbox {
 public:
  static constexpr std::size_t capacity = 32;

  Outbox();
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  bool is_full() const { return size_ == capacity; }
  std::size_t size() const { return size_; }
  const Send& at(std::size_t i) const;
  Bytes bytes(std::size_t i) const;
  /// Where the bytes of the next one go; it must not be full.
  MutableBytes room();
  /// What stands in room() is to be sent like this.
  void add(const Send& send);
  void clear() { size_ = 0; }

 private:
  friend class UdpSocket;
  struct Slots;
  std::unique_ptr<Slots> slots_;
  std::size_t size_ = 0;
};

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

  /// Takes the datagrams that wait, at most `most` and as there is room; says how many, at least
  /// one. The error is an errno: EAGAIN when there is none; any other one stands for what
  /// next_error tells.
  std::expected<std::size_t, int> receive(Intake& intake, std::size_t most = Intake::capacity);
  /// The i-th of those taken just now; nothing if it came from no family that we know. Its bytes
  /// stay in `intake`.
  std::optional<Datagram> taken(Intake& intake, std::size_t i) const;
  /// Takes the next ICMP error. That a datagram with DF is too long for the path, as the system
  /// itself knows it, is told like the ICMP error of a router.
  std::optional<IcmpError> next_error();
  /// 0, or the errno for which nothing left the host.
  int send(const Send& send, Bytes payload);
  /// Of those from `first` on, sends as many as are alike enough for one call and the system takes.
  /// If that is none, send() says why.
  std::size_t send(Outbox& outbox, std::size_t first);
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
