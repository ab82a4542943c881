#include "properties/turn_server/bench.h"

namespace tickover::turn::bench {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

// PROTOCOL AB6; BUGS P17
TEST(TurnPeerPolicy, takes_embedded_addresses_out) {
  for (const auto& [outer, inner] :
       std::map<std::string, std::string>{{"::ffff:127.0.0.1", "127.0.0.1"},
                                          {"::127.0.0.1", "127.0.0.1"},
                                          {"64:ff9b::7f00:1", "127.0.0.1"},
                                          {"2002:7f00:1::1", "127.0.0.1"},
                                          {"2001::f227:0:80ff:fffe", "127.0.0.1"},
                                          {"2001:db8::1", "2001:db8::1"},
                                          {"::", "::"},
                                          {"::1", "::1"}}) {
    EXPECT_EQ(canonical(ip(outer)).text(), inner) << outer;
  }
}

// PROTOCOL AB5, AB6; BUGS P17
TEST(TurnPeerPolicy, denies_what_no_relay_should_reach) {
  const PeerPolicy policy(config());
  for (const auto* text : {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.168.0.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "febf::1",
                           "fc00::1",
                           "fdff::1",
                           "ff02::1",
                           "::ffff:10.0.0.1",
                           "::ffff:0.0.0.0",
                           "::10.0.0.1",
                           "64:ff9b::a00:1",
                           "64:ff9b:1::a00:1",
                           "2002:a00:1::1",
                           "2001:0:1:2:3:4:f5ff:fffe",
                           "192.0.2.1",
                           "2001:db8::1",
                           "::ffff:192.0.2.1"}) {
    EXPECT_FALSE(policy.allows(ip(text))) << text;
  }
  for (const auto* text :
       {"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "223.255.255.255", "192.0.2.2", "2001:db8::2", "2606:4700::1", "::ffff:203.0.113.5"}) {
    EXPECT_TRUE(policy.allows(ip(text))) << text;
  }
}

// PROTOCOL AB5, AB6; BUGS P17
TEST(TurnPeerPolicy, lets_internal_peers_in_where_asked_and_no_multicast_ever) {
  ServerConfig lab = config();
  lab.allow_private_peers = true;
  const PeerPolicy policy(lab);
  for (const auto* text : {"127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(policy.allows(ip(text))) << text;
  }
  for (const auto* text : {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"}) {
    EXPECT_FALSE(policy.allows(ip(text))) << text;
  }
}

// PROTOCOL AB5, AB6; BUGS P17
TEST(TurnPeerPolicy, never_sends_to_its_own_listener) {
  ServerConfig lab = config();
  lab.allow_own_addresses = true;
  const PeerPolicy policy(lab);
  EXPECT_TRUE(policy.allows(relay_v4.ip));
  EXPECT_TRUE(policy.allows(at("192.0.2.1:50000")));
  EXPECT_FALSE(policy.allows(relay_v4));
  EXPECT_FALSE(policy.allows(Endpoint{ip("::ffff:192.0.2.1"), 3478}));
  EXPECT_FALSE(policy.allows(at("203.0.113.5:0")));
}

// PROTOCOL AB5
TEST(TurnPeerPolicy, learns_which_addresses_are_the_hosts_own) {
  ServerConfig anywhere = config();
  anywhere.listen = {at("0.0.0.0:3478")};
  anywhere.relay_addresses = {ip("198.51.100.200")};
  PeerPolicy policy(anywhere);
  EXPECT_TRUE(policy.allows(ip("198.51.100.201")));
  policy.set_host_addresses({ip("198.51.100.201")});
  EXPECT_FALSE(policy.allows(ip("198.51.100.201")));
  EXPECT_FALSE(policy.allows(ip("198.51.100.200")));
}

// PROTOCOL AB5, AB6, AB8
TEST(TurnPeerPolicy, knows_its_listener_by_every_loopback_address) {
  ServerConfig anywhere = config();
  anywhere.listen = {at("0.0.0.0:3478"), at("[::]:3478")};
  anywhere.allow_private_peers = true;
  anywhere.allow_own_addresses = true;
  const PeerPolicy policy(anywhere);
  for (const auto* host : {"127.0.0.1", "127.0.0.2", "127.255.255.254", "[::1]",
                           "[::ffff:127.0.0.2]", "[64:ff9b::127.0.0.2]"}) {
    EXPECT_FALSE(policy.allows(at(host + std::string(":3478")))) << host;
    EXPECT_TRUE(policy.allows(at(host + std::string(":3479")))) << host;
  }
}

// PROTOCOL AB5, AB6, PM3, H1, 1.19/403; BUGS P17
TEST(TurnPeerPolicy, refuses_permission_and_channel_with_403) {
  Bench bench;
  const Client alice(bench, alice_at);
  const Answer v6 = alice.ask(Method::allocate, both(over_udp, [](MessageWriter& m) {
                                m.add_leading_byte(AttributeType::requested_address_family, 2);
                              }));
  ASSERT_EQ(v6.code(), 0);
  for (const auto* text : {"::ffff:127.0.0.1", "::ffff:0.0.0.0", "64:ff9b::7f00:1", "fe80::1",
                           "2002:7f00:1::1", "ff02::1", "::1"}) {
    EXPECT_EQ(alice.permit({ip(text), 80}), 403) << text;
    EXPECT_EQ(alice.bind(0x4000, {ip(text), 80}), 403) << text;
  }
}

// PROTOCOL R12
TEST(TurnServerConfig, says_what_is_wrong_with_it) {
  const auto problem = [](auto change) {
    ServerConfig with = config();
    change(with);
    return with.problem().has_value();
  };
  EXPECT_FALSE(problem([](ServerConfig&) {}));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.listen.clear(); }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.listen[0].port = 0; }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.listen[1] = c.listen[0]; }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.relay_addresses.clear(); }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.relay_addresses[0] = IpAddress(); }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.first_relay_port = 1023; }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.last_relay_port = 40000; }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.realm.clear(); }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.users.push_back(c.users[0]); }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.users[0].name.clear(); }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.max_lifetime = 599s; }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.permission_lifetime = 0s; }));
  EXPECT_TRUE(problem([](ServerConfig& c) { c.max_port_attempts = 0; }));
}

}  // namespace
}  // namespace tickover::turn::bench
