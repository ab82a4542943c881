// Any bytes are decoded or refused: without an allocation, within their bounds, and the same way
// every time (PROTOCOL AB24; BUGS P19). What the second decoder finds canonical, the first one
// understands (BUGS P18).

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

#include <cstdlib>
#include <new>

#include "core/check.h"
#include "core/stun/message_view.h"
#include "core/turn/channel_data.h"
#include "sim/oracles/wire_decoder.h"

namespace {

bool forbidden = false;  // whether an allocation now is a defect

struct WithoutAllocation {
  WithoutAllocation() { forbidden = true; }
  ~WithoutAllocation() { forbidden = false; }
};

}  // namespace

// AddressSanitizer owns the allocator where it is there, and tells.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)

namespace {
const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) {
      if (forbidden) std::abort();
    },
    [](const volatile void*) {});
}  // namespace

#else

void* operator new(std::size_t size) {
  if (forbidden) std::abort();
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#endif

namespace tickover {
namespace {

bool is_within(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Everything that can be asked of a message, as one number.
std::uint64_t ask(const stun::MessageView& view) {
  std::uint64_t sum = static_cast<std::uint64_t>(view.method()) * 4 +
                      static_cast<std::uint64_t>(view.message_class());
  const auto add = [&](std::uint64_t value) { sum = mix(sum, value); };
  view.for_each([&](const stun::Attribute& attribute) {
    CHECK(is_within(attribute.value, view.bytes()));
    add(static_cast<std::uint64_t>(attribute.type));
    add(attribute.value.size());
    if (const auto address = view.xor_address(attribute)) add(address->port);
    if (const auto error = view.address_error(attribute)) {
      add(static_cast<std::uint64_t>(error->error.code));
    }
    if (const auto text = view.text(attribute.type)) {
      CHECK(is_within(as_bytes(*text), view.bytes()));
    }
    if (const auto value = view.leading_byte(attribute.type)) add(*value);
    if (const auto address = view.plain_address(attribute.type)) add(address->port);
  });
  if (const auto lifetime = view.lifetime()) {
    add(static_cast<std::uint64_t>(lifetime->count()));
  }
  if (const auto error = view.error()) add(static_cast<std::uint64_t>(error->code));
  if (const auto number = view.channel_number()) add(*number);
  if (const auto icmp = view.icmp()) add(icmp->data);
  if (const auto even = view.even_port()) add(*even ? 1 : 2);
  if (const auto token = view.reservation_token()) add((*token)[0]);
  if (const auto hash = view.userhash()) add(hash->front());
  if (const auto list = view.password_algorithms()) {
    add(static_cast<std::uint64_t>(list->first_supported().value_or(stun::PasswordAlgorithm{9})));
  }
  if (const auto one = view.password_algorithm()) {
    add(one->contains(stun::PasswordAlgorithm::md5) ? 1 : 2);
  }
  add(view.names_unknown(stun::AttributeType::even_port) ? 1 : 2);
  static const stun::IntegrityKey key = stun::IntegrityKey::raw({});
  add(view.verifies(key) ? 1 : 2);
  add(view.verifies_sha256(key, 16) ? 1 : 2);
  return sum;
}

void decode(Bytes datagram) {
  const bool is_canonical = !sim::complaint_about(datagram);
  static const stun::IntegrityKey warm_up;
  const WithoutAllocation guard;  // a CHECK that fails under it aborts as well
  if (const auto message = stun::MessageView::decode(datagram)) {
    // RFC 7983 leaves first bytes from 4 on to others, although RFC 8489 has methods up there.
    CHECK(stun::looks_like_stun(datagram) == (datagram[0] <= 3));
    CHECK(ask(*message) == ask(*stun::MessageView::decode(datagram)));
    return;
  } else {
    CHECK(message.error().offset <= datagram.size() && !message.error().what.empty());
  }
  if (const auto data = turn::ChannelData::decode(datagram)) {
    CHECK(is_within(data->payload, datagram));
    return;
  }
  CHECK(!is_canonical);
}

}  // namespace
}  // namespace tickover

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tickover::decode({data, size});
  return 0;
}
