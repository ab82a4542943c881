// Conditions of links, in words.
#include <fmt/core.h>

#include "sim/report/explain_words.h"
#include "sim/scenario/presets.h"

namespace tickover::sim {
namespace {

/// One condition after the other; each knows what was written, and perhaps what was drawn of it.
class ConditionWords {
 public:
  ConditionWords(const LinkConditions& written, const LinkConditions& drawn,
                 const Conditions* inner)
      : w_(written), d_(drawn), inner_(inner) {}

  std::vector<std::string> write() {
    delays();
    losses();
    memories();
    bends();
    rates();
    return std::move(words_);
  }

 private:
  void say(std::string words) { words_.push_back(std::move(words)); }

  /// Of what stands in `w_` under that name.
  template <class T>
  std::string value(std::optional<Range<T>> LinkConditions::* member) const {
    return drawn_text(*(w_.*member), (d_.*member).value_or(*(w_.*member)));
  }
  template <class T>
  std::string inside(const Range<T>& written, const T& drawn) const {
    return drawn_text(written, inner_ ? Range<T>(drawn) : written);
  }
  const Conditions& inner() const {
    static const Conditions none;
    return inner_ ? *inner_ : none;
  }

  void delays() {
    if (w_.latency) say("takes " + value(&LinkConditions::latency));
    if (!w_.percentiles.empty()) {
      std::string points;
      for (const LatencyPoint& point : w_.percentiles) {
        points += fmt::format("{}{} for {} %", points.empty() ? "" : ", ",
                              duration_text(point.latency), point.percent);
      }
      say("takes at most " + points + " of the packets");
    }
    if (w_.jitter && w_.jitter->high > Duration{}) {
      const Duration low = w_.jitter->is_fixed() ? Duration{} : w_.jitter->low;
      say(fmt::format("{} to {} more for each packet", duration_text(low),
                      duration_text(w_.jitter->high)));
    }
    if (w_.wander) {
      say(fmt::format("wanders by {} more, turning every {}", range_text(w_.wander->by),
                      inside(w_.wander->every, inner().wander.every)));
    }
    if (w_.reorder) {
      const auto late = w_.reorder_delay.value_or(
          Range<Duration>(Conditions{}.reorder_low, Conditions{}.reorder_high));
      say(fmt::format("lets {} be overtaken, {} late", value(&LinkConditions::reorder),
                      range_text(late)));
    }
  }

  void losses() {
    if (w_.loss) say("loses " + value(&LinkConditions::loss));
    if (w_.burst_loss) {
      const BurstLossSpec& burst = *w_.burst_loss;
      say(fmt::format("is good for {} and bad for {} on average: loses {} then, {} else",
                      inside(burst.good, inner().burst_loss.good),
                      inside(burst.bad, inner().burst_loss.bad),
                      inside(burst.loss_bad, inner().burst_loss.loss_bad),
                      inside(burst.loss_good, inner().burst_loss.loss_good)));
    }
  }

  void memories() {
    if (w_.bursts) {
      say(fmt::format("lets nothing pass for {} once in each {}", range_text(w_.bursts->length),
                      inside(w_.bursts->every, inner().bursts.every)));
    }
    if (w_.flap) {
      say(fmt::format("is up for {} and down for {}, again and again",
                      inside(w_.flap->up, inner().flap.up),
                      inside(w_.flap->down, inner().flap.down)));
    }
    if (w_.trace) {
      say(fmt::format("follows a recording of {} values, {} each", w_.trace->values.size(),
                      duration_text(w_.trace->step)));
    }
  }

  void bends() {
    if (w_.corrupt) say("flips a bit of " + value(&LinkConditions::corrupt));
    if (w_.truncate) say("cuts " + value(&LinkConditions::truncate) + " short");
    if (!w_.duplicate) return;
    std::string more = w_.copies ? fmt::format(", {} more each", range_text(*w_.copies)) : "";
    if (w_.copy_spacing) more += fmt::format(", {} apart", range_text(*w_.copy_spacing));
    say("doubles " + value(&LinkConditions::duplicate) + more);
  }

  void rates() {
    if (w_.bandwidth) {
      const Range<std::int64_t> rate = d_.bandwidth.value_or(*w_.bandwidth);
      std::string words = "carries " + rate_range_text(rate) + " a second";
      if (!w_.bandwidth->is_fixed()) {
        words +=
            rate.is_fixed() ? " (of " + rate_range_text(*w_.bandwidth) + ")" : " (each its own)";
      }
      say(std::move(words));
    }
    if (w_.queue_packets) {
      say("queues up to " + value(&LinkConditions::queue_packets) + " packets");
    }
    if (w_.queue_bytes) {
      say("queues up to " + value(&LinkConditions::queue_bytes) + " bytes");
    }
    if (w_.codel) {
      say(fmt::format("drops when packets have waited longer than {} for {} (CoDel)",
                      inside(w_.codel->target, inner().codel.target),
                      inside(w_.codel->interval, inner().codel.interval)));
    }
    if (w_.ecn_above) {
      say("marks what waits longer than " + value(&LinkConditions::ecn_above));
    }
    if (w_.mtu) say("has an MTU of " + value(&LinkConditions::mtu));
  }

  const LinkConditions& w_;
  const LinkConditions& d_;
  const Conditions* inner_;
  std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> condition_words(const LinkConditions& written, const LinkConditions& drawn,
                                         const Conditions* inner) {
  std::vector<std::string> words = ConditionWords(written, drawn, inner).write();
  for (const std::string& name : preset_names()) {
    if (written == preset_conditions(name)) words.insert(words.begin(), "like " + name);
  }
  return words;
}

std::string and_list(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace tickover::sim
