#include "sim/live/farewell.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/stun/message_view.h"

namespace tickover::sim::live {

std::string Farewell::text() const {
  switch (answer_) {
    case Answer::not_asked:
      break;
    case Answer::given_back:
      return "gave the allocation back";
    case Answer::unknown:
      return "the relay knows of no allocation (437)";
    case Answer::refused:
      return fmt::format("the relay did not take the allocation back ({})", code_);
    case Answer::unanswered:
      return "the relay did not answer: whether it has the allocation is not known";
  }
  return {};
}

void Farewell::begin(bool has_allocation) {
  has_begun_ = has_allocation;
  if (has_allocation) answer_ = Answer::unanswered;
}

void Farewell::given(const Driver&, const Input& input, Instant) {
  heard_.reset();
  const auto* datagram = std::get_if<Datagram>(&input);
  if (datagram == nullptr) return;
  last_heard_at_ = datagram->local;
  if (!has_begun_ || datagram->local != held_at_) return;
  const auto message = stun::MessageView::decode(datagram->payload);
  if (!message || message->method() != stun::Method::refresh) return;
  if (message->message_class() == stun::Class::success) {
    heard_ = Answer::given_back;
  } else if (message->message_class() == stun::Class::error) {
    const auto error = message->error();
    heard_code_ = error ? error->code : 0;
    heard_ = heard_code_ == static_cast<int>(stun::ErrorCode::allocation_mismatch)
                 ? Answer::unknown
                 : Answer::refused;
  }
}

// The answer to an Allocate comes to the socket that the allocation belongs to.
void Farewell::told(const Driver&, const Notice& notice, Instant) {
  if (notice.kind == Notice::Kind::candidate_added) held_at_ = last_heard_at_;
}

// A client that believes an answer closes the socket; after a forged one it goes on waiting.
void Farewell::drained(const Driver& driver, Instant) {
  const auto heard = std::exchange(heard_, std::nullopt);
  if (!heard || std::ranges::count(driver.sockets(), *held_at_) > 0) return;
  answer_ = *heard;
  code_ = heard_code_;
}

std::string_view name(Farewell::Answer answer) {
  constexpr std::string_view names[] = {"not asked", "given back", "unknown", "refused",
                                        "unanswered"};
  return names[static_cast<std::size_t>(answer)];
}

}  // namespace tickover::sim::live
