#include "sim/live/relay.h"

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "sim/live/host.h"
#include "sim/live/judge.h"
#include "sim/live/log.h"
#include "sim/live/log_file.h"
#include "sim/live/places.h"
#include "sim/live/relay_summary.h"
#include "sim/live/say.h"
#include "sim/live/secrets.h"
#include "sim/live/socket.h"
#include "sim/report/json.h"
#include "sim/roles/roles.h"
#include "sim/roles/turn_server.h"

namespace tickover::sim::live {
namespace {

using Refusal = std::optional<std::string>;  // what is wrong, if anything is

/// Binds what is to be listened on, so that every port is known and free before anything starts.
Refusal listen(const RelayRequest& request, Driver& driver, turn::ServerConfig& config) {
  const bool by_default = request.listen.empty();
  const std::vector<std::string> usual = {"127.0.0.1", "::1"};
  const std::vector<IpAddress> here = local_addresses();
  for (const std::string& text : by_default ? usual : request.listen) {
    const auto place = parse_place(text, stun_port);
    if (!place) return "--listen: " + place.error();
    // An answer must come from where the request went, so each address has a socket of its own.
    std::vector<Endpoint> wanted = {*place};
    if (place->ip.is_unspecified()) {
      wanted.clear();
      for (const IpAddress& ip : here) {
        if (ip.family() == place->family()) wanted.push_back({ip, place->port});
      }
      if (wanted.empty()) return "--listen " + text + ": the host has no such address";
    }
    for (const Endpoint& each : wanted) {
      const auto bound = driver.reserve(each);
      const bool is_missing = !bound && bound.error() != EADDRINUSE && bound.error() != EACCES;
      if (is_missing && by_default && each.family() == AddressFamily::ipv6) continue;
      if (!bound) {
        return fmt::format("cannot listen on {}: {}", each.text(), std::strerror(bound.error()));
      }
      config.listen.push_back(*bound);
    }
  }
  return {};
}

Refusal settle_addresses(const RelayRequest& request, turn::ServerConfig& config) {
  for (const std::string& text : request.relay_addresses) {
    const auto ip = IpAddress::parse(text);
    if (!ip) return fmt::format("--relay-address: \"{}\" is no IP address", text);
    config.relay_addresses.push_back(*ip);
  }
  if (config.relay_addresses.empty()) {
    for (const Endpoint& each : config.listen) {
      if (std::ranges::count(config.relay_addresses, each.ip) == 0) {
        config.relay_addresses.push_back(each.ip);
      }
    }
  }
  if (!request.ports.empty()) {
    const auto ports = parse_ports(request.ports);
    if (!ports) return "--ports: " + ports.error();
    std::tie(config.first_relay_port, config.last_relay_port) = *ports;
  }
  for (const std::string& text : request.alternate_servers) {
    const auto place = parse_place(text, stun_port);
    if (!place) return "--alternate-server: " + place.error();
    config.alternate_server.push_back(*place);
  }
  return {};
}

/// Whether the system lets allocations be there at all.
Refusal try_relay_addresses(const turn::ServerConfig& config) {
  for (const IpAddress& ip : config.relay_addresses) {
    const auto socket = UdpSocket::open({ip, 0});
    if (!socket) {
      return fmt::format("cannot relay at {}: {}", ip.text(), std::strerror(socket.error()));
    }
  }
  return {};
}

Refusal settle_credentials(const RelayRequest& request, turn::ServerConfig& config) {
  if (request.users_file.empty() && request.rest_secret_file.empty()) {
    return "nobody could use it: give --users FILE or --rest-secret FILE";
  }
  if (!request.users_file.empty()) {
    auto users = read_users(request.users_file);
    if (!users) return users.error();
    config.users = std::move(*users);
  }
  if (!request.rest_secret_file.empty()) {
    auto secret = read_secret(request.rest_secret_file);
    if (!secret) return secret.error();
    config.rest_secret = std::move(*secret);
  }
  if (!request.password_algorithms.empty()) config.password_algorithms.clear();
  for (const std::string& name : request.password_algorithms) {
    if (name != "sha-256" && name != "md5") {
      return "--password-algorithm: expected sha-256 or md5, found \"" + name + "\"";
    }
    config.password_algorithms.push_back(name == "md5" ? stun::PasswordAlgorithm::md5
                                                       : stun::PasswordAlgorithm::sha256);
  }
  return {};
}

/// One run of the relay, from the first socket to the last word.
class RelayRun final : public Observer {
 public:
  RelayRun(const RelayRequest& request, const RoleRegistry& registry)
      : request_(request), registry_(registry) {}

  Refusal prepare() {
    turn::ServerConfig config = request_.config;
    if (auto refusal = listen(request_, driver_, config)) return refusal;
    if (auto refusal = settle_addresses(request_, config)) return refusal;
    if (auto refusal = settle_credentials(request_, config)) return refusal;
    if (auto refusal = config.problem()) return refusal;
    if (auto refusal = try_relay_addresses(config)) return refusal;
    auto network = lay_network(driver_, request_.network,
                               {"turn-server", "turn-client", config.listen}, registry_);
    if (!network) return network.error();
    network_ = std::move(*network);
    const auto least = static_cast<Weight>(request_.log_level);
    if (auto refusal = log_file_.open(request_.log, least, driver_)) return refusal;
    if (network_ && log_file_.log()) log_file_.log()->name_as(*network_->passage, driver_);
    driver_.observe(*this);
    if (request_.judge) driver_.observe(judge_.emplace("turn-server", config.listen, registry_));
    driver_.become(AnyMachine(TurnServer(std::move(config), secure_random(), loop_.now())));
    return {};
  }

  int run() {
    loop_.call_on_signals({SIGINT, SIGTERM, SIGHUP}, [this](int signal) { signalled(signal); });
    log_file_.keep_fresh(loop_);
    driver_.start();
    loop_.run_until([this] { return is_over(); });
    summary_.ran = loop_.now() - Instant();
    summary_.left = server().allocation_count();
    summary_.server = server().counters();
    summary_.sockets = driver_.counters();
    driver_.stop();
    if (network_) network_->complain();
    say(stdout, request_.json ? summary_.json() + "\n" : summary_.text());
    if (!log_file_.finish("tickover relay")) return 2;
    return judge_ && !say_verdict(*judge_, request_.json) ? 1 : 0;
  }

  bool sees_datagrams() const override { return false; }
  void told(const Driver&, const Notice& notice, Instant) override {
    if (notice.name == turn::name(turn::ServerEvent::Kind::listening)) {
      if (request_.json) {
        std::string line;
        JsonWriter(line).begin_object().member("listening", notice.local.text()).end_object();
        say(stdout, line + "\n");
      } else {
        say(stdout, fmt::format("listening on {}\n", notice.local.text()));
      }
    }
    if (notice.name == turn::name(turn::ServerEvent::Kind::allocation_created)) {
      ++summary_.allocations;
    }
  }

 private:
  const turn::Server& server() const { return driver_.get<TurnServer>().server(); }

  void signalled(int signal) {
    if (signal == SIGHUP) return read_users_again();
    if (ends_at_) {
      ends_at_ = loop_.now();  // the second one waits for nobody
      return;
    }
    ends_at_ = loop_.now() + request_.drain;
    driver_.change<TurnServer>(
        [](TurnServer& machine, Instant) { machine.server().stop_allocating(); });
    loop_.call_at(*ends_at_, [] {});  // wakes the loop
  }

  bool is_over() const {
    const bool is_empty = server().allocation_count() == 0;
    if (ends_at_) return is_empty || loop_.now() >= *ends_at_;
    return request_.once && summary_.allocations > 0 && is_empty;
  }

  void read_users_again() {
    if (request_.users_file.empty()) return tell("there is no --users file to read again");
    const auto users = read_users(request_.users_file);
    if (!users) return tell(users.error() + "; the users stay as they are");
    driver_.change<TurnServer>(
        [&](TurnServer& machine, Instant now) { CHECK(machine.server().set_users(*users, now)); });
    tell(fmt::format("{}: {} users from now on", request_.users_file, users->size()));
  }

  void tell(std::string_view what) {
    say(stderr, fmt::format("tickover relay: {}\n", what));
    if (LiveLog* const log = log_file_.log()) log->note(Weight::info, what);
  }

  const RelayRequest& request_;
  const RoleRegistry& registry_;
  std::optional<LiveNetwork> network_;
  LogFile log_file_;
  RelaySummary summary_;
  std::optional<Instant> ends_at_;
  std::optional<Judge> judge_;
  Loop loop_;
  Driver driver_{loop_, AnyMachine(), {.name = "relay"}};
};

}  // namespace

int relay_verb(const RelayRequest& request, const RoleRegistry& registry) {
  allow_many_sockets();
  return run_live("tickover relay", [&] {
    RelayRun run(request, registry);
    if (const auto refusal = run.prepare()) {
      say(stderr, fmt::format("tickover relay: {}\n", *refusal));
      return 2;
    }
    return run.run();
  });
}

}  // namespace tickover::sim::live
