#include "properties/interop/servers.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "properties/interop/udp.h"
#include "properties/paths.h"

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> with(std::vector<std::string> command,
                              const std::vector<std::string>& more) {
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::vector<std::string> coturn_command(const Scratch& scratch, std::uint16_t port) {
  return {"turnserver",
          "-n",
          "-m",
          "1",
          "--listening-ip=127.0.0.1",
          fmt::format("--listening-port={}", port),
          "--relay-ip=127.0.0.1",
          fmt::format("--realm={}", realm),
          "--lt-cred-mech",
          fmt::format("--user=alice:{}", alice_password),
          fmt::format("--user=bob:{}", bob_password),
          "--allow-loopback-peers",
          "--no-tls",
          "--no-dtls",
          "--no-tcp",
          "--no-cli",
          "--no-rfc5780",
          "--verbose",
          "--simple-log",
          "--no-stdout-log",
          "--log-file=" + scratch.file("coturn.log").string(),
          "--userdb=" + scratch.file("turndb").string(),
          "--pidfile=" + scratch.file("coturn.pid").string()};
}

}  // namespace

bool answers(const Endpoint& server) {
  const Buffer binding{0x00, 0x01, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2,
                       3,    4,    5, 6, 7,    8,    9,    1,    2, 3};
  for (int attempt = 0; attempt < 300; ++attempt) {
    const Udp socket;
    socket.send(server, binding);
    if (socket.receive(100ms)) return true;
  }
  return false;
}

Coturn::Coturn(std::vector<std::string> more, std::uint16_t port)
    : port_(port), process_(with(coturn_command(scratch_, port_), more)) {
  ready_ = answers(address());
}

std::string Coturn::log() const {
  std::ostringstream text;
  text << std::ifstream(scratch_.file("coturn.log")).rdbuf();
  return text.str();
}

Relay::Relay(const std::vector<std::string>& more)
    : port_(free_port()),
      process_(with(
          {TICKOVER_PROGRAM, "relay", "--listen", fmt::format("127.0.0.1:{}", port_), "--realm",
           std::string(realm), "--allow-private-peers", "--allow-own-addresses",
           "--max-unsigned-answers-per-second", "1000000", "--users",
           scratch_.with("users", fmt::format("alice:{}\nbob:{}\n", alice_password, bob_password))},
          more)) {
  ready_ = answers(address());
}

std::string Relay::port_at(std::string_view ip) {
  const std::string before = fmt::format("listening on {}:", ip);
  if (!process_.has_written(before)) return {};
  const std::string& text = process_.output();
  const std::size_t from = text.find(before) + before.size();
  return text.substr(from, text.find_first_not_of("0123456789", from) - from);
}

}  // namespace tickover::interop
