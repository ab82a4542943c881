// A 172-byte authenticated Allocate with MESSAGE-INTEGRITY and FINGERPRINT, whole and in parts.
#include <benchmark/benchmark.h>

#include <array>

#include "core/check.h"
#include "core/stun/crc32.h"
#include "core/stun/message_view.h"
#include "core/stun/message_writer.h"
#include "properties/benchmarks/allocation_count.h"

namespace tickover::stun {
namespace {

constexpr std::size_t message_size = 172;
constexpr std::size_t integrity_at = message_size - 8 - 24;

struct Allocate {
  std::array<std::uint8_t, 256> buffer{};
  IntegrityKey key = IntegrityKey::long_term("somebody-with-a-name-1234", "example.org", "secret");
  TransactionId id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};

  Bytes write() {
    MessageWriter writer(buffer, {Method::allocate, Class::request}, id);
    writer.add_leading_byte(AttributeType::requested_transport, 17);
    writer.add_lifetime(std::chrono::seconds(600));
    writer.add_text(AttributeType::username, "somebody-with-a-name-123");
    writer.add_text(AttributeType::realm, "example.org");
    writer.add_text(AttributeType::nonce,
                    "0123456789abcdef0123456789abcdef0123456789abcdef01234567");
    writer.add_integrity(key);
    writer.add_fingerprint();
    CHECK(writer.ok() && writer.size() == message_size);
    return writer.bytes();
  }
};

void codec_encode(benchmark::State& state) {
  Allocate allocate;
  const AllocationCount allocations(state);
  for (auto _ : state) {
    ++allocate.id.bytes[0];
    benchmark::DoNotOptimize(allocate.write().data());
  }
}
BENCHMARK(codec_encode);

void codec_decode_and_verify(benchmark::State& state) {
  Allocate allocate;
  const Bytes bytes = allocate.write();
  const AllocationCount allocations(state);
  for (auto _ : state) {
    const auto view = MessageView::decode(bytes);
    CHECK(view && view->verifies(allocate.key));
  }
}
BENCHMARK(codec_decode_and_verify);

void codec_hmac_and_crc_alone(benchmark::State& state) {
  Allocate allocate;
  const Bytes bytes = allocate.write();
  for (auto _ : state) {
    benchmark::DoNotOptimize(allocate.key.digest(bytes.first(integrity_at)));
    benchmark::DoNotOptimize(crc32(bytes.first(message_size - 8)));
  }
}
BENCHMARK(codec_hmac_and_crc_alone);

void codec_hmac_alone(benchmark::State& state) {
  Allocate allocate;
  const Bytes bytes = allocate.write();
  for (auto _ : state) benchmark::DoNotOptimize(allocate.key.digest(bytes.first(integrity_at)));
}
BENCHMARK(codec_hmac_alone);

void codec_crc_alone(benchmark::State& state) {
  Allocate allocate;
  const Bytes bytes = allocate.write();
  for (auto _ : state) benchmark::DoNotOptimize(crc32(bytes.first(message_size - 8)));
}
BENCHMARK(codec_crc_alone);

/// Once for each credential, never for each message.
void codec_key_derivation(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(IntegrityKey::long_term("user", "example.org", "password"));
  }
}
BENCHMARK(codec_key_derivation);

}  // namespace
}  // namespace tickover::stun
