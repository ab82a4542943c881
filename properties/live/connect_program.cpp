#include <algorithm>
#include <utility>

#include "properties/live/relay_process.h"

namespace tickover::sim::live {
namespace {

class LiveConnect : public testing::Test {
 protected:
  LiveConnect() {
    bench.write("users.txt", "alice:s3cret\n");
    bench.write("password.txt", "s3cret\n");
    relay_bench.write("users.txt", "alice:s3cret\n");
  }

  Finished connect(const RelayProcess& relay, std::vector<std::string> more) {
    std::vector<std::string> words = {"connect",         "turn:" + relay.address.text(),
                                      "--user",          "alice",
                                      "--password-file", "password.txt"};
    words.insert(words.end(), more.begin(), more.end());
    return bench.tickover(words);
  }
  /// Started, and its allocation made.
  pid_t holding(const Endpoint& relay) {
    const pid_t client = bench.start(
        {"connect", relay.text(), "--user", "alice", "--password-file", "password.txt"});
    for (int i = 0; i < 500 && bench.printed().find("allocated") == std::string::npos; ++i) {
      std::this_thread::sleep_for(10ms);
    }
    return client;
  }
  std::string asked(const Finished& finished, const std::string& filter) {
    bench.write("out.json", finished.out);
    return bench.shell("jq -r '" + filter + "' out.json").out;
  }

  Workbench bench;
  Workbench relay_bench;
};

const std::vector<std::string> open_relay = {"--allow-private-peers", "--allow-own-addresses"};

TEST_F(LiveConnect, echoes_through_a_relay_by_channels_and_by_permissions) {
  RelayProcess relay(relay_bench, open_relay);
  for (const std::string use : {"channels", "permissions"}) {
    const Finished finished = connect(relay, {"--for", "600ms", "--echo", "--rate", "100", "--size",
                                              "1200", "--use", use, "--json"});
    EXPECT_EQ(finished.exit, 0) << finished.err;
    EXPECT_EQ(asked(finished,
                    ".held, .allocations, .losses, .echo.missing, .echo.doubled, "
                    "(.echo.received > 10), (.echo.\"median-us\" > 0)"),
              "true\n1\n0\n0\n0\ntrue\ntrue\n")
        << finished.out;
  }
  const Finished ended = relay.end(SIGTERM);
  EXPECT_NE(ended.out.find("2 allocations made, 0 left"), std::string::npos) << ended.out;
}

TEST_F(LiveConnect, tells_the_story_and_logs_it) {
  RelayProcess relay(relay_bench, open_relay);
  const Finished finished = connect(relay, {"--for", "500ms", "--echo", "--log", "live.jsonl"});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  for (const char* words : {"allocated 127.0.0.1:", "channel bound to 127.0.0.1:",
                            "gave the allocation back", "held: 127.0.0.1:", "round trip: "}) {
    EXPECT_NE(finished.out.find(words), std::string::npos) << words << '\n' << finished.out;
  }
  const std::string log = bench.read("live.jsonl");
  EXPECT_NE(log.find("\"message\":\"client sends Allocate request 1 to "), std::string::npos);
  EXPECT_NE(log.find("\"host\":\"peer\"}"), std::string::npos);
  EXPECT_EQ(bench.shell("jq -e -s 'all(.time and .severity and .message)' live.jsonl").out,
            "true\n");
  EXPECT_EQ((finished.out + log).find("s3cret"), std::string::npos);
}

TEST_F(LiveConnect, keeps_its_allocation_through_short_lifetimes) {
  RelayProcess relay(relay_bench, {"--allow-private-peers", "--default-lifetime", "1s",
                                   "--max-lifetime", "1s", "--permission-lifetime", "1s",
                                   "--channel-lifetime", "1s", "--nonce-lifetime", "1s"});
  const Finished finished =
      connect(relay, {"--for", "4s", "--echo", "--channel-refresh", "400ms", "--json"});
  EXPECT_EQ(finished.exit, 0);
  EXPECT_EQ(asked(finished,
                  ".held, .allocations, .echo.missing, (.refreshes > 3), "
                  "(.\"stale-nonces\" > 1)"),
            "true\n1\n0\ntrue\ntrue\n")
      << finished.out;
}

TEST_F(LiveConnect, finds_another_relay_in_the_place_of_the_first) {
  std::optional<RelayProcess> relay(std::in_place, relay_bench, open_relay);
  const Endpoint address = relay->address;
  const pid_t client = bench.start({"connect", address.text(), "--user", "alice", "--password-file",
                                    "password.txt", "--for", "8s", "--echo", "--keep-alive",
                                    "500ms", "--first-pause", "200ms", "--json"});
  std::this_thread::sleep_for(1s);
  relay.reset();
  relay.emplace(relay_bench, open_relay, address);
  const Finished finished = bench.finish(client);
  EXPECT_EQ(finished.exit, 0);
  EXPECT_EQ(asked(finished, ".held, (.allocations > 1), (.losses > 0), (.echo.received > 30)"),
            "true\ntrue\ntrue\ntrue\n")
      << finished.out;
}

TEST_F(LiveConnect, ends_with_three_where_there_is_nothing_to_be_had) {
  RelayProcess relay(relay_bench, {});
  bench.write("password.txt", "wrong\n");
  const Finished refused = connect(relay, {"--for", "1h"});  // it does not wait for that
  EXPECT_EQ(refused.exit, 3);
  EXPECT_NE(refused.out.find("credentials refused"), std::string::npos) << refused.out;

  bench.write("password.txt", "s3cret\n");
  relay.end(SIGTERM);
  const Finished gone = connect(relay, {"--for", "300ms", "--json"});
  EXPECT_EQ(gone.exit, 3);
  EXPECT_EQ(asked(gone, ".held, .allocations, .\"last-failure\""), "false\n0\nunanswered\n");
}

TEST_F(LiveConnect, gives_the_allocation_back_at_a_signal) {
  RelayProcess relay(relay_bench, {"--once"});
  const pid_t client = holding(relay.address);
  ::kill(client, SIGINT);
  const Finished finished = bench.finish(client);
  EXPECT_EQ(finished.exit, 0);
  EXPECT_NE(finished.out.find("gave the allocation back"), std::string::npos) << finished.out;
  EXPECT_NE(relay.finish().out.find("1 allocations made, 0 left"), std::string::npos);
}

TEST_F(LiveConnect, claims_nothing_that_a_dead_relay_did_not_confirm) {
  std::optional<RelayProcess> relay(std::in_place, relay_bench, open_relay);
  const pid_t client = holding(relay->address);
  relay.reset();
  ::kill(client, SIGINT);
  const Finished finished = bench.finish(client);
  EXPECT_EQ(finished.exit, 3) << finished.out;
  EXPECT_NE(finished.out.find("\nnot held: 127.0.0.1:"), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find("the relay did not answer"), std::string::npos) << finished.out;
  EXPECT_EQ(finished.out.find("gave"), std::string::npos) << finished.out;
}

// A new nonce is asked for first; what comes then is what counts.
TEST_F(LiveConnect, is_told_by_a_new_relay_that_it_had_no_allocation) {
  std::optional<RelayProcess> relay(std::in_place, relay_bench, open_relay);
  const Endpoint address = relay->address;
  const pid_t client = holding(address);
  relay.reset();
  relay.emplace(relay_bench, open_relay, address);
  ::kill(client, SIGINT);
  const Finished finished = bench.finish(client);
  EXPECT_EQ(finished.exit, 3) << finished.out;
  EXPECT_NE(finished.out.find("the relay knows of no allocation (437)\nnot held: "),
            std::string::npos)
      << finished.out;
}

TEST_F(LiveConnect, gives_the_allocation_back_when_nobody_reads_its_output) {
  RelayProcess relay(relay_bench, {});
  const Finished finished =
      bench.shell(Workbench::program() + " connect " + relay.address.text() +
                  " --user alice --password s3cret --keep-alive 300ms | head -n 1");
  EXPECT_NE(finished.out.find("allocated 127.0.0.1:"), std::string::npos) << finished.out;
  EXPECT_EQ(finished.err, "tickover: not all output could be written\n");
  const Finished ended = relay.end(SIGTERM);
  EXPECT_NE(ended.out.find("1 allocations made, 0 left"), std::string::npos) << ended.out;
}

TEST_F(LiveConnect, counts_two_addresses_of_one_allocation_once) {
  RelayProcess relay(relay_bench, {"--relay-address", "127.0.0.1", "--relay-address", "::1"});
  const Finished told = connect(relay, {"--for", "300ms", "--family", "both"});
  EXPECT_NE(told.out.find("and with it [::1]:"), std::string::npos) << told.out;
  EXPECT_EQ(told.out.find("again"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("held: 127.0.0.1:"), std::string::npos) << told.out;
  const Finished finished = connect(relay, {"--for", "300ms", "--family", "both", "--json"});
  EXPECT_EQ(asked(finished,
                  ".held, .allocations, .losses, .farewell, "
                  "(.additional | startswith(\"[::1]:\"))"),
            "true\n1\n0\ngiven back\ntrue\n")
      << finished.out;
}

// A relay that denies this host's addresses is asked for each of them once.
TEST_F(LiveConnect, says_when_the_relay_takes_no_peer) {
  RelayProcess relay(relay_bench, {});
  const Finished finished = connect(relay, {"--for", "1s", "--echo"});
  EXPECT_EQ(finished.exit, 3);
  std::vector<std::string> refused;
  for (const std::string& line : finished.lines()) {
    const std::size_t at = line.find("peer refused: ");
    if (at == std::string::npos) continue;
    EXPECT_TRUE(line.ends_with(" (403)")) << line;
    const std::size_t ip = at + 14;
    refused.push_back(line.substr(ip, line.find(':', ip) - ip));
  }
  std::ranges::sort(refused);
  EXPECT_TRUE(std::ranges::count(refused, "127.0.0.1") == 1) << finished.out;
  EXPECT_EQ(std::ranges::adjacent_find(refused), refused.end()) << finished.out;
  EXPECT_NE(finished.out.find("\nthe relay takes no address of this host as a peer: --peer names "
                              "another\nheld: "),
            std::string::npos)
      << finished.out;
}

TEST_F(LiveConnect, says_when_the_relay_refuses_the_peer_that_was_named) {
  RelayProcess relay(relay_bench, {});
  const Finished finished = connect(relay, {"--for", "300ms", "--peer", "127.0.0.1:9", "--json"});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_EQ(asked(finished, ".held, .echo.sent, .echo.\"no-peer\""),
            "true\n0\nthe relay refuses the peer 127.0.0.1:9 (403)\n")
      << finished.out;
  const Finished other =
      connect(relay, {"--for", "300ms", "--peer", "[::1]:9", "--family", "both"});
  EXPECT_EQ(other.exit, 3);
  EXPECT_NE(other.out.find("\nno relayed address is of the family of [::1]:9\nheld: "),
            std::string::npos)
      << other.out;
}

TEST_F(LiveConnect, says_what_the_system_refuses) {
  if (is_sanitized) GTEST_SKIP();
  const Finished finished = bench.shell("ulimit -n 5; " + Workbench::program() +
                                        " connect 127.0.0.1:9 --user alice --password s3cret");
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.err,
            "tickover connect: the system refuses what it takes: Too many open files\n");
}

struct Mistake {
  std::vector<std::string> words;
  std::string says;
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << "tickover";
  for (const std::string& word : mistake.words) *out << ' ' << word;
}
class LiveConnectUsage : public testing::TestWithParam<Mistake> {};

TEST_P(LiveConnectUsage, is_refused_with_a_reason) {
  const Workbench bench;
  bench.write("two.txt", "one\ntwo\n");
  std::vector<std::string> words = {"connect"};
  words.insert(words.end(), GetParam().words.begin(), GetParam().words.end());
  const Finished finished = bench.tickover(words);
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_NE(finished.err.find("tickover connect: " + GetParam().says), std::string::npos)
      << finished.err;
}
INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, LiveConnectUsage,
    testing::Values(
        Mistake{{}, "SERVER is required"}, Mistake{{"127.0.0.1:9"}, "--user NAME is missing"},
        Mistake{{"127.0.0.1:9", "--user", "alice"}, "no password"},
        Mistake{{"127.0.0.1:9", "--user", "alice", "--password-file", "two.txt"},
                "two.txt:2: expected one line only"},
        Mistake{{"turns:127.0.0.1:9", "--user", "alice"}, "turns: needs TLS"},
        Mistake{{"turn:127.0.0.1:9?transport=tcp", "--user", "alice"}, "only ?transport=udp"},
        Mistake{{"turn:127.0.0.1:99999", "--user", "alice"}, "expected turn:HOST[:PORT]"},
        Mistake{{"127.0.0.1:9", "--user", "a", "--password", "b", "--over", "ipv6"},
                "the relay has no address of the family"},
        Mistake{{"127.0.0.1:9", "--user", "a", "--password", "b", "--keep-alive", "0s"},
                "times must be longer"},
        Mistake{{"127.0.0.1:9", "--user", "a", "--password", "b", "--peer", "127.0.0.1"},
                "--peer: expected ADDR:PORT"},
        Mistake{{"127.0.0.1:9", "--user", "a", "--password", "b", "--for", "0s"},
                "times must be longer"},
        Mistake{{"127.0.0.1:9", "--user", "a", "--password", "b", "--peer", "[::1]:9"},
                "--peer: no IPv4 address, as --family asks for, reaches [::1]:9"},
        Mistake{{"127.0.0.1:9", "--user", "a", "--password", "b", "--peer", "127.0.0.1:9",
                 "--family", "ipv6"},
                "--peer: no IPv6 address, as --family asks for, reaches 127.0.0.1:9"},
        Mistake{{"127.0.0.1:9", "--size", "3"}, "--size: expected a whole number from 24"}));

}  // namespace
}  // namespace tickover::sim::live
