#include "properties/live/relay_process.h"

namespace tickover::sim::live {
namespace {

constexpr const char* hosts = R"(# A network.
format = 1
[[host]]
name    = "relay"
role    = "turn-server"
address = "192.0.2.1"
[[host]]
name  = "alice"
role  = "turn-client"
relay = "relay"
)";
constexpr const char* link = R"([[link]]
between = ["alice", "relay"]
latency = "1ms"
)";

class LiveNetworkFile : public testing::Test {
 protected:
  LiveNetworkFile() {
    relay_bench.write("users.txt", "alice:s3cret\n");
    bench.write("password.txt", "s3cret\n");
  }
  void network(const std::string& more) const { bench.write("net.toml", hosts + more); }
  Finished connect(std::vector<std::string> more, const std::string& to = "127.0.0.1:9") {
    std::vector<std::string> words = {"connect",     to, "--user", "alice", "--password-file",
                                      "password.txt"};
    words.insert(words.end(), more.begin(), more.end());
    return bench.tickover(words);
  }
  void expect_refusal(std::vector<std::string> more, std::string_view why) {
    const Finished finished = connect(std::move(more));
    EXPECT_EQ(finished.exit, 2);
    EXPECT_NE(finished.err.find(why), std::string::npos) << why << '\n' << finished.err;
  }
  Workbench bench;
  Workbench relay_bench;
};

TEST_F(LiveNetworkFile, loses_what_it_names_and_both_traces_say_so) {
  network(std::string(link) + R"([[fault]]
drop = { from = "relay", message = "Allocate success", transaction = 2, copy = 1 }
[[fault]]
drop = { from = "relay", message = "Refresh success", transaction = 77 }
)");
  RelayProcess relay(relay_bench, {});
  const Finished live = connect({"--network", "net.toml", "--for", "1500ms", "--log", "live.jsonl"},
                                relay.address.text());
  EXPECT_EQ(live.exit, 0) << live.out << live.err;
  EXPECT_EQ(live.err, "warning: net.toml:16:1: this fault never matched anything\n");
  bench.tickover({"run", "net.toml", "--log", "run.jsonl"});
  // What alice does and gets until she has her allocation, but for sizes and addresses.
  const auto trace = [&](const std::string& file) {
    return bench
        .shell(
            "jq -r 'select(.message | test(\"^(alice|relay) sends|^alice gets\")) | "
            ".message | sub(\" \\\\([^)]* bytes[^)]*\\\\)\"; \"\")' " +
            file + " | head -9")
        .out;
  };
  EXPECT_EQ(trace("live.jsonl"), trace("run.jsonl"));
  EXPECT_NE(trace("live.jsonl").find("relay sends Allocate success 2 to alice: lost (fault)"),
            std::string::npos)
      << trace("live.jsonl");
}

TEST_F(LiveNetworkFile, is_told_what_real_sockets_cannot_do) {
  network(std::string(link) + "[[fault]]\nat = \"1s\"\nreboot = \"relay\"\n");
  expect_refusal({"--network", "net.toml"},
                 "real sockets cannot do all of it; --leave-out goes without:\n"
                 "net.toml:14:1: real sockets cannot do this fault\n");
  const Finished finished = connect({"--network", "net.toml", "--leave-out", "--for", "10ms"});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_EQ(finished.err, "warning: net.toml:14:1: real sockets cannot do this fault: left out\n");
}

TEST_F(LiveNetworkFile, is_told_what_real_hosts_are_not) {
  bench.write("net.toml", std::string(hosts) + R"(nat   = { timeout = "30s" }
clock = { drift-ppm = 50 }
)" + link + R"([[fault]]
at        = "1s after alice gets an allocation"
for       = "1s"
partition = ["alice", "relay"]
)");
  const Finished finished = connect({"--network", "net.toml", "--leave-out", "--for", "10ms"});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_EQ(finished.err,
            "warning: net.toml:7:1: there is no NAT on real sockets but those that are there: left "
            "out\n"
            "warning: net.toml:7:1: a real host's clock goes as it goes: left out\n"
            "warning: net.toml:16:1: a fault's time counts from the program's start, not from an "
            "event: left out\n");
  bench.write("net.toml", "icmp = true\n" + std::string(hosts) + link);
  expect_refusal({"--network", "net.toml"}, "`icmp`: this network cannot tell by ICMP");
}

TEST_F(LiveNetworkFile, must_fit_the_program) {
  expect_refusal({"--as", "alice"}, "--as needs --network FILE");
  expect_refusal({"--seed", "7"}, "--seed needs --network FILE");
  expect_refusal({"--leave-out"}, "--leave-out needs --network FILE");
  expect_refusal({"--network", "nowhere.toml"}, "nowhere.toml");
  network("");
  expect_refusal({"--network", "net.toml"}, "net.toml: no link between alice and relay");
  network(link);
  expect_refusal({"--network", "net.toml", "--as", "carol"}, "net.toml: --as: no host \"carol\"");
  expect_refusal({"--network", "net.toml", "--as", "relay"}, "--as: relay is a turn-server");
  expect_refusal({"--network", "net.toml", "--seed", "x"}, "--seed: ");
  network(std::string(link) +
          "[[host]]\nname = \"bob\"\nrole = \"turn-client\"\nrelay = \"relay\"\n");
  expect_refusal({"--network", "net.toml"},
                 "net.toml: several hosts are turn-clients: say which by --as NAME");
  network(std::string(link) + "[[fault]]\ndrop = { from = \"nobody\" }\n");
  expect_refusal({"--network", "net.toml"}, "net.toml:");
}

TEST_F(LiveNetworkFile, can_be_the_relays) {
  relay_bench.write("net.toml", std::string(hosts) + link + R"([[fault]]
drop = { from = "alice", message = "Allocate request", transaction = 1, copy = 1 }
)");
  RelayProcess relay(relay_bench,
                     {"--network", "net.toml", "--log", "relay.jsonl", "--log-level", "trace"});
  const Finished live = connect({"--for", "1s"}, relay.address.text());
  EXPECT_EQ(live.exit, 0) << live.out << live.err;
  relay.end(SIGTERM);
  const std::string log = relay_bench.read("relay.jsonl");
  EXPECT_NE(log.find("relay gets Allocate request 1, copy 2 from alice\""), std::string::npos)
      << log;
}

}  // namespace
}  // namespace tickover::sim::live
