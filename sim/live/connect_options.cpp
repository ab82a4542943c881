#include "core/bytes.h"
#include "sim/live/connect.h"
#include "sim/live/echo_peer.h"

namespace tickover::sim::live {

OptionList connect_options(ConnectRequest& request) {
  turn::ClientConfig& config = request.config;
  constexpr std::uint64_t longest = max_datagram_size - 100;  // with what a Send indication adds
  OptionList options;
  options.required("SERVER", "", "turn:HOST[:PORT], or HOST[:PORT]", request.server);
  options.group("Credentials")
      .text("--user", "NAME", "the user's name", config.username)
      .text("--password-file", "FILE", "its first line is the password", request.password_file)
      .text("--password", "TEXT", "for tests: others on this host can see it", request.password)
      .text("--realm", "TEXT", "the only one to trust (any)", request.realm)
      .flag("--hide-username", "wants a relay that takes USERHASH", config.hide_username)
      .flag("--accept-unsigned-errors", "believes unsigned 437 and 441, as coturn sends them",
            config.accept_unsigned_errors)
      .flag("--follow-unsigned-redirect", "follows an unsigned 300, as coturn sends it",
            config.follow_unsigned_redirect);
  options.group("What to do")
      .duration("--for", "then give the allocation back (until a signal)", request.lasting)
      .flag("--echo", "send numbered datagrams through the relay and count what comes back",
            request.echo)
      .text("--peer", "ADDR:PORT", "send them there, to somebody who echoes (a peer of its own)",
            request.peer)
      .choice("--use", {"channels", "permissions"},
              "ChannelData, or Send and Data indications (channels)", request.use)
      .count("--size", "bytes of each datagram (100)", request.size, EchoHeader::size, longest)
      .count("--rate", "datagrams a second (10)", request.rate, 1, 100'000);
  options.group("Addresses")
      .choice("--over", {"any", "ipv4", "ipv6"}, "how to reach the relay (any)", request.over)
      .choice("--family", {"ipv4", "ipv6", "both"}, "of the relayed address (ipv4)",
              request.family);
  options.group("Times")
      .duration("--lifetime", "to ask for (left to the relay)", config.requested_lifetime)
      .duration("--keep-alive", "longest silence before a Refresh (25s)", config.keep_alive)
      .duration("--channel-refresh", "from one ChannelBind to the next (2min)",
                config.channel_refresh)
      .duration("--permission-refresh", "from one CreatePermission to the next (2min)",
                config.permission_refresh)
      .duration("--first-pause", "before a second attempt (1s)", config.first_pause)
      .duration("--longest-pause", "the pause doubles up to this (1min)", config.longest_pause)
      .duration("--longest-rto", "that measured round trips lead to", config.longest_rto);
  options.group("Messages")
      .flag("--fingerprint", "requests carry FINGERPRINT", config.fingerprint)
      .text("--software", "TEXT", "SOFTWARE of the requests (none)", config.software);
  add_network_options(options, request.network);
  options.group("Output")
      .text("--log", "FILE", "write a log as JSON Lines; - is stderr", request.log)
      .choice("--log-level", {"trace", "info", "warning", "error"},
              "the least that is logged (trace)", request.log_level)
      .flag("--judge", "watch by the oracles of `run` that need one host: P1, P14, wire",
            request.judge)
      .flag("--json", "only the result, as JSON", request.json);
  return options;
}

}  // namespace tickover::sim::live
