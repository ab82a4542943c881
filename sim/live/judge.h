#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/live/observer.h"
#include "sim/role.h"
#include "sim/world/world.h"

namespace tickover::sim::live {

/// The oracles of simulated runs that need to see one host only, over a live machine: honest
/// deadlines (P1), well-formed datagrams (wire), and answers to what was asked (P14). Whatever they
/// read of a world stands still here: it has one host, with the name and the role of this one.
class Judge final : public Observer {
 public:
  /// `role` is "turn-server" or "turn-client"; `fronts` are where a server is asked, of all its
  /// sockets. `registry` must outlive it.
  Judge(std::string_view role, std::vector<Endpoint> fronts, const RoleRegistry& registry);

  /// Empty if nothing was broken; or else the first breach, as `tickover run` says it.
  std::string complaint() const;
  /// "1234 judgements by 3 oracles".
  std::string text() const;

  void given(const Driver& driver, const Input& input, Instant now) override;
  void woken(const Driver& driver, const Timeout& timeout, Instant now) override;
  void commanded(const Driver& driver, const Command& command, bool accepted, Instant now) override;
  void sent(const Driver& driver, const Send& send, Bytes bytes, const Fate& fate,
            SendResult result, Instant now) override;
  void told(const Driver& driver, const Notice& notice, Instant now) override;
  void drained(const Driver& driver, Instant now) override;

 private:
  Endpoint as_planned(const Endpoint& local) const;

  std::vector<Endpoint> fronts_;
  World world_;
  Oracles oracles_;
  Step step_;
  std::vector<std::uint8_t> arrived_;
};

/// At the end of a program: on stdout, or on stderr where stdout is for JSON. False: one was
/// broken.
bool say_verdict(const Judge& judge, bool on_stderr);

}  // namespace tickover::sim::live
