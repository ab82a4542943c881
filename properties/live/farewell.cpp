#include "sim/live/farewell.h"
#include "properties/live/recorder.h"

namespace tickover::sim::live {
namespace {

using Answer = Farewell::Answer;

/// A client with one socket, whose allocation came by it.
class AFarewell : public testing::Test {
 protected:
  AFarewell() {
    here = station.open(any_v4);
    hears({0x01, 0x03, 0, 0});
    farewell.told(station.driver, {.kind = Notice::Kind::candidate_added}, Instant());
    farewell.drained(station.driver, Instant());
  }
  /// Type and length of a message, and what follows its header.
  void hears(std::vector<std::uint8_t> head, const std::vector<std::uint8_t>& rest = {}) {
    hears_at(here, std::move(head), rest);
  }
  void hears_at(const Endpoint& local, std::vector<std::uint8_t> head,
                const std::vector<std::uint8_t>& rest = {}) {
    std::vector<std::uint8_t> bytes = std::move(head);
    bytes.insert(bytes.end(), {0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3});
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    farewell.given(station.driver, Datagram{.local = local, .payload = bytes}, Instant());
  }
  void hears_error(std::uint8_t number) {
    hears({0x01, 0x14, 0, 8}, {0x00, 0x09, 0, 4, 0, 0, 4, number});
  }
  void closes() {
    station.change([&](Recorder& recorder) { recorder.close(here); });
    drained();
  }
  void drained() { farewell.drained(station.driver, Instant()); }

  Loop loop;
  Station station{loop};
  Endpoint here;
  Farewell farewell;
};

TEST_F(AFarewell, is_not_asked_for_where_there_is_nothing_to_give_back) {
  farewell.begin(false);
  hears({0x01, 0x04, 0, 0});
  closes();
  EXPECT_EQ(farewell.answer(), Answer::not_asked);
  EXPECT_EQ(farewell.text(), "");
}

TEST_F(AFarewell, is_answered_by_a_success_that_the_client_believes) {
  farewell.begin(true);
  EXPECT_EQ(farewell.answer(), Answer::unanswered);
  hears({0x01, 0x04, 0, 0});
  closes();
  EXPECT_EQ(farewell.answer(), Answer::given_back);
}

TEST_F(AFarewell, takes_the_refusals_that_end_it_for_what_they_are) {
  farewell.begin(true);
  hears_error(38);  // with a fresh nonce it is asked again
  drained();
  EXPECT_EQ(farewell.answer(), Answer::unanswered);
  hears_error(37);
  closes();
  EXPECT_EQ(farewell.answer(), Answer::unknown);
}

TEST_F(AFarewell, names_any_other_refusal) {
  farewell.begin(true);
  hears_error(3);
  closes();
  EXPECT_EQ(farewell.answer(), Answer::refused);
  EXPECT_NE(farewell.text().find("(403)"), std::string::npos);
}

// Somebody else's word; the client goes on, and gives up.
TEST_F(AFarewell, is_not_answered_by_what_the_client_does_not_believe) {
  farewell.begin(true);
  hears({0x01, 0x04, 0, 0});
  drained();
  closes();
  EXPECT_EQ(farewell.answer(), Answer::unanswered);
}

TEST_F(AFarewell, is_answered_at_its_own_socket_by_a_refresh) {
  farewell.begin(true);
  hears({0x01, 0x09, 0, 0});
  Endpoint elsewhere = here;
  elsewhere.port ^= 1;
  hears_at(elsewhere, {0x01, 0x04, 0, 0});
  closes();
  EXPECT_EQ(farewell.answer(), Answer::unanswered);
}

}  // namespace
}  // namespace tickover::sim::live
