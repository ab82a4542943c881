#include "sim/live/connect.h"

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "core/stun/message_view.h"
#include "sim/live/connect_report.h"
#include "sim/live/echo.h"
#include "sim/live/farewell.h"
#include "sim/live/host.h"
#include "sim/live/judge.h"
#include "sim/live/log.h"
#include "sim/live/log_file.h"
#include "sim/live/places.h"
#include "sim/live/say.h"
#include "sim/live/secrets.h"
#include "sim/roles/roles.h"
#include "sim/roles/turn_client.h"

namespace tickover::sim::live {
namespace {

using Refusal = std::optional<std::string>;  // what is wrong, if anything is

constexpr Duration longest_farewell = std::chrono::seconds(5);  // for the last Refresh
constexpr Duration last_answers = std::chrono::seconds(1);      // for echoes that are on their way

/// "turn:host:port" (RFC 7065) or "host:port", the host in brackets if it is an IPv6 address.
Refusal settle_server(const ConnectRequest& request, turn::ClientConfig& config) {
  std::string text = request.server;
  if (text.starts_with("turns:")) return "turns: needs TLS, which is not spoken here";
  if (text.starts_with("turn:")) text = text.substr(5);
  const std::size_t query = text.find('?');
  if (query != text.npos) {
    if (text.substr(query) != "?transport=udp") return "only ?transport=udp is spoken here";
    text.resize(query);
  }
  if (const auto place = parse_place(text, stun_port)) {
    config.server = {*place};
  } else {
    const std::size_t colon = text.rfind(':');
    const std::string host = text.substr(0, colon);
    const auto port = colon == text.npos ? std::expected<std::uint16_t, std::string>(stun_port)
                                         : parse_port(text.substr(colon + 1));
    if (!port || host.empty()) return "expected turn:HOST[:PORT], found " + request.server;
    auto found = resolve(host, *port);
    if (!found) return found.error();
    config.server = std::move(*found);
  }
  if (request.over != 0) {
    const auto wanted = request.over == 1 ? AddressFamily::ipv4 : AddressFamily::ipv6;
    std::erase_if(config.server, [&](const Endpoint& e) { return e.family() != wanted; });
    if (config.server.empty()) return "the relay has no address of the family that --over asks for";
  }
  if (config.server.front().port == 0) return "the relay's port is missing";
  return {};
}

Refusal settle_password(const ConnectRequest& request, turn::ClientConfig& config) {
  if (config.username.empty()) return "--user NAME is missing";
  if (!request.password_file.empty()) {
    auto secret = read_secret(request.password_file);
    if (!secret) return secret.error();
    config.password = std::move(*secret);
  } else if (!request.password.empty()) {
    config.password = request.password;
  } else if (const char* variable = std::getenv("TICKOVER_PASSWORD")) {
    config.password = variable;
  }
  if (config.password.empty()) {
    return "no password: give --password-file FILE, or set TICKOVER_PASSWORD";
  }
  return {};
}

Refusal settle_times(Duration lasting, const turn::ClientConfig& config) {
  for (const Duration each :
       {lasting, config.keep_alive, config.channel_refresh, config.permission_refresh,
        config.first_pause, config.longest_pause, config.longest_rto}) {
    if (each <= Duration{}) return "times must be longer than nothing";
  }
  return {};
}

Refusal settle_peer(const ConnectRequest& request, EchoOptions& echo) {
  if (request.peer.empty()) return {};
  const auto peer = parse_place(request.peer, 0);
  if (!peer || peer->port == 0) return "--peer: expected ADDR:PORT, found " + request.peer;
  const std::size_t family = peer->family() == AddressFamily::ipv6 ? 1 : 0;
  if (request.family != 2 && request.family != family) {
    return fmt::format("--peer: no IPv{} address, as --family asks for, reaches {}",
                       request.family == 0 ? 4 : 6, request.peer);
  }
  echo.peer = *peer;
  return {};
}

/// One session with a relay, from the first socket to the last word.
class ConnectRun final : public Observer {
 public:
  ConnectRun(const ConnectRequest& request, const RoleRegistry& registry)
      : request_(request), registry_(registry) {}

  Refusal prepare() {
    turn::ClientConfig config = request_.config;
    if (auto refusal = settle_server(request_, config)) return refusal;
    if (auto refusal = settle_password(request_, config)) return refusal;
    if (auto refusal = settle_times(request_.lasting, config)) return refusal;
    if (!request_.realm.empty()) config.expected_realm = request_.realm;
    config.relay_family = request_.family == 1 ? AddressFamily::ipv6 : AddressFamily::ipv4;
    config.additional_ipv6 = request_.family == 2;
    EchoOptions echo{.size = request_.size, .rate = request_.rate};
    if (auto refusal = settle_peer(request_, echo)) return refusal;
    auto network =
        lay_network(driver_, request_.network, {"turn-client", "turn-server", {}}, registry_);
    if (!network) return network.error();
    network_ = std::move(*network);
    const auto least = static_cast<Weight>(request_.log_level);
    if (auto refusal = log_file_.open(request_.log, least, driver_)) return refusal;
    if (LiveLog* const log = log_file_.log()) {
      if (network_) log->name_as(*network_->passage, driver_);
      echo.observers = {log};
    }
    driver_.observe(farewell_);
    driver_.observe(*this);
    if (request_.judge) {
      driver_.observe(judge_.emplace("turn-client", std::vector<Endpoint>{}, registry_));
    }
    if (request_.echo || echo.peer) echo_.emplace(driver_, std::move(echo), secure_random());
    const bool uses_channels = request_.use == 0;
    driver_.become(
        AnyMachine(TurnClient(std::move(config), uses_channels, secure_random(), loop_.now())));
    return {};
  }

  int run() {
    loop_.call_on_signals({SIGINT, SIGTERM}, [this](int) { ++signals_; });
    log_file_.keep_fresh(loop_);
    driver_.start();
    loop_.run_until([this] { return signals_ > 0 || is_hopeless_ || has_no_reader_; },
                    request_.lasting);
    finish();
    say(stdout, request_.json ? report_.json() + '\n' : report_.text());
    if (!log_file_.finish("tickover connect")) return 2;
    return judge_ && !say_verdict(*judge_, request_.json) ? 1 : report_.exit_code();
  }

  void given(const Driver&, const Input& input, Instant) override {
    const auto* datagram = std::get_if<Datagram>(&input);
    if (datagram == nullptr) return;
    const auto message = stun::MessageView::decode(datagram->payload);
    if (!message) return;
    if (message->message_class() == stun::Class::success &&
        message->method() == stun::Method::refresh && !is_closing_) {
      ++report_.refreshes;
      const auto lifetime = message->lifetime();
      tell_of(lifetime ? "refreshed, for " + short_text(*lifetime) : "refreshed");
    }
    const auto error = message->error();
    if (message->message_class() == stun::Class::error && error && error->code == 438) {
      ++report_.stale_nonces;
      tell_of("the nonce turned over");
    }
  }

  void told(const Driver&, const Notice& notice, Instant) override {
    using Kind = Notice::Kind;
    switch (notice.kind) {
      case Kind::candidate_added:
        allocated(notice);
        break;
      case Kind::candidate_removed:
        if (is_closing_) break;
        if (notice.local != report_.additional) ++report_.losses;
        tell_of(fmt::format("lost {}: {}", notice.local.text(), notice.name));
        break;
      case Kind::failed:
        ++report_.failures;
        report_.last_failure = notice.name;
        tell_of(tell(notice, "client").message);
        // Nothing will be otherwise until somebody changes what was asked for.
        if (report_.allocations == 0 && needs_another_config(notice.name)) is_hopeless_ = true;
        break;
      case Kind::received:
        break;
      default:
        if (!is_closing_) tell_of(tell(notice, "client").message);
    }
  }

 private:
  static bool needs_another_config(std::string_view why) {
    using enum turn::AttemptFailure;
    constexpr turn::AttemptFailure reasons[] = {credentials_refused, bid_down,
                                                no_common_algorithm, name_not_hidden,
                                                redirected_in_vain,  refused};
    return std::ranges::any_of(reasons, [&](auto each) { return turn::name(each) == why; });
  }

  const turn::Client& client() const { return driver_.get<TurnClient>().client(); }

  /// Of one allocation there may be two: the second is of the other family.
  void allocated(const Notice& notice) {
    const auto held = client().allocation();
    if (held && held->additional && held->additional->endpoint == notice.local) {
      report_.additional = notice.local;
      return tell_of("and with it " + notice.local.text());
    }
    report_.relayed = notice.local;
    report_.additional.reset();
    ++report_.allocations;
    tell_of(fmt::format("{} {}, seen as {}",
                        report_.allocations > 1 ? "allocated again:" : "allocated",
                        notice.local.text(), notice.remote.text()));
  }

  /// Waits for the last echoes, gives the allocation back, and counts.
  void finish() {
    if (echo_) {
      echo_->end();
      loop_.run_until([this] { return echo_->meter().missing() == 0 || signals_ > 1; },
                      last_answers);
    }
    report_.ran = loop_.now() - Instant();
    is_closing_ = true;
    farewell_.begin(client().allocation().has_value());
    driver_.command(CloseCommand{});
    loop_.run_until([this] { return driver_.is_idle() || signals_ > 1; }, longest_farewell);
    report_.farewell = farewell_.answer();
    report_.held = report_.farewell == Farewell::Answer::given_back;
    if (report_.farewell != Farewell::Answer::not_asked) tell_of(farewell_.text());
    report_.echoes = echo_.has_value();
    if (echo_) report_.echo = echo_->meter();
    if (echo_) report_.no_peer = echo_->no_peer();
    report_.unused = client().counters();
    report_.sockets = driver_.counters();
    driver_.stop();
    if (network_) network_->complain();
  }

  /// As it happens. Where nobody reads it any more, the session ends as at a signal.
  void tell_of(const std::string& what) {
    if (request_.json) return;
    const std::int64_t ms = (loop_.now() - Instant()) / Duration(std::chrono::milliseconds(1));
    const bool was_told = say(stdout, fmt::format("{:>6}.{:03}  {}\n", ms / 1000, ms % 1000, what));
    has_no_reader_ = has_no_reader_ || !was_told;
  }

  const ConnectRequest& request_;
  const RoleRegistry& registry_;
  std::optional<LiveNetwork> network_;
  LogFile log_file_;
  Farewell farewell_;
  ConnectReport report_;
  int signals_ = 0;
  bool is_hopeless_ = false;
  bool is_closing_ = false;
  bool has_no_reader_ = false;
  std::optional<Judge> judge_;
  Loop loop_;
  Driver driver_{loop_, AnyMachine(), {.name = "client"}};
  std::optional<Echo> echo_;
};

}  // namespace

int connect_verb(const ConnectRequest& request, const RoleRegistry& registry) {
  return run_live("tickover connect", [&] {
    ConnectRun run(request, registry);
    if (const auto refusal = run.prepare()) {
      say(stderr, fmt::format("tickover connect: {}\n", *refusal));
      return 2;
    }
    return run.run();
  });
}

}  // namespace tickover::sim::live
