#pragma once

#include <array>
#include <vector>

#include "core/ratio.h"
#include "sim/oracles/glance.h"
#include "sim/oracles/oracle.h"
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

  const std::vector<Point>& points() const { return points_; }
  /// When the request is given up at the latest; with jitter it may be before.
  Duration give_up() const { return give_up_.latest; }
  Duration earliest_give_up() const { return give_up_.earliest; }
  /// The most copies that fall into any span of this length.
  std::size_t most_within(Duration span) const;

 private:
  std::vector<Point> points_;
  Point give_up_;
};

/// BUGS P4: each request is sent at the instants of its table and at no others, byte for byte the
/// same, until it is answered or something ends it.
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
           "8489, section 6.2.1)";
  }
  void observe(const Step& step, const World& world) override;

 private:
  using Id = std::array<std::uint8_t, 12>;
  struct Request {
    Id id{};
    Endpoint remote;
    std::uint64_t content = 0;
    std::size_t size = 0;
    Instant start;       // on the host's clock
    Duration last_sent;  // since the start
    std::size_t next = 1;
    std::uint32_t copies = 1;
    bool may_end = false;  // it was answered, or something else may have ended it
  };
  struct Host {
    std::vector<Request> requests;
    std::uint32_t table = no_index;  // no_index: not a client
    Duration slack;
  };

  void note_endings(const Step& step, Host& host);
  void note_answer(const Step& step, Host& host);
  void check_send(const Step& step, const World& world, Host& host, const SentRecord& sent);
  void check_silence(const Step& step, const World& world, Host& host);
  void check_silence(const Step& step, const World& world, const Host& host,
                     const Request& request);
  void check_give_up(const Step& step, const World& world, const Host& host);
  Duration due(const Host& host, const Request& request) const;

  std::vector<RetransmitTable> tables_;
  std::vector<Host> hosts_;
};

}  // namespace tickover::sim
