#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/problem.h"
#include "sim/scenario/value.h"

namespace tickover::sim {

/// The names of one scenario: hosts, groups of hosts (NAME for NAME-1 .. NAME-count, or those that
/// say they belong to it) and NATs share one space, so that a name says one thing.
class Names {
 public:
  enum class Kind : std::uint8_t { host, group, nat };

  /// What a place in the file accepts.
  enum class Accept : std::uint8_t {
    one_host,      // a host, or a member of a group
    hosts,         // and a whole group
    hosts_or_nat,  // and a NAT
    ends,          // and "*", any other
    nat,           // a NAT alone
  };

  /// False after reporting a problem: a name that is taken, or no single word.
  bool add(std::string_view name, Kind kind, std::int64_t count, Place place, Problems& problems);

  /// A group that a host says it belongs to: the first of them makes it, the others join.
  void join(std::string_view group, Place place, Problems& problems);

  /// Whether the name stands for such a thing; reports it if not.
  bool expect(std::string_view name, Accept accept, Place place, Problems& problems) const;

  /// A group or "*": it can be linked to itself.
  bool is_several(std::string_view name) const;

  /// The group's name if it is a member of one, else the name.
  std::string_view without_member(std::string_view name) const;

 private:
  struct Entry {
    Kind kind = Kind::host;
    std::int64_t count = 1;  // 0: a group whose members have names of their own
    Place place;
  };

  bool is_member(std::string_view name) const { return without_member(name) != name; }
  std::vector<std::string> candidates(Accept accept) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace tickover::sim
