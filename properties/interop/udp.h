#pragma once

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/bytes.h"

namespace tickover::interop {

using Buffer = std::vector<std::uint8_t>;

/// A UDP socket on a loopback address, with a port of its own.
class Udp {
 public:
  explicit Udp(std::string_view ip = "127.0.0.1");
  ~Udp();
  Udp(Udp&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), local_(other.local_) {}
  Udp& operator=(Udp&&) = delete;

  const Endpoint& local() const { return local_; }
  int descriptor() const { return descriptor_; }
  /// From now on it hears nobody else. Throws where the system refuses.
  void connect(const Endpoint& to) const;
  /// True if the system took it.
  bool send(const Endpoint& to, Bytes bytes) const;
  /// The next datagram and where it came from; nothing if none comes in time.
  std::optional<std::pair<Endpoint, Buffer>> receive(std::chrono::milliseconds patience) const;

 private:
  int descriptor_ = -1;
  Endpoint local_;
};

}  // namespace tickover::interop
