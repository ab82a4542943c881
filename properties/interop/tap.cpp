#include "properties/interop/tap.h"

#include <chrono>
#include <fstream>
#include <map>

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t stun_port = 3478;

/// A pcap file of raw IPv4 packets (LINKTYPE_RAW), little-endian.
class Capture {
 public:
  explicit Capture(const std::filesystem::path& path) : out_(path, std::ios::binary) {
    little(0xa1b2c3d4, 4);
    little(2, 2);
    little(4, 2);
    little(0, 4);
    little(0, 4);
    little(65535, 4);
    little(101, 4);
  }

  void write(const Endpoint& from, const Endpoint& to, Bytes payload) {
    Buffer ip{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0};
    const auto big = [&ip](std::size_t value) {
      ip.push_back(static_cast<std::uint8_t>(value >> 8));
      ip.push_back(static_cast<std::uint8_t>(value));
    };
    for (const Endpoint& end : {from, to}) {
      ip.insert(ip.end(), end.ip.bytes().begin(), end.ip.bytes().begin() + 4);
    }
    big(from.port);
    big(to.port);
    big(8 + payload.size());
    big(0);  // no UDP checksum
    ip.insert(ip.end(), payload.begin(), payload.end());
    ip[2] = static_cast<std::uint8_t>(ip.size() >> 8);
    ip[3] = static_cast<std::uint8_t>(ip.size());
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    little(static_cast<std::uint64_t>(us / 1'000'000), 4);
    little(static_cast<std::uint64_t>(us % 1'000'000), 4);
    little(ip.size(), 4);
    little(ip.size(), 4);
    out_.write(reinterpret_cast<const char*>(ip.data()), static_cast<std::streamsize>(ip.size()));
  }

 private:
  void little(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_.put(static_cast<char>(value >> (8 * i) & 0xff));
  }

  std::ofstream out_;
};

}  // namespace

Tap::Tap(const Endpoint& server, const std::filesystem::path& capture)
    : server_(server), thread_([this, capture] { pass(capture); }) {}

Tap::~Tap() {
  close();
}

std::size_t Tap::close() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return written_;
}

void Tap::pass(const std::filesystem::path& path) {
  Capture capture(path);
  const Endpoint shown{server_.ip, stun_port};
  std::map<Endpoint, Udp> clients;  // each has a socket of its own to the server
  while (!stop_) {
    while (const auto arrived = front_.receive(clients.empty() ? 20ms : 1ms)) {
      capture.write(arrived->first, shown, arrived->second);
      ++written_;
      clients.try_emplace(arrived->first).first->second.send(server_, arrived->second);
    }
    for (const auto& [client, socket] : clients) {
      while (const auto answer = socket.receive(0ms)) {
        capture.write(shown, client, answer->second);
        ++written_;
        front_.send(client, answer->second);
      }
    }
  }
}

}  // namespace tickover::interop
