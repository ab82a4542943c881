#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/ratio.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/oracle.h"
#include "sim/oracles/reference_rto.h"
#include "sim/oracles/turn_plan.h"
#include "sim/world/plan.h"
#include "sim/world/step.h"

namespace tickover::sim {

/// When the copies of a request are sent, counted from the first: a table written from DESIGN,
/// section 3 and RFC 8489, section 6.2.1, and from the host's settings, without the core's help.
class RetransmitTable {
 public:
  struct Point {
    Duration earliest;
    Duration latest;  // later than `earliest` only where there is jitter
  };
  explicit RetransmitTable(const Settings& settings);

  /// What the first interval may be where measured round trips decide on it; without that, all
  /// three are as configured.
  const ReferenceRto::Limits& first_interval() const { return limits_; }
  /// Works the table out anew for this first interval.
  void start_with(Duration first_interval);
  Duration first() const { return first_; }
  const std::vector<Point>& points() const { return points_; }
  /// When the request is given up at the latest; with jitter it may be before.
  Duration give_up() const { return give_up_.latest; }
  Duration earliest_give_up() const { return give_up_.earliest; }
  /// The most copies that fall into any span of this length.
  std::size_t most_within(Duration span) const;

 private:
  /// What the settings say, by the names that the scenario uses for it.
  struct Policy {
    Duration first = std::chrono::milliseconds(500);
    Ratio growth{2, 1};
    Duration cap = Duration::max();
    std::int64_t sends = 0;  // 0: no limit
    std::optional<Duration> last_wait;
    Duration max_elapsed = Duration::max();
    Ratio jitter{0, 1};
  };
  static Policy policy_of(const Settings& settings);

  Policy policy_;
  ReferenceRto::Limits limits_;
  Duration first_;
  std::vector<Point> points_;
  Point give_up_;
};

/// BUGS P4: each request is sent at the instants of its table and at no others, byte for byte the
/// same, until it is answered or something ends it. An answer that a client must not take (BUGS
/// P15), because nobody signed it or it comes from elsewhere, ends nothing.
class Retransmissions final : public Oracle {
 public:
  explicit Retransmissions(const Plan& plan);
  std::unique_ptr<Oracle> clone() const override {
    return std::make_unique<Retransmissions>(*this);
  }
  static bool is_client(const HostPlan& host);

  std::string_view id() const override { return "P4"; }
  std::string_view statement() const override {
    return "The copies of a request are identical and leave at the instants of its policy's table, "
           "never two at once, all of them unless an answer or an event ends it (BUGS P4; RFC "
           "8489, section 6.2.1), beginning with the RTO that the answers before it measured "
           "(PROTOCOL T5, T6)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  using Id = std::array<std::uint8_t, 12>;
  struct Request {
    Id id{};
    Endpoint local;
    Endpoint remote;
    std::uint16_t type = 0;
    bool is_bare = false;  // without credentials
    std::uint64_t content = 0;
    std::size_t size = 0;
    Instant start;                  // on the host's clock
    std::optional<Duration> first;  // interval, if it can be known
    Duration last_sent;             // since the start
    std::size_t next = 1;
    std::uint32_t copies = 1;
    bool answered = false;
    bool may_end = false;  // an answer that counts, or something else, may have ended it
    bool has_ended = false;
  };
  struct Host {
    std::vector<Request> requests;
    std::uint32_t client = no_index;  // no_index: none
    Duration slack;
  };
  struct Client {
    RetransmitTable table;  // for the first interval of the request last looked at
    ReferenceRto rto;
    bool has_credentials = false;
    Credentials credentials;
    bool trusts_the_path = false;      // it takes what nobody signed
    std::optional<std::string> realm;  // the only one that it trusts
    Duration soonest_give_up;          // with the shortest first interval there can be
    bool can_tell = true;              // when a copy left, from when it was due
    bool sampled_late = false;         // in this step, in which a timer was due as well
  };

  void note_endings(const Step& step, Host& host);
  void note_answer(const Step& step, Host& host);
  void note_round_trip(const Step& step, const StunGlance& answer, Host& host, Request& request);
  bool is_taken(const StunGlance& answer, Bytes bytes, const Client& client,
                const Request& request) const;
  bool is_signed(const StunGlance& answer, Bytes bytes, const Client& client) const;
  void check_send(const Step& step, const World& world, Host& host, const SentRecord& sent);
  void check_copy(const Step& step, const World& world, Host& host, Request& request);
  void add_request(const Step& step, Host& host, const SentRecord& sent, const StunGlance& message);
  void note_replacement(Host& host, const SentRecord& refresh);
  void check_silence(const Step& step, const World& world, Host& host);
  void check_silence(const Step& step, const World& world, const Host& host,
                     const Request& request);
  void check_give_up(const Step& step, const World& world, const Host& host);
  Duration due(const RetransmitTable& table, const Request& request) const;
  /// With the longest first interval where it is not known.
  const RetransmitTable& table_of(const Host& host, const Request& request);

  std::vector<Client> clients_;
  bool tampered_;  // some datagram of this run may have been forged, or changed on its way
  std::vector<std::string> realms_;  // of all relays
  std::vector<Host> hosts_;
};

}  // namespace tickover::sim
