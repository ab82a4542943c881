#include "properties/turn_server/bench.h"
// RapidCheck wants gtest before it.
#include <rapidcheck/gtest.h>

namespace tickover::turn::bench {
namespace {

/// One thing that happens to a server, chosen by small numbers so that it shrinks well.
struct Action {
  enum Kind {
    allocate,
    refresh,
    remove,
    permit,
    bind,
    send,
    channel_data,
    from_peer,
    repeat,
    forge,
    junk,
    wait,
    refuse_sockets,
    kinds
  };
  int kind = 0;
  int who = 0;  // which client, or which allocation
  int what = 0;

  friend std::ostream& operator<<(std::ostream& out, const Action& a) {
    static constexpr const char* names[] = {
        "allocate",  "refresh", "remove", "permit", "bind", "send",          "channel data",
        "from peer", "repeat",  "forge",  "junk",   "wait", "refuse sockets"};
    return out << names[a.kind] << "(" << a.who << ", " << a.what << ")";
  }
};

rc::Gen<Action> any_action() {
  return rc::gen::build<Action>(
      rc::gen::set(&Action::kind, rc::gen::inRange<int>(0, Action::kinds)),
      rc::gen::set(&Action::who, rc::gen::inRange(0, 6)),
      rc::gen::set(&Action::what, rc::gen::inRange(0, 12)));
}
rc::Gen<std::vector<Action>> any_history() {
  return rc::gen::container<std::vector<Action>>(any_action());
}

ServerConfig tight() {
  ServerConfig with = config();
  with.last_relay_port = static_cast<std::uint16_t>(with.first_relay_port + 4);
  with.max_allocations_per_user = 3;
  with.max_permissions = 3;
  with.max_channels = 3;
  with.max_port_attempts = 2;
  return with;
}

/// Six clients of two users before one server, whose clients share neither state nor channels.
class Play {
 public:
  explicit Play(Instant start = seconds(1000)) : bench(tight(), start) {
    for (int i = 0; i < 6; ++i) {
      const Endpoint from{IpAddress::v4({198, 51, 100, 7}), static_cast<std::uint16_t>(40000 + i)};
      clients_.emplace_back(bench, from, i % 2 == 0 ? Credentials{} : bobs);
    }
  }

  Bench bench;

  void act(const Action& action) {
    Client& client = clients_[static_cast<std::size_t>(action.who)];
    const auto number = static_cast<std::uint16_t>(0x4000 + action.what % 5);
    switch (action.kind) {
      case Action::allocate:
        ask(client, Method::allocate, over_udp);
        break;
      case Action::refresh:
        ask(client, Method::refresh, lasting(action.what * 200 + 1));
        break;
      case Action::remove:
        ask(client, Method::refresh, lasting(0));
        break;
      case Action::permit:
        ask(client, Method::create_permission, to_peers({peer_of(action), peer_of({0, 0, 1})}));
        break;
      case Action::bind:
        ask(client, Method::channel_bind, channel(number, peer_of(action)));
        break;
      case Action::send:
        client.send(peer_of(action), "hello");
        break;
      case Action::channel_data:
        client.send(number, "hello");
        break;
      case Action::from_peer:
        from_peer(action);
        break;
      case Action::repeat:
        if (!last_.empty()) last_asker_->answer_to(last_);
        break;
      case Action::forge:
        forge(client, action);
        break;
      case Action::junk:
        client.answer_to(Buffer(static_cast<std::size_t>(action.what), 0x40));
        break;
      case Action::wait:
        bench.advance(waits[static_cast<std::size_t>(action.what)]);
        break;
      default:
        bench.refusals = action.what % 4;
        break;
    }
  }

 private:
  static constexpr Duration waits[] = {0s,   1s,   2s,   30s,  100s,  200s,
                                       299s, 300s, 301s, 600s, 1000s, 3600s};

  Endpoint peer_of(const Action& action) const {
    return {IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(1 + action.what % 4)}), 7000};
  }
  void ask(Client& client, Method method, const Fill& fill) {
    last_ = client.request(method, fill);
    last_asker_ = &client;
    if (client.answer_to(last_).code() == 438) client.renew_nonce();
  }
  void from_peer(const Action& action) {
    const auto allocations = bench.server.allocations();
    if (allocations.empty()) return;
    const auto& one = allocations[static_cast<std::size_t>(action.who) % allocations.size()];
    for (const Sent& sent : bench.datagram(peer_of(action), one.relayed.endpoint, as_bytes("x"))) {
      RC_ASSERT(sent.send.remote == one.tuple.client.endpoint);
    }
  }
  /// A request with one bit flipped changes no table (BUGS P15).
  void forge(const Client& client, const Action& action) {
    const auto before = bench.server.allocations();
    const std::size_t ports = bench.server.ports_in_use();
    Buffer request = client.request(Method::refresh, lasting(action.what % 2));
    const std::size_t bit = static_cast<std::size_t>(action.what) * 97 % (request.size() * 8);
    request[bit / 8] = static_cast<std::uint8_t>(request[bit / 8] ^ 1u << bit % 8);
    client.answer_to(request);
    RC_ASSERT(bench.server.allocations() == before);
    RC_ASSERT(bench.server.ports_in_use() == ports);
  }

  std::vector<Client> clients_;
  Buffer last_;
  const Client* last_asker_ = nullptr;
};

void check_tables(const Bench& bench) {
  const auto allocations = bench.server.allocations();
  std::set<Endpoint> expected{relay_v4, relay_v6};
  std::map<std::string, std::size_t> held;
  for (const AllocationProbe& allocation : allocations) {
    expected.insert(allocation.relayed.endpoint);
    RC_ASSERT(++held[allocation.user] <= tight().max_allocations_per_user);
    RC_ASSERT(allocation.expiry > bench.now);
    RC_ASSERT(allocation.expiry <= bench.now + tight().max_lifetime);
    RC_ASSERT(allocation.permissions.size() <= tight().max_permissions);
    RC_ASSERT(allocation.channels.size() <= tight().max_channels);
    for (const auto& permission : allocation.permissions) {
      RC_ASSERT(permission.expiry > bench.now);
      RC_ASSERT(permission.expiry <= bench.now + 300s);
    }
    for (const auto& bound : allocation.channels) {
      RC_ASSERT(bound.expiry > bench.now);
      RC_ASSERT(bound.expiry <= bench.now + 600s);
    }
  }
  RC_ASSERT(bench.open == expected);
  RC_ASSERT(bench.server.ports_in_use() == allocations.size());
  RC_ASSERT(!testing::Test::HasFailure());  // what every drain of the bench checks
}

// BUG D03, D19(a), D19(b); BUGS P12, P13, P15, P16
RC_GTEST_PROP(TurnServer, keeps_its_tables_in_step_and_leaves_nothing_behind, ()) {
  const auto history = *any_history();
  Play play;
  for (const Action& action : history) {
    play.act(action);
    check_tables(play.bench);
  }
  play.bench.advance(2h);
  check_tables(play.bench);
  RC_ASSERT(play.bench.server.allocation_count() == 0u);
  RC_ASSERT(play.bench.server.ports_in_use() == 0u);
  RC_ASSERT(!play.bench.server.poll_timeout());
}

// BUGS P2, P3
RC_GTEST_PROP(TurnServer, does_the_same_however_often_it_is_woken, ()) {
  const auto history = *any_history();
  Play lazy;
  Play woken;
  for (const Action& action : history) {
    lazy.act(action);
    for (int i = 0; i < 3; ++i) woken.bench.server.handle_timeout(woken.bench.now);
    woken.act(action);
    RC_ASSERT(lazy.bench.events == woken.bench.events);
    RC_ASSERT(lazy.bench.sent == woken.bench.sent);
    RC_ASSERT(lazy.bench.server == woken.bench.server);
  }
}

// BUGS P20
RC_GTEST_PROP(TurnServer, behaves_alike_at_every_origin_of_time, ()) {
  const auto history = *any_history();
  const auto origin = *rc::gen::arbitrary<std::int32_t>();
  Play here;
  Play there(seconds(origin));
  for (const Action& action : history) {
    here.act(action);
    there.act(action);
    RC_ASSERT(here.bench.server.counters() == there.bench.server.counters());
    RC_ASSERT(here.bench.open == there.bench.open);
  }
}

RC_GTEST_PROP(TurnServer, continues_a_copy_as_it_continues_itself, ()) {
  const auto history = *any_history();
  Play play;
  for (const Action& action : history) play.act(action);
  Server copy = play.bench.server;
  RC_ASSERT(copy == play.bench.server);
  const Instant later = play.bench.now + 5000s;
  play.bench.now = later;
  play.bench.input(AddressesChanged{});
  Buffer buffer(max_datagram_size);
  copy.handle_input(AddressesChanged{}, later);
  while (copy.poll_transmit(buffer)) {
  }
  while (copy.poll_event()) {
  }
  RC_ASSERT(copy == play.bench.server);
}

// PROTOCOL T9; BUGS P15, P19
RC_GTEST_PROP(TurnServer, survives_any_bytes, (const std::vector<std::uint8_t>& bytes, bool stun)) {
  Play play;
  play.act({Action::allocate, 0, 0});
  play.act({Action::permit, 0, 1});
  const auto before = play.bench.server.allocations();
  Buffer datagram = bytes;
  if (stun) {  // a header that decodes, with bytes of any meaning behind it
    Buffer header{0x00, 0x03, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 0, 0,
                  0,    0,    0,    0,    0,    0,    0,    0,    0, 0};
    datagram.resize(datagram.size() / 4 * 4);
    header[2] = static_cast<std::uint8_t>(datagram.size() >> 8);
    header[3] = static_cast<std::uint8_t>(datagram.size() & 0xff);
    datagram.insert(datagram.begin(), header.begin(), header.end());
  }
  play.bench.datagram(alice_at, relay_v4, datagram);
  play.bench.datagram({before.at(0).tuple.client.endpoint}, relay_v4, datagram);
  RC_ASSERT(play.bench.server.allocations() == before);
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace tickover::turn::bench
