#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/live/driver.h"

namespace tickover::sim::live {

/// Watches a TURN client that is told to close, for what its relay says to that: the client itself
/// is as quiet after silence, an ICMP error or a refusal as after the word that counts.
class Farewell final : public Observer {
 public:
  enum class Answer : std::uint8_t {
    not_asked,   // there was nothing to give back
    given_back,  // the relay has deleted the allocation
    unknown,     // it has none: 437
    refused,     // it says something else
    unanswered,
  };

  Answer answer() const { return answer_; }
  /// For people; empty if nothing was asked.
  std::string text() const;

  /// The client is about to be told to close, with an allocation or without.
  void begin(bool has_allocation);

  void given(const Driver&, const Input& input, Instant) override;
  void told(const Driver&, const Notice& notice, Instant) override;
  void drained(const Driver& driver, Instant) override;

 private:
  std::optional<Endpoint> last_heard_at_;  // the socket of the latest datagram
  std::optional<Endpoint> held_at_;        // the socket that the allocation belongs to
  bool has_begun_ = false;
  std::optional<Answer> heard_;  // by this change, unless the client does not believe it
  int heard_code_ = 0;
  Answer answer_ = Answer::not_asked;
  int code_ = 0;
};

/// As a machine reads it: "given back", "unknown", ...
std::string_view name(Farewell::Answer answer);

}  // namespace tickover::sim::live
