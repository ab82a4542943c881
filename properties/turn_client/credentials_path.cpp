// Client and relay with somebody between them who rewrites what is not signed.

#include <gtest/gtest.h>
// gtest comes first.
#include <rapidcheck/gtest.h>

#include "core/turn/server/server.h"
#include "properties/turn_client/signing.h"

namespace tickover::properties {
namespace {

/// What is done to one datagram from the relay.
enum class Trick {
  nothing,
  drop,
  strip_list,
  md5_only,
  clear_bits,
  strip_and_clear,
  sha1_mac,
  no_mac
};

rc::Gen<Trick> tricks() {
  return rc::gen::cast<Trick>(rc::gen::inRange(0, 8));
}

/// The same message with other attributes. MACs are kept as they are, and so are wrong afterwards.
std::vector<std::uint8_t> rewritten(Bytes datagram, Trick trick) {
  const auto view = MessageView::decode(datagram);
  if (!view) return {datagram.begin(), datagram.end()};
  std::vector<std::uint8_t> buffer(2000);
  MessageWriter writer(buffer, view->type(), view->id());
  view->for_each([&](const stun::Attribute& attribute) {
    const bool is_list = attribute.type == AttributeType::password_algorithms;
    const bool is_mac = attribute.type == AttributeType::message_integrity ||
                        attribute.type == AttributeType::message_integrity_sha256;
    if (is_list && (trick == Trick::strip_list || trick == Trick::strip_and_clear)) return;
    if (is_mac && trick == Trick::no_mac) return;
    if (is_mac && trick == Trick::sha1_mac) {
      return writer.add(AttributeType::message_integrity, attribute.value.first(20));
    }
    if (is_list && trick == Trick::md5_only) {
      return writer.add_password_algorithms(attribute.type, std::array{md5});
    }
    if (attribute.type == AttributeType::nonce &&
        (trick == Trick::clear_bits || trick == Trick::strip_and_clear)) {
      std::string nonce(as_text(attribute.value));
      nonce.replace(9, 4, "AAAA");
      return writer.add_text(attribute.type, nonce);
    }
    writer.add(attribute.type, attribute.value);
  });
  EXPECT_TRUE(writer.ok());
  return {writer.bytes().begin(), writer.bytes().end()};
}

/// A client at a relay of its own; each of the relay's datagrams meets the next trick.
class Path {
 public:
  explicit Path(std::vector<Trick> tricks)
      : tricks_(std::move(tricks)),
        server_({.listen = {relay_v4},
                 .relay_addresses = {relay_v4.ip},
                 .realm = "example.org",
                 .users = {{"alice", "secret"}}},
                Random(1), bench.now) {
    drain();
  }

  Bench bench;
  bool is_weakened = false;  // the relay served a request that was signed by less
  std::size_t requests = 0;

  std::size_t allocations() const { return server_.allocation_count(); }
  void run_until(Instant end) {
    for (;;) {
      exchange();
      const auto timeout = bench.client.poll_timeout();
      if (!timeout || timeout->at > end) break;
      bench.run_until(timeout->at);
      server_.handle_timeout(bench.now);
    }
    bench.run_until(end);
  }
  void behave() { tricks_.clear(); }

 private:
  void exchange() {
    for (auto sent = bench.take(); !sent.empty(); sent = bench.take()) {
      for (const Sent& request : sent) {
        ++requests;
        asked_ = request;
        server_.handle_input(
            Datagram{.local = request.remote, .remote = request.local, .payload = request.bytes},
            bench.now);
        drain();
      }
    }
  }
  void drain() {
    static std::vector<std::uint8_t> buffer(max_datagram_size);
    std::vector<std::vector<std::uint8_t>> answers;
    while (const auto transmit = server_.poll_transmit(buffer)) {
      if (const auto* open = std::get_if<OpenSocket>(&*transmit)) {
        server_.handle_input(SocketOpened{open->request, open->local}, bench.now);
      } else if (const auto* send = std::get_if<Send>(&*transmit)) {
        const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(send->size);
        answers.emplace_back(buffer.begin(), end);
      }
    }
    while (server_.poll_event()) continue;
    for (const auto& answer : answers) pass(answer);
  }
  void pass(const std::vector<std::uint8_t>& answer) {
    const auto view = MessageView::decode(answer);
    if (view->message_class() == Class::success) {
      is_weakened |=
          !asked_.view().verifies_sha256(key_of(sha256)) || !view->verifies_sha256(key_of(sha256));
    }
    const Trick trick = next_ < tricks_.size() ? tricks_[next_++] : Trick::nothing;
    if (trick == Trick::drop) return;
    bench.deliver(trick == Trick::nothing ? answer : rewritten(answer, trick), asked_);
  }

  std::vector<Trick> tricks_;
  std::size_t next_ = 0;
  turn::Server server_;
  Sent asked_;
};

// PROTOCOL A15, A16, A22, AB16; BUGS G14, P5, P15
RC_GTEST_PROP(TurnClientOnAHostilePath, is_never_talked_into_less, ()) {
  Path path(*rc::gen::container<std::vector<Trick>>(tricks()));
  path.run_until(after(20min));
  RC_ASSERT(!path.is_weakened);
  RC_ASSERT(path.requests < 500u);  // a Refresh each 25 s, or an attempt a minute
  // Whoever believes to have an allocation has one.
  if (path.bench.client.allocation()) RC_ASSERT(path.allocations() >= 1u);
}

// PROTOCOL A21, AB16; BUGS P6
RC_GTEST_PROP(TurnClientOnAHostilePath, recovers_once_the_path_is_honest, ()) {
  Path path(*rc::gen::container<std::vector<Trick>>(tricks()));
  path.run_until(after(10min));
  path.behave();
  // What was under way is given up, and the longest pause is that after refused credentials.
  path.run_until(path.bench.now + 2 * 39'500ms + 2 * 375s);
  RC_ASSERT(path.bench.client.allocation().has_value());
}

// Tricks on the one challenge that starts it all, each for itself and all the time.
// PROTOCOL A15, AB16; BUGS P15
TEST(TurnClientOnAHostilePath, gets_nothing_while_every_challenge_is_rewritten) {
  for (const Trick trick :
       {Trick::strip_list, Trick::md5_only, Trick::clear_bits, Trick::strip_and_clear}) {
    Path path(std::vector<Trick>(1'000, trick));
    path.run_until(after(10min));
    EXPECT_FALSE(path.bench.client.allocation()) << static_cast<int>(trick);
    EXPECT_EQ(path.allocations(), 0u);
    EXPECT_FALSE(path.is_weakened);
  }
}

}  // namespace
}  // namespace tickover::properties
