#include "sim/live/host.h"

#include <ifaddrs.h>
#include <sys/random.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "core/check.h"
#include "sim/live/socket_address.h"

namespace tickover::sim::live {
namespace {

bool is_link_local_v6(const IpAddress& ip) {
  return ip.family() == AddressFamily::ipv6 && ip.bytes()[0] == 0xFE &&
         (ip.bytes()[1] & 0xC0) == 0x80;
}

}  // namespace

Instant steady_now() {
  return Instant::at(std::chrono::steady_clock::now().time_since_epoch());
}

WallTime wall_now() {
  return WallTime::at(std::chrono::system_clock::now().time_since_epoch());
}

std::vector<IpAddress> local_addresses() {
  std::vector<IpAddress> addresses;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return addresses;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    const auto endpoint = SocketAddress::endpoint_of(each->ifa_addr);
    if (endpoint && !is_link_local_v6(endpoint->ip)) addresses.push_back(endpoint->ip);
  }
  ::freeifaddrs(all);
  std::ranges::sort(addresses);
  addresses.erase(std::ranges::unique(addresses).begin(), addresses.end());
  return addresses;
}

void allow_many_sockets() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // with fewer, Allocate is answered by 508 sooner
}

Random secure_random() {
  Random::SecretKey key{};
  CHECK(::getrandom(key.data(), key.size(), 0) == static_cast<ssize_t>(key.size()));
  return Random::secure(key);
}

}  // namespace tickover::sim::live
