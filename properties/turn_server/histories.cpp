#include "properties/turn_server/allocating.h"
// RapidCheck wants gtest before it.
#include <rapidcheck/gtest.h>

// Random histories of everything that an Allocate or Refresh can ask for.
namespace tickover::turn::bench {
namespace {

/// One request or other happening, chosen by small numbers so that it shrinks well.
struct Step {
  enum Kind { allocate, refresh, remove, permit, bind, wait, refuse_sockets, lose_socket, kinds };
  int kind = 0;
  int who = 0;
  int what = 0;
  int copy = 0;  // 0: none; n: another copy comes n - 1 steps later

  friend std::ostream& operator<<(std::ostream& out, const Step& s) {
    static constexpr const char* names[] = {"allocate", "refresh", "remove",         "permit",
                                            "bind",     "wait",    "refuse sockets", "lose socket"};
    return out << names[s.kind] << "(" << s.who << ", " << s.what << ", copy " << s.copy << ")";
  }
};

rc::Gen<std::vector<Step>> any_history() {
  return rc::gen::container<std::vector<Step>>(
      rc::gen::build<Step>(rc::gen::set(&Step::kind, rc::gen::inRange<int>(0, Step::kinds)),
                           rc::gen::set(&Step::who, rc::gen::inRange(0, 4)),
                           rc::gen::set(&Step::what, rc::gen::inRange(0, 12)),
                           rc::gen::set(&Step::copy, rc::gen::inRange(0, 5))));
}

ServerConfig tight() {
  ServerConfig with = ports(50000, 50006);
  with.max_allocations_per_user = 3;
  with.max_reservations = 2;
  with.max_permissions = 3;
  with.max_channels = 3;
  with.max_port_attempts = 2;
  return with;
}

/// Four clients of two users; the network may double requests and bring the copies later.
class History {
 public:
  explicit History(ServerConfig with, bool doubles) : bench(std::move(with)), doubles_(doubles) {
    for (std::uint16_t i = 0; i < 4; ++i) {
      clients_.emplace_back(bench, Endpoint{alice_at.ip, static_cast<std::uint16_t>(40000 + i)},
                            i % 2 == 0 ? Credentials{} : bobs);
    }
  }

  Bench bench;

  void act(const Step& step) {
    // A copy of what installs something may come late, but not after the end of its allocation.
    if (step.kind == Step::wait) deliver_copies([](const Copy&) { return true; });
    if (step.kind == Step::remove) deliver_copies([](const Copy& copy) { return copy.installs; });
    happen(step);
    for (Copy& copy : copies_) --copy.steps;
    deliver_copies([](const Copy& copy) { return copy.steps <= 0; });
  }
  void end() {
    deliver_copies([](const Copy&) { return true; });
  }

 private:
  struct Copy {
    Client* from;
    Buffer request;
    Answer answer;  // to the first
    bool installs;
    int steps;
  };

  static Endpoint peer_of(int what) {
    return what % 2 == 0 ? peer : Endpoint{at("[2001:db8:5::5]:7000").ip, 7000};
  }
  static Fill of_family_or_all(int what, std::int64_t lifetime) {
    if (what % 3 == 0) return lasting(lifetime);
    return of_family(static_cast<std::uint8_t>(what % 3), lifetime);
  }
  Fill wish(const Step& step) const {
    switch (step.what % 6) {
      case 0:
        return over_udp;
      case 1:
        return requesting(v6);
      case 2:
        return adding(v6);
      case 3:
        return even_port(false);
      case 4:
        return even_port(true);
      default:
        return holding(token_);
    }
  }
  void happen(const Step& step) {
    const auto number = static_cast<std::uint16_t>(0x4000 + step.what % 4);
    switch (step.kind) {
      case Step::allocate:
        return ask(step, Method::allocate, wish(step));
      case Step::refresh:
        return ask(step, Method::refresh, of_family_or_all(step.what, step.what * 200 + 1));
      case Step::remove:
        return ask(step, Method::refresh, of_family_or_all(step.what, 0));
      case Step::permit:
        return ask(step, Method::create_permission,
                   to_peers({peer_of(step.what), peer_of(step.what / 2)}));
      case Step::bind:
        return ask(step, Method::channel_bind, channel(number, peer_of(step.what / 4)));
      case Step::wait:
        return bench.advance(waits[static_cast<std::size_t>(step.what)]);
      case Step::refuse_sockets:
        bench.refusals = step.what % 4;
        return;
      default:
        return lose_socket(step.what);
    }
  }
  void ask(const Step& step, Method method, const Fill& fill) {
    Client& client = clients_[static_cast<std::size_t>(step.who)];
    const Buffer request = client.request(method, fill);
    const Answer answer = client.answer_to(request);
    RC_ASSERT(!answer.silent());
    if (answer.code() == 438) return client.renew_nonce();
    if (answer.succeeded()) {
      if (const auto token = answer.view().reservation_token()) token_ = *token;
    }
    if (!doubles_ || step.copy == 0) return;
    const bool installs = method != Method::allocate && method != Method::refresh;
    // What was refused might be granted later: of that, only a copy that comes at once is one.
    copies_.push_back({&client, request, answer, installs, answer.succeeded() ? step.copy : 1});
  }
  template <class Which>
  void deliver_copies(Which&& which) {
    std::vector<Copy> due;
    for (const Copy& copy : copies_) {
      if (which(copy)) due.push_back(copy);
    }
    std::erase_if(copies_, which);
    for (const Copy& copy : due) {
      const Answer again = copy.from->answer_to(copy.request);
      if (!copy.answer.succeeded()) {
        RC_ASSERT(again.code() == copy.answer.code());
      } else if (again.succeeded()) {
        RC_ASSERT(again.sent->bytes == copy.answer.sent->bytes);
      } else {  // its allocation or the address of that family is gone
        RC_ASSERT(again.silent() || again.code() == 437 || again.code() == 443);
      }
    }
  }
  void lose_socket(int what) {
    const auto relays = bench.server.allocations();
    if (relays.empty()) return;
    const Endpoint lost = relays[static_cast<std::size_t>(what) % relays.size()].relayed.endpoint;
    bench.open.erase(lost);
    bench.input(SocketClosed{lost});
  }

  static constexpr Duration waits[] = {0s,   1s,   2s,   29s,  30s,   31s,
                                       299s, 300s, 301s, 600s, 1000s, 3600s};
  bool doubles_;
  std::vector<Client> clients_;
  std::vector<Copy> copies_;
  stun::ReservationToken token_{};
};

void check_tables(const Bench& bench) {
  const auto relays = bench.server.allocations();
  std::set<Endpoint> expected{relay_v4, relay_v6};
  std::map<std::string, std::set<FiveTuple>> held;
  std::set<std::pair<FiveTuple, AddressFamily>> families;
  for (const AllocationProbe& relay : relays) {
    expected.insert(relay.relayed.endpoint);
    held[relay.user].insert(relay.tuple);
    RC_ASSERT(families.insert({relay.tuple, relay.relayed.endpoint.family()}).second);
    for (const auto& permission : relay.permissions) {
      RC_ASSERT(permission.ip.family() == relay.relayed.endpoint.family());
    }
    for (const auto& bound : relay.channels) {
      RC_ASSERT(bound.peer.family() == relay.relayed.endpoint.family());
    }
  }
  for (const auto& [user, tuples] : held) RC_ASSERT(tuples.size() <= 3u);
  RC_ASSERT(bench.open == expected);
  RC_ASSERT(bench.server.ports_in_use() == relays.size() + bench.server.reservation_count());
  RC_ASSERT(!testing::Test::HasFailure());  // what every drain of the bench checks
}

// PROTOCOL AB10, U1, U2, U3, R11, R18; BUG D03(a), D03(b), D03(c), D19(a), D19(b), D19(c), D19(d)
RC_GTEST_PROP(TurnServerHistory, leaves_nothing_behind_whatever_was_asked_for, ()) {
  const auto history = *any_history();
  History play(tight(), false);
  for (const Step& step : history) {
    play.act(step);
    check_tables(play.bench);
  }
  play.bench.advance(2h);
  check_tables(play.bench);
  RC_ASSERT(play.bench.server.allocation_count() == 0u);
  RC_ASSERT(play.bench.server.reservation_count() == 0u);
  RC_ASSERT(play.bench.server.ports_in_use() == 0u);
  RC_ASSERT(!play.bench.server.poll_timeout());
  // The whole quota is there again, for each user.
  for (const Credentials& user : {Credentials{}, bobs}) {
    play.bench.refusals = 0;
    for (std::uint16_t port = 1; port <= 3; ++port) {
      const Client client(play.bench, {bob_at.ip, static_cast<std::uint16_t>(50000 + port)}, user);
      RC_ASSERT(client.ask(Method::allocate, over_udp).code() == 0);
      RC_ASSERT(client.ask(Method::refresh, port == 3 ? lasting(0) : nothing).code() == 0);
    }
    play.bench.advance(2h);
  }
}

// PROTOCOL T12, R15, W12, AB12; BUGS P14
RC_GTEST_PROP(TurnServerHistory, is_the_same_when_requests_come_twice_and_in_disorder, ()) {
  const auto history = *any_history();
  History once(tight(), false);
  History twice(tight(), true);
  for (const Step& step : history) {
    once.act(step);
    twice.act(step);
  }
  twice.end();
  RC_ASSERT(once.bench.server.allocations() == twice.bench.server.allocations());
  RC_ASSERT(once.bench.server.reservation_count() == twice.bench.server.reservation_count());
  RC_ASSERT(once.bench.server.ports_in_use() == twice.bench.server.ports_in_use());
  RC_ASSERT(once.bench.asked.size() == twice.bench.asked.size());
}

}  // namespace
}  // namespace tickover::turn::bench
