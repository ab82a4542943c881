#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace tickover::sim {

/// Lines of a sequence diagram in which every host has a column. Whoever has none is named in the
/// line.
class Diagram {
 public:
  /// Columns of `width` characters, at least eight more than the widest name.
  Diagram(const std::vector<std::string>& hosts, std::size_t width)
      : hosts_(hosts), width_(width) {}

  std::string header() const;
  std::string note(Instant time, const std::string& host, const std::string& text) const;
  /// `remark` stands behind the arrow: "lost", "arrives at 1.2 s".
  std::string arrow(Instant time, const std::string& from, const std::string& to,
                    const std::string& what, bool is_lost, const std::string& remark) const;

 private:
  std::size_t column(std::size_t index) const;
  std::size_t index_of(const std::string& host) const;
  std::string lifelines(Instant time) const;

  std::vector<std::string> hosts_;
  std::size_t width_;
};

}  // namespace tickover::sim
