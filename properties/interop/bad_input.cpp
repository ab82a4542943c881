// `tickover relay` and those who send it anything but what it is for.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "properties/interop/connecting.h"
#include "properties/interop/servers.h"
#include "properties/interop/talk.h"
#include "properties/paths.h"

namespace tickover::interop {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t methods[] = {1, 3, 4, 6, 8, 9, 10};

std::size_t resident_bytes(Process& process) {
  std::size_t all = 0, resident = 0;
  std::ifstream(fmt::format("/proc/{}/statm", process.id())) >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Sends at the pace of who receives: what is dropped is dropped by the relay, not by the system.
class Stranger {
 public:
  explicit Stranger(const Endpoint& server) : server_(server) {}

  void send(Bytes bytes) {
    if (socket_.send(server_, bytes)) ++sent_;
    if (++since_ >= 20 || bytes.size() > 2000) wait();
  }
  /// Until the relay has looked at all of it.
  void wait() {
    since_ = 0;
    Talk(server_).put({.method = 1});
  }
  std::size_t sent() const { return sent_; }

 private:
  Endpoint server_;
  Udp socket_;
  std::size_t since_ = 0;
  std::size_t sent_ = 0;
};

/// Whatever a fuzzer found worth keeping, and whatever the dice say.
std::size_t send_junk(const Endpoint& server, std::uint64_t word) {
  Stranger stranger(server);
  const std::filesystem::path corpus = TICKOVER_SOURCE_DIR "/properties/fuzz/corpus";
  for (const auto& file : std::filesystem::recursive_directory_iterator(corpus)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    stranger.send(as_bytes(text));
  }
  Buffer bytes(1400);
  for (std::size_t i = 0; i < 1000; ++i) {
    for (std::uint8_t& byte : bytes) {
      word = word * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<std::uint8_t>(word >> 56);
    }
    if (i % 3 == 0) bytes[0] &= 0x3f;
    if (i % 3 == 1) bytes[0] = static_cast<std::uint8_t>(0x40 | (bytes[0] & 0x0f));
    stranger.send(Bytes(bytes).first(i * 37 % bytes.size()));
  }
  stranger.send(Buffer(65'507, 0x40));
  stranger.wait();
  return stranger.sent();
}

/// Requests without credentials, each from a port of its own.
void come_from_many_ports(const Endpoint& server) {
  Stranger pace(server);
  for (int port = 0; port < 300; ++port) {
    const Udp one;
    Session session{.realm = std::string(realm), .peer = server, .other = server};
    for (const std::uint16_t method : methods) {
      one.send(server, encode(Ask{.method = method, .transport = 17}, session));
    }
    if (port % 5 == 0) pace.wait();
  }
  pace.wait();
}

/// What a user with an allocation may do wrong, and what may befall its bytes.
void misbehave(const Endpoint& server) {
  Talk talk(server);
  talk.put({.method = 3, .transport = 17});
  talk.put({.method = 3, .auth = Auth::good, .transport = 17});
  talk.put({.method = 8, .auth = Auth::good, .peers = {Peer::peer}});
  for (const std::uint16_t method : methods) {
    for (int damage = 1; damage <= static_cast<int>(Damage::flipped_bit); ++damage) {
      talk.put({.method = method,
                .auth = Auth::good,
                .damage = static_cast<Damage>(damage),
                .fingerprint = true,
                .peers = {Peer::peer},
                .channel = std::uint16_t{0x4000},
                .data = std::uint16_t{100}});
    }
  }
  talk.put({.kind = Ask::Kind::indication, .method = 6, .peers = {Peer::peer}});
  talk.put({.kind = Ask::Kind::indication, .method = 6, .data = std::uint16_t{10}});
  talk.put({.kind = Ask::Kind::indication,
            .method = 6,
            .peers = {Peer::other_ip},
            .data = std::uint16_t{10}});
  for (const std::uint16_t channel : std::initializer_list<std::uint16_t>{0x3fff, 0x4001, 0x5000}) {
    talk.put({.kind = Ask::Kind::channel_data, .channel = channel, .data = std::uint16_t{11}});
  }
}

// PROTOCOL AB2, AB4, AB22, AB24, K1
TEST(BadInput, costs_no_memory_and_keeps_nobody_from_being_served) {
  Relay relay({"--json", "--judge"});
  ASSERT_TRUE(relay.is_ready()) << relay.process().output();
  Process client(connect_command(relay.address(), {"--echo", "--for", "20s", "--rate", "20"}));
  std::vector<std::size_t> resident;
  std::size_t junk = 0;
  for (std::uint64_t round = 0; round < 4; ++round) {
    junk += send_junk(relay.address(), round);
    come_from_many_ports(relay.address());
    misbehave(relay.address());
    resident.push_back(resident_bytes(relay.process()));
  }
  // Tables grow to what they were made for; after that, nothing that strangers do is kept.
  EXPECT_LT(resident.back(), resident.front() + 512 * 1024)
      << fmt::format("{} bytes, then {}", resident.front(), resident.back());
  EXPECT_LT(resident.back(), 64u * 1024 * 1024);

  const Connected served = result_of(client);
  EXPECT_EQ(served.exit, 0) << served.output;
  EXPECT_EQ(served.number("allocations"), 1) << served.output;
  EXPECT_EQ(served.number("missing"), 0) << served.output;

  relay.process().signal(SIGTERM);
  EXPECT_EQ(relay.process().wait(20s), 0) << relay.process().output();
  const Connected told{.exit = 0, .output = relay.process().output()};
  long long dropped = 0;
  for (const char* kind : {"malformed", "not-turn", "unexpected", "without-allocation",
                           "without-permission", "without-channel", "unusable-indication"}) {
    EXPECT_GT(told.number(kind), 0) << kind << " of " << told.output;
    dropped += told.number(kind);
  }
  EXPECT_GT(dropped, static_cast<long long>(junk * 9 / 10)) << told.output;
  EXPECT_EQ(told.number("left"), 0) << told.output;
}

}  // namespace
}  // namespace tickover::interop
