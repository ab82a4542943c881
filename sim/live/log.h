#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/live/impairment.h"
#include "sim/live/observer.h"
#include "sim/network/packet_id.h"
#include "sim/report/story.h"

namespace tickover::sim::live {

/// Writes what live machines do as JSON Lines, in the form in which a simulated run is written:
/// `time` (here of the wall clock), `severity`, `message`, `step` (each host's own count), `kind`
/// and `host`.
class LiveLog final : public Observer {
 public:
  /// Does not own the file. Lines that weigh less than `least` are left out.
  explicit LiveLog(std::FILE* file, Weight least = Weight::trace) : file_(file), least_(least) {}
  ~LiveLog() override { flush(); }
  LiveLog(const LiveLog&) = delete;
  LiveLog& operator=(const LiveLog&) = delete;

  void given(const Driver& driver, const Input& input, Instant now) override;
  void woken(const Driver& driver, const Timeout& timeout, Instant now) override;
  void commanded(const Driver& driver, const Command& command, bool accepted, Instant now) override;
  void sent(const Driver& driver, const Send& send, Bytes payload, const Fate& fate,
            SendResult result, Instant now) override;
  void lost(const Driver& driver, const Datagram& datagram, const Fate& fate, Instant now) override;
  void arrived(const Driver& driver, const Datagram& datagram, const Fate& fate,
               Instant now) override;
  void told(const Driver& driver, const Notice& notice, Instant now) override;
  /// From now on the datagrams of `driver`, whose passage is `network`, and their far ends have the
  /// names of a scenario, as a simulated run says them. Both outlive the log.
  void name_as(const Impairment& network, const Driver& driver) {
    network_ = &network;
    named_ = &driver;
  }
  /// A line that no machine tells.
  void note(Weight weight, std::string_view message);

  /// False once something could not be written.
  bool flush();

 private:
  /// The datagrams between one host and one remote endpoint, each way.
  struct Conversation {
    PacketNames out;
    PacketNames in;
  };
  static constexpr std::size_t most_conversations = 1'024;

  /// A datagram with a scenario's name that the network has let pass, until the machine has it.
  struct Coming {
    std::uint64_t digest = 0;  // as it was sent
    bool is_bent = false;
    std::uint8_t copies = 0;  // that are still to come
    bool is_again = false;    // one has come
    PacketId id;
  };
  static constexpr std::size_t most_coming = 1'024;

  bool wants(Weight weight) const { return weight >= least_; }
  void see_arrival(const Driver& driver, const Datagram& datagram);
  bool has_names(const Driver& driver) const { return named_ == &driver; }
  Conversation& conversation(const Driver& driver, const Endpoint& remote);
  /// Null: it is not the machine that the line is about.
  void write(const Driver* driver, StoryLine line, std::string_view kind);

  std::FILE* file_;
  Weight least_;
  std::string_view kind_ = "start";  // of the change that is under way
  std::map<std::pair<const Driver*, Endpoint>, Conversation> conversations_;
  const Impairment* network_ = nullptr;
  const Driver* named_ = nullptr;
  std::vector<Coming> coming_;
  std::string buffer_;
  bool ok_ = true;
};

}  // namespace tickover::sim::live
