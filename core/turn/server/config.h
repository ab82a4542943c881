#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/stun/types.h"
#include "core/time.h"

namespace tickover::turn {

/// Who may relay. The server keeps a key made of this, not the password (RFC 8656, section 6).
struct User {
  std::string name;
  std::string password;

  bool operator==(const User&) const = default;
};

/// Why these cannot be the users; nothing if they can.
std::optional<std::string> problem_of(std::span<const User> users);

/// What a TURN server is to do. Every table it keeps has a limit here.
struct ServerConfig {
  /// Where clients come in. An unspecified address (0.0.0.0, ::) listens on all of its family.
  std::vector<Endpoint> listen;
  /// Where relayed addresses are allocated; of one family, later ones are used when the ports of
  /// earlier ones are exhausted.
  std::vector<IpAddress> relay_addresses;
  /// Both inclusive (RFC 8656, section 7.2).
  std::uint16_t first_relay_port = 49152;
  std::uint16_t last_relay_port = 65535;

  std::string realm = "tickover";
  std::vector<User> users = {};
  /// PASSWORD-ALGORITHMS of every challenge, the best first. Clients that know nothing of it may
  /// use MD5 and MESSAGE-INTEGRITY in any case (RFC 8489, section 9.2.4). Empty: none is offered.
  std::vector<stun::PasswordAlgorithm> password_algorithms = {stun::PasswordAlgorithm::sha256,
                                                              stun::PasswordAlgorithm::md5};
  /// Whether clients may, and so must, name the user by USERHASH (RFC 8489, section 9.2.5).
  bool username_anonymity = false;
  /// Makes users for a limited time; see Authenticator. Empty: there are none. They need the date:
  /// until a WallClock was given they are refused. Quotas count by the name behind the colon, which
  /// outlives the date (PROTOCOL R10).
  std::string rest_secret = {};
  /// Clients are sent there when they want to allocate, one address of a family; those over a
  /// family that is not here are served (RFC 8489, section 10).
  std::vector<Endpoint> alternate_server = {};
  /// Also answers a bare Allocate with 300, unsigned, as servers in the field do; RFC 8489, section
  /// 14.16 wants the client authenticated first (PROTOCOL W21, X2).
  bool redirect_unauthenticated = false;
  /// SOFTWARE of every response; empty sends none, which tells and amplifies less (PROTOCOL K18).
  std::string software = {};

  /// RFC 8656, section 5 asks for an hour at most.
  Duration nonce_lifetime = std::chrono::hours(1);
  /// Lifetimes below the default are raised to it, above the maximum lowered (PROTOCOL W11).
  Duration default_lifetime = std::chrono::seconds(600);
  Duration max_lifetime = std::chrono::seconds(3600);
  Duration permission_lifetime = std::chrono::seconds(300);  // RFC 8656, section 9
  Duration channel_lifetime = std::chrono::seconds(600);     // RFC 8656, section 12
  /// How long a port is kept for whoever shows its RESERVATION-TOKEN; RFC 8656, section 7.2 asks
  /// for 30 s at least. Its socket opens when the token is used: if the owner refuses it then, the
  /// answer is 508 and the reservation is spent.
  Duration reservation_lifetime = std::chrono::seconds(30);

  std::size_t max_allocations = 16'384;  // 508 beyond
  /// With the ports reserved by EVEN-PORT (PROTOCOL AB10); 486 beyond.
  std::size_t max_allocations_per_user = 1'024;
  std::size_t max_reservations = 1'024;  // 508 beyond
  std::size_t max_permissions = 256;     // per relayed address, 508 beyond
  std::size_t max_channels = 256;        // per relayed address, 508 beyond
  /// The payloads of one user, in both directions and over all their allocations, each with 28
  /// bytes for its IP and UDP headers; what is beyond is dropped (RFC 8656, section 5; PROTOCOL
  /// R17). Requests and their answers do not count. At most 10^10; 0 is no limit.
  std::uint64_t max_bytes_per_second_per_user = 125'000'000;
  /// Answers without a signature (to Binding, 401, ...) to one IPv4 /24 or IPv6 /56, of which there
  /// may be four seconds' worth at once; beyond that there is silence (PROTOCOL AB1). At most 10^9.
  std::uint64_t max_unsigned_answers_per_second = 1'000;
  /// Among so many budgets all networks are spread.
  std::size_t answer_budgets = 1'024;
  /// ICMP errors that one relayed address passes on to its client, and as many at once: anybody can
  /// forge them (PROTOCOL AB22).
  std::uint64_t max_icmp_per_second = 10;
  /// Requests that are recognised when somebody sends them again (PROTOCOL AB12).
  std::size_t max_remembered_requests = 16'384;
  /// How many ports are tried for one Allocate while the owner's sockets refuse.
  std::size_t max_port_attempts = 8;

  /// Loopback, link-local, private, unique-local and shared addresses as peers (PROTOCOL AB5).
  bool allow_private_peers = false;
  /// The server's own public addresses as peers, so that its clients reach each other's relayed
  /// addresses. Its listening ports are never peers.
  bool allow_own_addresses = false;
  /// Also takes channel numbers 0x5000..0x7FFF, as clients of RFC 5766 choose them; RFC 8656 has
  /// reserved these (PROTOCOL W10).
  bool legacy_channel_numbers = false;
  /// Also takes ADDITIONAL-ADDRESS-FAMILY by its number in the drafts of RFC 8656, 0x8032, and
  /// answers that with ADDRESS-ERROR-CODE by 0x8033, as coturn before 4.8 and its clients do
  /// (PROTOCOL U4). Otherwise 0x8032 is an optional attribute that nobody knows.
  bool draft_address_families = false;

  bool operator==(const ServerConfig&) const = default;

  /// Why no server can run with this; nothing if one can.
  std::optional<std::string> problem() const;
};

}  // namespace tickover::turn
