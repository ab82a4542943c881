#include "sim/live/flights.h"

#include <algorithm>
#include <utility>

namespace tickover::sim::live {
namespace {

constexpr std::size_t most_spare = 1'024;

bool later(const Flight& a, const Flight& b) {
  return a.at != b.at ? a.at > b.at : a.number > b.number;
}

}  // namespace

Flight Flights::fresh(Instant at, Bytes payload) {
  Flight flight{.at = at, .number = ++added_};
  if (!spare_.empty()) {
    flight.bytes = std::move(spare_.back());
    spare_.pop_back();
  }
  flight.bytes.assign(payload.begin(), payload.end());
  return flight;
}

void Flights::push(Flight flight) {
  heap_.push_back(std::move(flight));
  std::ranges::push_heap(heap_, later);
}

bool Flights::add(Instant at, const Send& send, Bytes payload) {
  if (heap_.size() >= most) return false;
  Flight flight = fresh(at, payload);
  flight.outgoing = true;
  flight.send = send;
  push(std::move(flight));
  return true;
}

bool Flights::add(Instant at, const Datagram& datagram, Bytes payload) {
  if (heap_.size() >= most) return false;
  Flight flight = fresh(at, payload);
  flight.datagram = datagram;
  flight.datagram.payload = flight.bytes;  // moving the vector does not move its bytes
  push(std::move(flight));
  return true;
}

std::optional<Flight> Flights::take(Instant now) {
  if (heap_.empty() || heap_.front().at > now) return {};
  std::ranges::pop_heap(heap_, later);
  Flight flight = std::move(heap_.back());
  heap_.pop_back();
  return flight;
}

void Flights::give_back(Flight flight) {
  if (spare_.size() < most_spare) spare_.push_back(std::move(flight.bytes));
}

}  // namespace tickover::sim::live
