#include "core/stun/binding_client.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/icmp.h"
#include "core/stun/message_writer.h"

namespace tickover::stun {
namespace {

/// Header and FINGERPRINT.
constexpr std::size_t max_request_size = header_size + 8;

/// RFC 8489, section 6.3.3: an answer with a comprehension-required attribute that the client does
/// not know must not be used. Credentials are known, and mean nothing to a client without any.
bool is_known(AttributeType type) {
  switch (type) {
    case AttributeType::mapped_address:
    case AttributeType::username:
    case AttributeType::message_integrity:
    case AttributeType::error_code:
    case AttributeType::unknown_attributes:
    case AttributeType::realm:
    case AttributeType::nonce:
    case AttributeType::message_integrity_sha256:
    case AttributeType::password_algorithm:
    case AttributeType::userhash:
    case AttributeType::xor_mapped_address:
      return true;
    default:
      return !is_comprehension_required(type);
  }
}

bool is_understood(const MessageView& response) {
  bool all_known = true;
  response.for_each([&](const Attribute& a) { all_known = all_known && is_known(a.type); });
  return all_known;
}

}  // namespace

std::string_view text(BindingFailure why) {
  switch (why) {
    case BindingFailure::timed_out:
      return "timed out";
    case BindingFailure::refused:
      return "refused";
    case BindingFailure::unreachable:
      return "unreachable";
    case BindingFailure::unusable_answer:
      return "unusable answer";
    case BindingFailure::no_socket:
      return "no socket";
  }
  return "unknown failure";
}

std::string_view text(BindingClient::Timer timer) {
  switch (timer) {
    case BindingClient::Timer::retransmission:
      return "Binding retransmission";
    case BindingClient::Timer::transaction_expiry:
      return "Binding transaction expiry";
    case BindingClient::Timer::refused_send:
      return "refused send";
    case BindingClient::Timer::next_query:
      return "next Binding query";
    case BindingClient::Timer::next_socket:
      return "next attempt to open a socket";
  }
  return "unknown timer";
}

BindingClient::BindingClient(const BindingConfig& config, Random random)
    : config_(config), random_(random) {
  CHECK(config.query_interval > Duration());
  CHECK(config.longest_rto > Duration());
  CHECK(config.refused_send_interval > Duration());
  open_socket();
}

std::optional<Duration> BindingClient::round_trip(Instant now) const {
  const auto estimate = round_trips_.find(config_.server.ip, now);
  return estimate ? estimate->smoothed() : std::nullopt;
}

void BindingClient::handle_input(const Input& input, Instant now) {
  std::visit([&](const auto& alternative) { handle(alternative, now); }, input);
  // After the input, so that an answer that a late driver brings along with the expiry counts.
  expire(now);
}

void BindingClient::handle_timeout(Instant now) {
  expire(now);
}

void BindingClient::handle(const Datagram& datagram, Instant now) {
  const auto view = MessageView::decode(datagram.payload);
  const bool is_answer =
      view && view->method() == Method::binding &&
      (view->message_class() == Class::success || view->message_class() == Class::error);
  if (is_answer && transaction_ &&
      transaction_->is_answered_by(view->id(), datagram.local, datagram.remote)) {
    answer(*view, now);
  } else {
    ++ignored_;
  }
}

void BindingClient::handle(const IcmpError& error, Instant now) {
  if (concerns_query(error.local, error.remote) && is_hard(error)) {
    fail(BindingFailure::unreachable, 0, now);
  } else {
    ++ignored_;
  }
}

void BindingClient::handle(const SendRefused& refused, Instant now) {
  // Nothing left the host, so waiting for an answer is in vain (BUGS C15).
  if (concerns_query(refused.local, refused.remote)) {
    resend_at_ = now + config_.refused_send_interval;
  } else {
    ++ignored_;
  }
}

void BindingClient::handle(const SocketOpened& opened, Instant now) {
  if (!is_opening_ || opened.request != socket_request_) {
    ++ignored_;
    return;
  }
  is_opening_ = false;
  socket_ = opened.local;
  query(now);
}

void BindingClient::handle(const SocketRefused& refused, Instant now) {
  if (!is_opening_ || refused.request != socket_request_) {
    ++ignored_;
    return;
  }
  is_opening_ = false;
  fail(BindingFailure::no_socket, 0, now);
}

void BindingClient::handle(const SocketClosed& closed, Instant now) {
  if (closed.local != socket_) {
    ++ignored_;
    return;
  }
  socket_.reset();
  fail(BindingFailure::no_socket, 0, now);
  open_socket();
}

void BindingClient::handle(const AddressesChanged& changed, Instant now) {
  const bool is_first = !addresses_.has_value();
  if (addresses_ == changed.addresses) return;
  addresses_ = changed.addresses;
  // We have moved, so what the server saw is likely to be history. An open query asks just that.
  if (!is_first && next_query_at_) next_query_at_ = now;
}

void BindingClient::open_socket() {
  is_opening_ = true;
  next_query_at_.reset();
  transmits_.open({++socket_request_, {IpAddress::unspecified(config_.server.family()), 0}});
}

void BindingClient::query(Instant now) {
  next_query_at_.reset();
  const auto id = TransactionId::draw(random_);
  std::array<std::uint8_t, max_request_size> buffer;
  MessageWriter writer(buffer, {Method::binding, Class::request}, id);
  if (config_.fingerprint) writer.add_fingerprint();
  CHECK(writer.ok());
  const Bytes request = writer.bytes();
  spare_.assign(request.begin(), request.end());
  const auto policy =
      config_.measure_round_trip
          ? round_trips_.policy(config_.backoff, config_.longest_rto, config_.server.ip, now)
          : config_.backoff;
  transaction_.emplace(id, *socket_, config_.server, std::exchange(spare_, {}), policy, now);
  send_copy(now);
}

void BindingClient::send_copy(Instant now) {
  resend_at_.reset();
  round_trips_.asked(transaction_->server().ip, now);
  transmits_.send({.local = transaction_->local(), .remote = transaction_->server()},
                  transaction_->request());
}

void BindingClient::answer(const MessageView& response, Instant now) {
  if (const auto measured = transaction_->round_trip(now)) {
    round_trips_.answered(config_.server.ip, *measured, now);
  }
  if (!is_understood(response)) return fail(BindingFailure::unusable_answer, 0, now);
  if (response.message_class() == Class::error) {
    const auto error = response.error();
    if (!error) return fail(BindingFailure::unusable_answer, 0, now);
    return fail(BindingFailure::refused, error->code, now);
  }
  // Of either family: behind a NAT64, an IPv6 client has an IPv4 address outside.
  const auto mapped = response.xor_address(AttributeType::xor_mapped_address);
  if (!mapped) return fail(BindingFailure::unusable_answer, 0, now);
  succeed(*mapped, now);
}

void BindingClient::succeed(const Endpoint& mapped, Instant now) {
  if (!mapped_) {
    events_.push(MappedAddressLearned{mapped});
  } else if (*mapped_ != mapped) {
    events_.push(MappedAddressChanged{*mapped_, mapped});
  }
  mapped_ = mapped;
  end_query(now);
}

void BindingClient::fail(BindingFailure why, int code, Instant now) {
  events_.push(BindingFailed{why, code});
  mapped_.reset();
  end_query(now);
}

void BindingClient::end_query(Instant now) {
  if (transaction_) {
    spare_ = std::move(*transaction_).release();
    spare_.clear();
  }
  transaction_.reset();
  resend_at_.reset();
  next_query_at_ = now + config_.query_interval;
}

void BindingClient::expire(Instant now) {
  if (next_query_at_ && now >= *next_query_at_) {
    if (socket_) {
      query(now);
    } else {
      open_socket();
    }
  }
  // Last, because a policy may give up at the instant of the first send.
  if (!transaction_) return;
  switch (transaction_->handle_timeout(now)) {
    case Verdict::give_up:
      fail(BindingFailure::timed_out, 0, now);
      break;
    case Verdict::resend:
      send_copy(now);
      break;
    case Verdict::wait:
      if (!resend_at_ || now < *resend_at_) break;
      transaction_->sent_again();
      send_copy(now);
      break;
  }
}

std::optional<Timeout> BindingClient::poll_timeout() const {
  std::optional<Timeout> earliest;
  const auto consider = [&](Instant at, Timer timer) {
    if (at == Instant::never()) return;
    if (!earliest || at < earliest->at) earliest = Timeout{at, text(timer)};
  };
  if (transaction_) {
    const Instant trigger = transaction_->poll_timeout();
    const bool is_last = trigger == transaction_->backoff().expiry();
    consider(trigger, is_last ? Timer::transaction_expiry : Timer::retransmission);
  }
  if (resend_at_) consider(*resend_at_, Timer::refused_send);
  if (next_query_at_) consider(*next_query_at_, socket_ ? Timer::next_query : Timer::next_socket);
  return earliest;
}

bool BindingClient::concerns_query(const Endpoint& local, const Endpoint& remote) const {
  return transaction_ && local == transaction_->local() && remote == transaction_->server();
}

}  // namespace tickover::stun
