#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sim/world/plan.h"

namespace tickover::sim {

/// Turns a scenario and a seed into a plan, step by step. Each draw is keyed by the seed and by the
/// name of what is drawn ("host alice/nat.timeout"), so no setting moves another one's draw.
class PlanBuilder {
 public:
  PlanBuilder(Scenario scenario, std::uint64_t seed, const RoleRegistry& registry);
  std::expected<std::shared_ptr<const Plan>, PlanError> build();

 private:
  void add_nats();
  void add_host_group(const HostSpec& spec);
  void add_host(const HostSpec& spec, std::int64_t member);
  std::uint32_t add_nat(const NatSpec& spec, const std::string& name);
  /// The index of that [[nat]]; nothing for an empty name.
  std::optional<std::uint32_t> nat_called(const std::string& name, const std::string& whose,
                                          Place place);
  void add_nodes_and_owners();
  void add_names_behind_nat64();
  std::optional<std::uint32_t> nat64_of(HostIndex host) const;
  void check_roles();
  void add_links();
  void add_eavesdroppers();
  void add_link(const LinkSpec& spec, NodeIndex a, NodeIndex b);
  void add_flows();
  void add_faults();
  void own(std::optional<std::uint32_t> realm, const IpAddress& ip, NodeIndex node);
  /// The address, and where it is not translated that of every NAT outwards.
  void own_outwards(std::optional<std::uint32_t> realm, const IpAddress& ip, NodeIndex node);
  void add_fault_time(FaultPlan& fault, const FaultSpec& spec, const std::string& path);
  /// Those that act on hosts and NATs.
  void add_host_fault(FaultPlan& fault, const FaultSpec& spec, const FaultAction& action,
                      const std::string& path);
  std::uint32_t nat_of(const std::string& name, Place place);
  /// What befalls one host or its NAT, for each member of the group that it names.
  std::vector<FaultAction> for_each_member(const FaultAction& action) const;
  void add_fault(const FaultSpec& spec, const FaultAction& action, std::size_t number);
  void add_name(FaultPlan& fault);
  void check_message(const PacketMatch& match, Place place);
  void add_heal();

  /// The next free address from `first` on that nobody in the network behind that NAT has written.
  IpAddress given_address(const IpAddress& first, std::uint32_t& next,
                          const std::string& behind) const;
  std::vector<IpAddress> addresses_for(const HostSpec& spec, std::int64_t member);
  std::vector<NodeIndex> link_ends(const std::string& name, Place place);
  std::vector<std::uint32_t> directions_between(const std::string& from, const std::string& to,
                                                Place place);
  std::vector<std::uint32_t> both_directions(const std::string& a, const std::string& b,
                                             Place place);
  std::string outer_hint(const std::string& name) const;
  std::vector<HostIndex> behind(std::uint32_t nat) const;
  HostIndex one_host(const std::string& name, Place place);
  /// The same with everything drawn that is drawn once per run.
  LinkConditions drawn(LinkConditions written, const std::string& path) const;
  Settings drawn(const Settings& written, const std::string& path) const;
  std::uint64_t word(std::string_view path) const;
  void fail(Place place, std::string what);

  std::shared_ptr<Plan> plan_;
  const RoleRegistry& registry_;
  std::optional<PlanError> error_;
  std::uint32_t next_public_ = 0;
  std::uint32_t next_private_ = 0;
};

}  // namespace tickover::sim
