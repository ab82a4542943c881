#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/oracles/glance.h"
#include "sim/oracles/oracle.h"
#include "sim/oracles/turn_plan.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// Whether the digest of a STUN message is made with this password, by the naive code of
/// wire_decoder.h. Slow.
bool is_signed_by(const Credentials& user, std::string_view realm, Bytes message);

/// BUGS P15: bytes that nobody with the password signed change nothing, at the relay or at the
/// client. The digests are computed by the naive code of wire_decoder.h, from the passwords in the
/// scenario. They are slow: where the plan has neither forged nor corrupted datagrams nor wrong
/// passwords, a relay's requests are judged by sample.
class Authentication final : public Oracle {
 public:
  explicit Authentication(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override { return std::make_unique<Authentication>(*this); }

  std::string_view id() const override { return "P15"; }
  std::string_view statement() const override {
    return "Nothing is made, kept alive or ended at a relay, and nothing changes at a client, but "
           "by messages whose MESSAGE-INTEGRITY is made with the user's password (BUGS P15; RFC "
           "8489, section 9.2)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  struct Host {
    std::string realm;               // of a relay, or of a client's relay; empty: not judged
    std::vector<Credentials> users;  // that a relay accepts; of a client its own alone
    bool is_relay = false;
    HostIndex relay = no_index;  // of a client
    std::uint64_t seen = 0;      // requests that did something
  };

  static bool is_signed(const Host& host, Bytes message);
  void judge_relay(const Step& step, const World& world, Host& host);
  void judge_client(const Step& step, const World& world, const Host& host);

  std::vector<Host> hosts_;
  bool judges_all_ = false;
};

}  // namespace tickover::sim
