#include "sim/live/log.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/live/driver.h"
#include "sim/live/host.h"
#include "sim/report/fate_words.h"
#include "sim/report/json.h"
#include "sim/world/digest.h"
#include "sim/world/host_clock.h"

namespace tickover::sim::live {
namespace {

constexpr std::size_t flush_at = 64 * 1024;

std::string packet_name(const Driver& driver, const PacketId& id) {
  std::string text = fmt::format("{} {}", driver.machine().kind_name(id.kind), id.transaction);
  if (id.copy > 1) text += fmt::format(", copy {}", id.copy);
  return text;
}

std::string_view kind_of(const Input& input) {
  struct {
    std::string_view operator()(const Datagram&) const { return "delivery"; }
    std::string_view operator()(const IcmpError&) const { return "icmp"; }
    std::string_view operator()(const SendRefused&) const { return "socket"; }
    std::string_view operator()(const SocketOpened&) const { return "socket"; }
    std::string_view operator()(const SocketRefused&) const { return "socket"; }
    std::string_view operator()(const SocketClosed&) const { return "socket"; }
    std::string_view operator()(const AddressesChanged&) const { return "host"; }
    std::string_view operator()(const WallClock&) const { return "host"; }
  } words;
  return std::visit(words, input);
}

/// What the system told, but for datagrams, whose names have a memory.
StoryLine input_line(const std::string& host, const Input& input) {
  struct {
    const std::string& host;
    StoryLine operator()(const Datagram&) const { return {}; }
    StoryLine operator()(const IcmpError& e) const {
      return {Weight::warning,
              fmt::format("{} hears by ICMP (type {}, code {}) that {} > {} failed", host, e.type,
                          e.code, e.local.text(), e.remote.text())};
    }
    StoryLine operator()(const SendRefused& e) const {
      return {Weight::warning, fmt::format("{} cannot send ({} > {}): the system refuses", host,
                                           e.local.text(), e.remote.text())};
    }
    StoryLine operator()(const SocketOpened& e) const {
      return {Weight::trace, fmt::format("{} has a socket at {}", host, e.local.text())};
    }
    StoryLine operator()(const SocketRefused&) const {
      return {Weight::warning, fmt::format("{} gets no socket: the system refuses", host)};
    }
    StoryLine operator()(const SocketClosed& e) const {
      return {Weight::warning, fmt::format("{} lost its socket at {}", host, e.local.text())};
    }
    StoryLine operator()(const AddressesChanged& e) const {
      std::string all;
      for (const IpAddress& ip : e.addresses) all += (all.empty() ? "" : ", ") + ip.text();
      return {Weight::info, fmt::format("{} has the addresses {}", host, all)};
    }
    StoryLine operator()(const WallClock&) const {
      return {Weight::trace, fmt::format("{} is told the date", host)};
    }
  } words{host};
  return std::visit(words, input);
}

}  // namespace

LiveLog::Conversation& LiveLog::conversation(const Driver& driver, const Endpoint& remote) {
  const auto key = std::pair(&driver, remote);
  // Whoever sends from ever new ports does not fill our memory; counts begin anew instead.
  if (conversations_.size() >= most_conversations && !conversations_.contains(key)) {
    conversations_.clear();
  }
  return conversations_[key];
}

void LiveLog::given(const Driver& driver, const Input& input, Instant) {
  kind_ = kind_of(input);
  const auto* datagram = std::get_if<Datagram>(&input);
  if (datagram == nullptr) {
    const StoryLine line = input_line(driver.name(), input);
    if (wants(line.weight)) write(&driver, line, kind_);
    return;
  }
  if (!wants(Weight::trace)) return;
  if (has_names(driver)) return see_arrival(driver, *datagram);
  Conversation& names = conversation(driver, datagram->remote);
  const PacketId id = names.in.name(0, driver.machine().label(datagram->payload), names.out);
  write(&driver,
        {Weight::trace,
         fmt::format("{} gets {} from {} ({} bytes)", driver.name(), packet_name(driver, id),
                     datagram->remote.text(), datagram->payload.size())},
        kind_);
}

void LiveLog::woken(const Driver& driver, const Timeout& timeout, Instant) {
  kind_ = "timer";
  if (!wants(Weight::trace)) return;
  write(&driver, {Weight::trace, fmt::format("{} wakes: {}", driver.name(), timeout.reason)},
        kind_);
}

void LiveLog::commanded(const Driver& driver, const Command& command, bool accepted, Instant) {
  kind_ = "command";
  if (!wants(Weight::trace)) return;
  const std::string& host = driver.name();
  std::string text;
  if (const auto* send = std::get_if<SendCommand>(&command)) {
    text = fmt::format("the application at {} sends {} bytes to {}: {}", host, send->payload.size(),
                       send->to.text(), accepted ? "accepted" : "not yet possible");
  } else if (const auto* reach = std::get_if<ReachCommand>(&command)) {
    text = fmt::format("{} is told to expect {}", host, reach->peer.text());
  } else {
    text = fmt::format("{} is told to end", host);
  }
  write(&driver, {Weight::trace, std::move(text)}, kind_);
}

void LiveLog::sent(const Driver& driver, const Send& send, Bytes payload, const Fate& fate,
                   SendResult result, Instant) {
  const bool is_lost = fate.dropped != DropReason::none;
  const bool is_bad = is_lost || fate.is_bent() || result == SendResult::too_big;
  const Weight weight = is_bad ? Weight::warning : Weight::trace;
  if (!wants(weight) || (result == SendResult::refused && !is_lost)) return;
  std::string packet = "datagram";
  std::string target = send.remote.text();
  if (!has_names(driver)) {
    Conversation& names = conversation(driver, send.remote);
    packet = packet_name(driver, names.out.name(0, driver.machine().label(payload), names.in));
  } else if (const PacketId* id = network_->last()) {
    packet = packet_name(driver, *id);
    target = network_->plan().to_name(id->direction);
  }
  write(&driver,
        {weight,
         fmt::format("{} sends {} to {} ({} bytes, {} > {}){}{}", driver.name(), packet, target,
                     send.size, send.local.text(), send.remote.text(), fate_words(fate),
                     result == SendResult::too_big ? ": too long for the path" : "")},
        kind_);
}

/// The far end's line, as it stands in a simulated run.
void LiveLog::arrived(const Driver& driver, const Datagram& datagram, const Fate& fate, Instant) {
  const PacketId* id = has_names(driver) ? network_->last() : nullptr;
  if (id == nullptr) return;
  const bool is_lost = fate.dropped != DropReason::none;
  const bool is_bad = is_lost || fate.is_bent();
  const Weight weight = is_bad ? Weight::warning : Weight::trace;
  const Plan& plan = network_->plan();
  if (wants(weight)) {
    write(&driver,
          {weight, fmt::format("{} sends {} to {} ({} bytes, {} > {}){}",
                               plan.from_name(id->direction), packet_name(driver, *id),
                               plan.to_name(id->direction), datagram.payload.size(),
                               datagram.remote.text(), datagram.local.text(), fate_words(fate))},
          "far");
  }
  if (is_lost || !wants(Weight::trace)) return;
  if (coming_.size() >= most_coming) coming_.erase(coming_.begin());
  coming_.push_back({.digest = Digest::of(datagram.payload),
                     .is_bent = fate.is_bent(),
                     .copies = fate.copies,
                     .id = *id});
}

void LiveLog::see_arrival(const Driver& driver, const Datagram& datagram) {
  const std::uint64_t digest = Digest::of(datagram.payload);
  auto at = std::ranges::find_if(
      coming_, [&](const Coming& each) { return !each.is_bent && each.digest == digest; });
  if (at == coming_.end()) at = std::ranges::find(coming_, true, &Coming::is_bent);
  std::string packet = "datagram";
  std::string source = datagram.remote.text();
  if (at != coming_.end()) {
    packet = packet_name(driver, at->id) + (at->is_again ? " again" : "");
    source = network_->plan().from_name(at->id.direction);
    at->is_again = true;
    if (--at->copies == 0) coming_.erase(at);
  }
  write(&driver, {Weight::trace, fmt::format("{} gets {} from {}", driver.name(), packet, source)},
        kind_);
}

void LiveLog::lost(const Driver& driver, const Datagram& datagram, const Fate& fate, Instant) {
  const bool is_told = has_names(driver) && fate.dropped != DropReason::none;
  if (!wants(Weight::warning) || is_told) return;
  Conversation& names = conversation(driver, datagram.remote);
  const PacketId id = names.in.name(0, driver.machine().label(datagram.payload), names.out);
  write(&driver,
        {Weight::warning,
         fmt::format("{} from {} to {} does not arrive ({})", packet_name(driver, id),
                     datagram.remote.text(), driver.name(), name_of(fate.dropped))},
        "delivery");
}

void LiveLog::told(const Driver& driver, const Notice& notice, Instant) {
  if (notice.kind == Notice::Kind::received && !wants(Weight::trace)) return;
  StoryLine line = tell(notice, driver.name());
  if (wants(line.weight)) write(&driver, std::move(line), kind_);
}

void LiveLog::note(Weight weight, std::string_view message) {
  if (wants(weight)) write(nullptr, {weight, std::string(message)}, "note");
}

void LiveLog::write(const Driver* driver, StoryLine line, std::string_view kind) {
  const Duration since_epoch = wall_now().since_epoch();
  const std::string time = rfc3339_text(Instant::at(since_epoch - HostClock::epoch));
  JsonWriter json(buffer_);
  json.begin_object()
      .member("time", std::string_view(time))
      .member("severity", sim::name_of(line.weight))
      .member("message", std::string_view(line.message));
  if (driver != nullptr) json.member("step", driver->changes());
  json.member("kind", kind);
  if (driver != nullptr) json.member("host", std::string_view(driver->name()));
  json.end_object();
  buffer_ += '\n';
  // Who follows a live log wants to see at once what matters.
  if (line.weight != Weight::trace || buffer_.size() >= flush_at) flush();
}

bool LiveLog::flush() {
  ok_ = ok_ && std::fwrite(buffer_.data(), 1, buffer_.size(), file_) == buffer_.size() &&
        std::fflush(file_) == 0;
  buffer_.clear();
  return ok_;
}

}  // namespace tickover::sim::live
