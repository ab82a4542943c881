#include "sim/live/echo.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/live/host.h"

namespace tickover::sim::live {

Echo::Echo(Driver& client, EchoOptions options, Random random)
    : client_(client), options_(std::move(options)), tag_(random.word()) {
  bytes_.resize(std::max(options_.size, EchoHeader::size));
  client_.observe(*this);
}

void Echo::later(std::function<void()> what) {
  Loop& loop = client_.loop();
  loop.call_at(loop.now(), [what = std::move(what), still = alive_] {
    if (*still) what();
  });
}

void Echo::told(const Driver&, const Notice& notice, Instant now) {
  switch (notice.kind) {
    case Notice::Kind::candidate_added:
      if (!relayed_ || notice.local.family() <= relayed_->family()) allocated(notice);
      break;
    case Notice::Kind::candidate_removed:
      if (notice.local != relayed_) break;
      relayed_.reset();
      is_ready_ = false;
      later([this] { tell_peer(); });
      break;
    case Notice::Kind::peer_ready:
      if (notice.remote != target_) break;
      is_ready_ = true;
      if (is_ticking_) break;
      is_ticking_ = true;
      tick_at_ = now;
      later([this] { tick(); });
      break;
    case Notice::Kind::peer_lost:
      if (notice.remote != target_) break;
      is_ready_ = false;
      // Refused, and not merely over.
      if (notice.number != 0) {
        later([this, peer = notice.remote, code = notice.number] { refused(peer, code); });
      }
      break;
    case Notice::Kind::received:
      heard(notice, now);
      break;
    case Notice::Kind::failed:
    case Notice::Kind::other:
      break;
  }
}

void Echo::allocated(const Notice& notice) {
  relayed_ = notice.local;
  if (options_.peer) {
    if (!target_) later([this] { reach(*options_.peer); });
    return;
  }
  if (peer_) return later([this] { tell_peer(); });
  // The relay sees the client at `seen`, and so it sees everybody on this side of a NAT.
  const IpAddress seen = notice.remote.ip;
  for (const IpAddress& ip : local_addresses()) {
    if (ip.family() == relayed_->family() && ip != seen) places_.push_back(ip);
  }
  if (seen.family() == relayed_->family()) places_.push_back(seen);
  later([this] { next_peer(); });
}

void Echo::refused(const Endpoint& peer, std::uint64_t code) {
  if (!options_.peer) return next_peer();
  no_peer_ = fmt::format("the relay refuses the peer {} ({})", peer.text(), code);
}

void Echo::next_peer() {
  if (ended_) return;
  if (places_.empty()) {
    no_peer_ = "the relay takes no address of this host as a peer: --peer names another";
    return;
  }
  if (!relayed_) return;
  const IpAddress place = places_.back();
  places_.pop_back();
  // Behind a NAT the relay sees an address that is not this host's.
  const auto here = local_addresses();
  const bool is_here = std::ranges::binary_search(here, place);
  const IpAddress local = is_here ? place : IpAddress::unspecified(place.family());
  peer_.emplace(client_.loop(), AnyMachine(EchoPeer({local, 0}, tag_)),
                DriverOptions{.name = "peer", .observers = options_.observers});
  peer_->start();
  begin(place);
}

void Echo::begin(const IpAddress& place) {
  const auto bound = peer_->get<EchoPeer>().local();
  if (peer_->counters().sockets_refused > 0) return next_peer();
  if (!bound) return later([this, place] { begin(place); });
  tell_peer();
  reach({place, bound->port});
}

void Echo::tell_peer() {
  if (!peer_ || ended_) return;
  peer_->change<EchoPeer>([this](EchoPeer& peer, Instant now) { peer.expect(relayed_, now); });
}

void Echo::reach(const Endpoint& target) {
  if (ended_) return;
  target_ = target;
  is_ready_ = false;
  if (client_.command(ReachCommand{target})) return;
  no_peer_ = fmt::format("no relayed address is of the family of {}", target.text());
}

void Echo::heard(const Notice& notice, Instant now) {
  const auto header = EchoHeader::read(notice.payload);
  if (!header || header->tag != tag_) return;
  if (header->number != EchoHeader::knock) {
    return meter_.came_back(header->number, header->sent_at, now);
  }
  // A NAT gave our peer another port than it has here.
  if (notice.remote != target_) later([this, from = notice.remote] { reach(from); });
}

void Echo::tick() {
  is_ticking_ = !ended_ && is_ready_;
  if (!is_ticking_) return;
  const Loop& loop = client_.loop();
  const Duration pause =
      Duration(std::chrono::seconds(1)) / static_cast<std::int64_t>(options_.rate);
  const Instant now = loop.now();
  // What was missed while the system slept is not made up for beyond a burst.
  if (now - tick_at_ > Duration(std::chrono::milliseconds(100))) tick_at_ = now;
  while (tick_at_ <= now && is_ready_) {
    EchoHeader{tag_, meter_.next(), now}.write(bytes_);
    if (client_.command(SendCommand{*target_, bytes_})) meter_.sent(now);
    tick_at_ += pause;
  }
  client_.loop().call_at(tick_at_, [this, still = alive_] {
    if (*still) tick();
  });
}

void Echo::end() {
  if (ended_) return;
  ended_ = true;
  meter_.end(client_.loop().now());
}

}  // namespace tickover::sim::live
