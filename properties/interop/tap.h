#pragma once

#include <atomic>
#include <filesystem>
#include <thread>

#include "properties/interop/udp.h"

namespace tickover::interop {

/// Stands between clients and a server on 127.0.0.1, passes every datagram on, and writes all of
/// them to a capture file that tshark reads; needs no privileges. In the file the server has port
/// 3478, by which dissectors know it.
class Tap {
 public:
  Tap(const Endpoint& server, const std::filesystem::path& capture);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  const Endpoint& address() const { return front_.local(); }
  /// Stops, and gives how many datagrams were written.
  std::size_t close();

 private:
  void pass(const std::filesystem::path& capture);

  Endpoint server_;
  Udp front_;
  std::atomic<bool> stop_ = false;
  std::size_t written_ = 0;
  std::thread thread_;
};

}  // namespace tickover::interop
