#include "properties/live/relay_process.h"
#include "sim/live/relay_summary.h"

namespace tickover::sim::live {
namespace {

const turn::User alice{"alice", "s3cret"};
const turn::User bob{"bob", "hunter2"};

class LiveRelay : public testing::Test {
 protected:
  LiveRelay() { bench.write("users.txt", "# who may relay\n\nalice:s3cret\r\nbob:hunter2\n"); }

  bool until(const std::function<bool()>& done) { return loop.run_until(done, patience); }
  bool allocates(Client& client) {
    return until([&] { return client.notices.relayed || client.notices.failures > 0; }) &&
           client.notices.relayed;
  }
  /// Why it gets no allocation; empty if it gets one, or if nothing comes of it in time.
  std::string refusal(const turn::User& user, const Endpoint& relay) {
    Client client(loop, relay, user);
    return allocates(client) ? "" : client.notices.failure;
  }
  bool gets_in(const turn::User& user, const Endpoint& relay) {
    Client client(loop, relay, user);
    return allocates(client);
  }

  Workbench bench;
  Loop loop;
};

TEST_F(LiveRelay, serves_once_and_says_what_it_did) {
  RelayProcess relay(bench, {"--once", "--json"});
  Client client(loop, relay.address, alice);
  ASSERT_TRUE(allocates(client));
  client.driver.command(CloseCommand{});
  EXPECT_TRUE(until([&] { return client.driver.is_idle(); }));

  const Finished finished = relay.finish();
  EXPECT_EQ(finished.exit, 0);
  bench.write("out.json", finished.out);
  const std::string asked =
      "jq -r 'select(.verb) | \"\\(.allocations) \\(.left) "
      "\\(.served[\"success-responses\"])\"' out.json";
  EXPECT_EQ(bench.shell(asked).out, "1 0 2\n") << finished.out;
}

TEST_F(LiveRelay, ends_at_a_signal_and_says_what_it_dropped) {
  RelayProcess relay(bench, {});
  Station stranger(loop);
  const Endpoint here = stranger.open(any_v4);
  stranger.send({.local = here, .remote = relay.address}, "neither STUN nor ChannelData");
  Client client(loop, relay.address, bob);
  ASSERT_TRUE(allocates(client));
  const Finished finished = relay.end(SIGTERM);
  EXPECT_EQ(finished.exit, 0);
  EXPECT_NE(finished.out.find("1 allocations made, 1 left"), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find("dropped or refused: 1 "), std::string::npos) << finished.out;
}

TEST_F(LiveRelay, refuses_an_unknown_user_and_a_wrong_password) {
  RelayProcess relay(bench, {});
  for (const turn::User& user : {turn::User{"mallory", "s3cret"}, turn::User{"alice", "secret"}}) {
    EXPECT_EQ(refusal(user, relay.address), "credentials refused") << user.name;
    EXPECT_TRUE(gets_in(alice, relay.address));
  }
}

// PROTOCOL AB5
TEST_F(LiveRelay, relays_to_no_internal_peer_unless_it_is_told_to) {
  class Refused final : public Observer {
   public:
    void told(const Driver&, const Notice& notice, Instant) override {
      if (notice.kind == Notice::Kind::peer_lost) code = notice.number;
    }
    std::uint64_t code = 0;
  };
  RelayProcess relay(bench, {});
  Refused refused;
  Client client(loop, relay.address, alice);
  client.driver.observe(refused);
  ASSERT_TRUE(allocates(client));
  client.driver.command(ReachCommand{Endpoint::parse("127.0.0.1:9").value()});
  ASSERT_TRUE(until([&] { return refused.code != 0; }));
  EXPECT_EQ(refused.code, 403u);
}

TEST_F(LiveRelay, reads_its_users_again) {
  bench.write("users.txt", "alice:s3cret\n");
  RelayProcess relay(bench, {"--log", "relay.jsonl"});
  bench.write("users.txt", "bob:hunter2\n");
  relay.signal(SIGHUP);
  // The signal may come after the first answer; then a second attempt gets in.
  EXPECT_TRUE(gets_in(bob, relay.address) || gets_in(bob, relay.address));
  EXPECT_EQ(refusal(alice, relay.address), "credentials refused");

  bench.write("users.txt", "bob:hunter2\nand a line without the sign\n");
  relay.signal(SIGHUP);
  EXPECT_TRUE(gets_in(bob, relay.address));
  const Finished finished = relay.end(SIGTERM);
  EXPECT_EQ(finished.exit, 0);
  EXPECT_NE(
      finished.err.find("users.txt:2: expected name:password, found no colon; the users stay"),
      std::string::npos)
      << finished.err;
}

// As editors save it that begin each file with a byte order mark.
TEST_F(LiveRelay, reads_users_behind_a_byte_order_mark) {
  RelayProcess relay(bench, {});
  bench.write("users.txt",
              "\xEF\xBB\xBF"
              "carol:of old\n");
  relay.signal(SIGHUP);
  const turn::User carol{"carol", "of old"};
  EXPECT_TRUE(gets_in(carol, relay.address) || gets_in(carol, relay.address));
}

TEST_F(LiveRelay, serves_on_where_nobody_reads_its_stderr_any_more) {
  bench.shell("mkfifo err; { " + Workbench::program() +
              " relay --listen 127.0.0.1:0 --users users.txt --realm example.org 2>err >out.txt & "
              "echo $! >pid; wait $!; echo $? >code; } & head -c0 <err");
  const auto is_written = [&](const char* file) {
    return until([&] {
      std::this_thread::sleep_for(10ms);
      loop.call_at(loop.now(), [] {});
      return bench.read(file).ends_with('\n');
    });
  };
  ASSERT_TRUE(is_written("out.txt") && is_written("pid"));
  const std::string line = bench.read("out.txt");
  const Endpoint relay = Endpoint::parse(line.substr(13, line.size() - 14)).value();
  const pid_t process = std::stoi(bench.read("pid"));
  EXPECT_TRUE(gets_in(alice, relay));
  bench.write("users.txt", "bob:hunter2\n");
  ::kill(process, SIGHUP);  // about which it says something
  EXPECT_TRUE(gets_in(bob, relay) || gets_in(bob, relay));
  EXPECT_EQ(refusal(alice, relay), "credentials refused");
  ::kill(process, SIGTERM);
  ASSERT_TRUE(is_written("code"));
  EXPECT_EQ(bench.read("code"), "0\n");
}

TEST_F(LiveRelay, says_that_the_system_refuses_its_sockets) {
  RelaySummary summary;
  EXPECT_EQ(summary.text().find("relay sockets"), std::string::npos);
  summary.sockets.sockets_refused = 3;
  EXPECT_NE(summary.text().find("relay sockets: 3 refused by the system\n"), std::string::npos);
}

TEST_F(LiveRelay, says_what_the_system_refuses) {
  if (is_sanitized) GTEST_SKIP();
  const std::string command =
      Workbench::program() + " relay --listen 127.0.0.1:0 --users users.txt";
  const Finished finished = bench.shell("ulimit -n 5; " + command);
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.err,
            "tickover relay: the system refuses what it takes: Too many open files\n");
}

TEST_F(LiveRelay, lets_allocations_live_on_while_it_is_drained) {
  RelayProcess relay(bench, {"--drain", "1h", "--log", "-", "--log-level", "trace"});
  Client early(loop, relay.address, alice);
  ASSERT_TRUE(allocates(early));
  relay.signal(SIGTERM);
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(refusal(bob, relay.address), "no capacity");
  EXPECT_TRUE(early.notices.relayed);
  early.driver.command(CloseCommand{});
  EXPECT_TRUE(until([&] { return early.driver.is_idle(); }));
  const Finished finished = relay.finish();  // with its last allocation
  EXPECT_EQ(finished.exit, 0);
  EXPECT_NE(finished.out.find("1 allocations made, 0 left"), std::string::npos) << finished.out;
  EXPECT_EQ((finished.out + finished.err).find("s3cret"), std::string::npos);
  EXPECT_EQ((finished.out + finished.err).find("hunter2"), std::string::npos);
}

TEST_F(LiveRelay, waits_for_nobody_at_a_second_signal) {
  RelayProcess relay(bench, {"--drain", "1h"});
  Client client(loop, relay.address, alice);
  ASSERT_TRUE(allocates(client));
  relay.signal(SIGINT);
  std::this_thread::sleep_for(100ms);
  const Finished finished = relay.end(SIGINT);
  EXPECT_EQ(finished.exit, 0);
  EXPECT_NE(finished.out.find("1 left"), std::string::npos) << finished.out;
}

struct Mistake {
  std::vector<std::string> words;
  std::string says;
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << "tickover";
  for (const std::string& word : mistake.words) *out << ' ' << word;
}
class LiveRelayUsage : public testing::TestWithParam<Mistake> {};

TEST_P(LiveRelayUsage, is_refused_with_a_reason) {
  const Workbench bench;
  bench.write("users.txt", "alice:s3cret\n");
  bench.write("twice.txt", "alice:a\n# a comment\nalice:b\n");
  bench.write("nameless.txt", ":a\n");
  bench.write("empty.txt", "");
  std::vector<std::string> words = {"relay"};
  words.insert(words.end(), GetParam().words.begin(), GetParam().words.end());
  const Finished finished = bench.tickover(words);
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_NE(finished.err.find("tickover relay: " + GetParam().says), std::string::npos)
      << finished.err;
}
INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, LiveRelayUsage,
    testing::Values(
        Mistake{{}, "nobody could use it: give --users FILE or --rest-secret FILE"},
        Mistake{{"--users", "none.txt"}, "none.txt: No such file"},
        Mistake{{"--listen", "127.0.0.1:0", "--users", "twice.txt"},
                "twice.txt:3: user \"alice\" is already in line 1"},
        Mistake{{"--listen", "127.0.0.1:0", "--users", "nameless.txt"},
                "nameless.txt:1: a user without a name"},
        Mistake{{"--listen", "127.0.0.1:0", "--rest-secret", "empty.txt"}, "empty.txt: is empty"},
        Mistake{{"--listen", "localhost", "--users", "users.txt"}, "--listen: expected an address"},
        Mistake{{"--listen", "192.0.2.200:0", "--users", "users.txt"},
                "cannot listen on 192.0.2.200:0"},
        Mistake{
            {"--listen", "127.0.0.1:0", "--relay-address", "192.0.2.200", "--users", "users.txt"},
            "cannot relay at 192.0.2.200: Cannot assign requested address"},
        Mistake{{"--listen", "127.0.0.1:0", "--ports", "9-1", "--users", "users.txt"},
                "--ports: expected two ports"},
        Mistake{{"--listen", "127.0.0.1:0", "--ports", "80-90", "--users", "users.txt"},
                "relay ports below 1024 are reserved"},
        Mistake{{"--listen", "127.0.0.1:0", "--max-lifetime", "5s", "--users", "users.txt"},
                "the maximum lifetime is below the default"},
        Mistake{{"--max-channels", "many", "--users", "users.txt"}, "--max-channels: expected"},
        Mistake{{"--drain", "soon", "--users", "users.txt"}, "--drain: expected a duration"},
        Mistake{{"--log-level", "loud", "--users", "users.txt"}, "--log-level: expected \"trace\""},
        Mistake{{"--listen", "127.0.0.1:0", "--log", "no/where", "--users", "users.txt"},
                "no/where: No such file"},
        Mistake{{"--user", "users.txt"}, "there is no option --user (did you mean --users?)"}));

TEST_F(LiveRelay, does_not_start_where_somebody_else_listens) {
  RelayProcess first(bench, {});
  const Finished second =
      bench.tickover({"relay", "--listen", first.address.text(), "--users", "users.txt"});
  EXPECT_EQ(second.exit, 2);
  EXPECT_NE(second.err.find("Address already in use"), std::string::npos) << second.err;
}

}  // namespace
}  // namespace tickover::sim::live
