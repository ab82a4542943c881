#pragma once

#include "properties/live/recorder.h"
#include "sim/live/host.h"
#include "sim/roles/turn_client.h"
#include "sim/roles/turn_server.h"

// Our own client and relay on sockets of the loopback interface.
namespace tickover::sim::live {

/// Remembers what its machine told.
class Notices final : public Observer {
 public:
  void told(const Driver&, const Notice& notice, Instant) override {
    if (notice.kind == Notice::Kind::received) heard.emplace_back(as_text(notice.payload));
    if (notice.kind == Notice::Kind::candidate_added) relayed = notice.local;
    if (notice.kind == Notice::Kind::candidate_removed) relayed.reset();
    if (notice.kind == Notice::Kind::peer_ready) is_ready = true;
    if (notice.kind == Notice::Kind::failed) {
      ++failures;
      failure = notice.name;
    }
  }
  std::optional<Endpoint> relayed;
  bool is_ready = false;
  std::size_t failures = 0;
  std::string failure;  // the last one
  std::vector<std::string> heard;
};

/// Our relay at a port of the system's choice.
struct Relay {
  Relay(Loop& loop, const Endpoint& local) : driver(loop, AnyMachine(), {.name = "relay"}) {
    address = driver.reserve(local).value();
    turn::ServerConfig config{.listen = {address},
                              .relay_addresses = {address.ip},
                              .realm = "example.org",
                              .users = {{"alice", "s3cret"}, {"bob", "hunter2"}}};
    config.allow_private_peers = true;
    config.allow_own_addresses = true;
    driver.become(AnyMachine(TurnServer(config, secure_random(), loop.now())));
    driver.start();
  }
  const turn::Server& server() const { return driver.get<TurnServer>().server(); }
  Endpoint address;
  Driver driver;
};

struct Client {
  Client(Loop& loop, const Endpoint& relay, const turn::User& user)
      : driver(loop,
               AnyMachine(TurnClient({.server = {relay},
                                      .username = user.name,
                                      .password = user.password,
                                      .relay_family = relay.family()},
                                     true, secure_random(), loop.now())),
               {.name = user.name, .observers = {&notices}}) {
    driver.start();
  }
  bool send(const Endpoint& to, std::string_view text) {
    return driver.command(SendCommand{to, as_bytes(text)});
  }
  Notices notices;
  Driver driver;
};

}  // namespace tickover::sim::live
