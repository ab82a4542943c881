// The same authenticated Allocate as in codec.cpp by libre, an implementation in C, in the same
// run: what matters is the ratio of codec_* to libre_*.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

// libre's header takes these for granted.
#define HAVE_SOCKLEN_T 1
#include <re.h>

#include "core/check.h"

namespace tickover {
namespace {

constexpr std::size_t message_size = 172;

class Message {
 public:
  Message() : mb_(mbuf_alloc(512)) { CHECK(mb_ != nullptr); }
  ~Message() { mem_deref(mb_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void write() {
    ++id_[0];
    mbuf_rewind(mb_);
    std::uint8_t udp = 17;
    std::uint32_t lifetime = 600;
    const int failed = stun_msg_encode(
        mb_, STUN_METHOD_ALLOCATE, STUN_CLASS_REQUEST, id_.data(), nullptr, key_.data(),
        key_.size(), true, 0x00, 5, STUN_ATTR_REQ_TRANSPORT, &udp, STUN_ATTR_LIFETIME, &lifetime,
        STUN_ATTR_USERNAME, "somebody-with-a-name-123", STUN_ATTR_REALM, "example.org",
        STUN_ATTR_NONCE, "0123456789abcdef0123456789abcdef0123456789abcdef01234567");
    CHECK(failed == 0 && mb_->end == message_size);
  }
  void read_and_verify() {
    mbuf_set_pos(mb_, 0);
    stun_msg* message = nullptr;
    stun_unknown_attr unknown;
    CHECK(stun_msg_decode(&message, mb_, &unknown) == 0);
    CHECK(stun_msg_chk_mi(message, key_.data(), key_.size()) == 0);
    CHECK(stun_msg_chk_fingerprint(message) == 0);
    mem_deref(message);
  }

 private:
  mbuf* mb_;
  std::array<std::uint8_t, 12> id_{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::array<std::uint8_t, 16> key_{};
};

void libre_encode(benchmark::State& state) {
  Message message;
  for (auto _ : state) message.write();
}
BENCHMARK(libre_encode);

void libre_decode_and_verify(benchmark::State& state) {
  Message message;
  message.write();
  for (auto _ : state) message.read_and_verify();
}
BENCHMARK(libre_decode_and_verify);

}  // namespace
}  // namespace tickover
