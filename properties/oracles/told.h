#pragma once

#include <vector>

#include "properties/oracles/hand_made.h"

namespace tickover::sim {

inline const Notice gained = {
    .kind = Notice::Kind::candidate_added, .name = "added", .local = at("192.0.2.9:50000")};
inline const Notice lost = {
    .kind = Notice::Kind::candidate_removed, .name = "removed", .local = at("192.0.2.9:50000")};
inline const Notice nothing = {.name = "nothing"};

/// What a host tells at some time of a run.
struct Told {
  Duration when;
  HostIndex host = 0;
  Notice notice = gained;
  StepKind kind = StepKind::delivery;
};

inline void tell(Show& show, const std::vector<Told>& story) {
  for (const Told& told : story) {
    Step step = show.step(told.when, told.kind, told.host);
    step.notices = {told.notice};
    show(step);
  }
}

}  // namespace tickover::sim
