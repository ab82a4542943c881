#pragma once

#include <string>
#include <vector>

#include "core/address.h"
#include "properties/interop/process.h"

namespace tickover::interop {

/// The users that every server here knows, and its realm.
inline constexpr std::string_view realm = "example.org";
inline constexpr std::string_view alice_password = "s3cret";
inline constexpr std::string_view bob_password = "hunter2";

/// Whether a server came up: it answers a Binding request within half a minute.
bool answers(const Endpoint& server);

/// A coturn on 127.0.0.1 (and ::1 if asked), on a free port, that lets peers be on loopback.
class Coturn {
 public:
  /// `more` are further options, without which it is as PROTOCOL 3.1 shows.
  explicit Coturn(std::vector<std::string> more = {}, std::uint16_t port = free_port());

  Endpoint address() const { return {IpAddress::v4({127, 0, 0, 1}), port_}; }
  std::uint16_t port() const { return port_; }
  /// What it wrote to its log so far.
  std::string log() const;
  /// Whether it came up.
  bool is_ready() const { return ready_; }
  Process& process() { return process_; }

 private:
  Scratch scratch_;
  std::uint16_t port_;
  Process process_;
  bool ready_ = false;
};

/// Our relay, likewise. `more` are further options of `tickover relay`.
class Relay {
 public:
  explicit Relay(const std::vector<std::string>& more = {});

  Endpoint address() const { return {IpAddress::v4({127, 0, 0, 1}), port_}; }
  std::uint16_t port() const { return port_; }
  /// Of another address ("[::1]") that it was told to listen on, at any port; empty if it does not.
  std::string port_at(std::string_view ip);
  bool is_ready() const { return ready_; }
  Process& process() { return process_; }

 private:
  Scratch scratch_;
  std::uint16_t port_;
  Process process_;
  bool ready_ = false;
};

}  // namespace tickover::interop
