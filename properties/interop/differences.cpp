#include "properties/interop/differences.h"

#include <algorithm>
#include <iterator>

namespace tickover::interop {
namespace {

constexpr std::uint16_t binding = 1, allocate = 3, refresh = 4, permission = 8, channel_bind = 9;

bool is_request(const Ask& ask) {
  return ask.kind == Ask::Kind::request || ask.kind == Ask::Kind::repeat;
}
bool names(const Ask& ask, Peer peer) {
  return std::ranges::find(ask.peers, peer) != ask.peers.end();
}
bool names_a_malformed_peer(const Ask& ask) {
  return names(ask, Peer::truncated) || names(ask, Peer::family_three);
}
bool names_a_denied_peer(const Ask& ask) {
  return std::ranges::any_of(ask.peers, [](Peer peer) {
    return peer == Peer::metadata || peer == Peer::multicast || peer == Peer::broadcast ||
           peer == Peer::this_net || peer == Peer::private_ip;
  });
}
/// How many things are wrong with what it wants, as far as the request itself shows.
int faults(const Ask& ask) {
  const bool other_family = names(ask, Peer::ipv6) || names(ask, Peer::mapped);
  const bool no_channel = ask.method == channel_bind &&
                          (!ask.channel || *ask.channel < 0x4000 || *ask.channel > 0x4fff);
  return names_a_malformed_peer(ask) + names_a_denied_peer(ask) + other_family + no_channel +
         names(ask, Peer::port_zero) + ask.peers.empty();
}
bool is_about_peers(const Seen& seen) {
  return seen.code == 400 || seen.code == 403 || seen.code == 443;
}
bool is_refusal_of_credentials(const Seen& seen) {
  return seen.answered && (seen.code == 400 || seen.code == 401 || seen.code == 438);
}

/// Whether our answer is right for who asks, beside what only the other server can show. A request
/// in a name that owns nothing must not be answered as if it did.
bool is_right_for_who_asks(const Ask& ask, const Past& past, const Seen& ours) {
  if (ask.method == binding) return false;
  if (ask.auth == Auth::unknown_user) return ours.code == 401;
  const bool is_bob = ask.auth == Auth::other_user;
  if (!is_bob && ask.auth != Auth::good) return is_refusal_of_credentials(ours);
  if (ask.damage == Damage::flipped_bit) return ours.code == 401;
  if (ask.unknown_required) return ours.code == 420;
  if (!past.allocated || is_bob == past.owned_by_bob) {
    return ours.answered && ours.code != 401 && ours.code != 441;
  }
  return ours.code == (ask.method == allocate ? 437 : 441);
}
/// An Allocate that nobody can object to where there is no allocation.
bool is_plain_allocate(const Ask& ask) {
  return ask == Ask{.method = allocate, .auth = Auth::good, .transport = 17};
}

constexpr Difference table[] = {
    {"what-is-no-message", "K2, K4, K5, K11; RFC 8489, section 6.3",
     "drops a datagram whose attributes do not fit its length", "answers what it understood of it",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen&) {
       return !ours.answered && ask.damage == Damage::overrun;
     }},
    {"methods-nobody-knows", "K15; RFC 8489, section 6.3",
     "drops requests whose method it does not support", "asks for credentials, then refuses them",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen&) {
       return is_request(ask) && !ours.answered && ask.method != binding &&
              ask.method != allocate && ask.method != refresh && ask.method != permission &&
              ask.method != channel_bind;
     }},
    {"unsigned-tail", "W1; RFC 8489, section 9", "sees nothing behind MESSAGE-INTEGRITY",
     "takes an attribute there for a part of the request",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen&) {
       return ask.damage == Damage::unsigned_tail && ask.auth != Auth::none && ours.answered &&
              (ours.lifetime != 0u || ask.lifetime == 0u);
     }},
    {"allocation-before-credentials", "W2; RFC 8489, section 9.2.4",
     "looks at the credentials first", "first looks whether there is an allocation, and says 437",
     [](const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
       return is_request(ask) && past.allocated && is_refusal_of_credentials(ours) &&
              theirs.code == 437;
     }},
    {"wrong-realm", "A12; RFC 8489, section 9.2.4", "says 401 and its realm",
     "says 441, or 437 to Allocate, without a challenge",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.auth == Auth::wrong_realm && ours.code == 401 &&
              (theirs.code == 441 || theirs.code == 437);
     }},
    {"first-user-is-remembered", "W15; RFC 8656, section 5",
     "checks the user of each request against the allocation, if there is one",
     "keeps the first user that a client named, even one that was refused",
     [](const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
       return is_request(ask) && is_right_for_who_asks(ask, past, ours) &&
              (past.named_another || ask.auth == Auth::other_user ||
               ask.auth == Auth::unknown_user) &&
              (theirs.code == 441 || theirs.code == 437 || theirs.code == 401);
     }},
    {"two-faults-of-credentials", "A7; RFC 8489, section 9.2.4",
     "says 401 if the user or the signature is wrong, whatever the nonce",
     "says 438 to the nonce first",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       const bool badly_signed = ask.damage == Damage::flipped_bit ||
                                 ask.auth == Auth::wrong_password || ask.auth == Auth::unknown_user;
       return is_request(ask) && badly_signed && ours.code == 401 && theirs.code == 438;
     }},
    {"unknown-attributes-late", "W17, R2; RFC 8489, section 6.3",
     "says 420 as soon as the request is authenticated", "says it only if nothing else is wrong",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.unknown_required && ours.code == 420 && theirs.code != 420;
     }},
    {"no-allocation", "W14; RFC 8656, section 5",
     "says 437 to any request that needs an allocation where there is none", "says 400",
     [](const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
       return !past.allocated && (ask.method == permission || ask.method == channel_bind) &&
              ours.code == 437 && theirs.code == 400;
     }},
    {"malformed-peers", "PM2; RFC 8656, section 9.2", "says 400 to a peer address that is none",
     "goes on without it",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return names_a_malformed_peer(ask) && ours.code == 400 && theirs.code != 400;
     }},
    {"denied-peers", "AB5, AB6; RFC 8656, section 21.1.4",
     "relays to no multicast, broadcast, metadata or unusable address",
     "denies loopback and 0.0.0.0/8 only",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return names_a_denied_peer(ask) && ours.code == 403 && theirs.succeeded;
     }},
    {"one-fault-of-several", "PM2, H3; RFC 8656, sections 9.2 and 12.2",
     "of several faults in one request, names a denied or missing part before a conflict",
     "names another of them",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       // Whether a number or a peer is taken already cannot be seen in the request.
       const int taken = ask.method == channel_bind ? 1 : 0;
       return is_request(ask) && is_about_peers(ours) && is_about_peers(theirs) &&
              faults(ask) + taken >= 2;
     }},
    {"reserved-channels", "W10; RFC 8656, section 12.2", "binds 0x4000 to 0x4FFF only",
     "binds up to 0x7FFF",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.channel >= 0x5000 && ours.code == 400 && theirs.succeeded;
     }},
    {"transports", "W18; RFC 8656, section 7.2", "says 442 to a transport that it does not relay",
     "says 400",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.method == allocate && ask.transport && *ask.transport != 17 && ours.code == 442 &&
              theirs.code == 400;
     }},
    {"reservations", "R8; RFC 8656, section 7.2", "says 508 to a token that it never gave",
     "says 404",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.token && ours.code == 508 && theirs.code == 404;
     }},
    {"freed-at-once", "W24; RFC 8656, section 8.2", "forgets an allocation at once",
     "keeps it, and its nonce, for a second or so",
     [](const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
       if (!ours.answered) return false;
       const bool is_kept = theirs.code == 437 || theirs.code == 438;
       if (ask.method == allocate) {
         // A port that another client had a moment ago begins like that.
         return is_kept && !past.allocated && (ours.succeeded || !is_plain_allocate(ask));
       }
       return past.deleted && !ours.succeeded && (ours.code == 437 || is_kept);
     }},
    {"lifetime-of-a-repeated-allocate", "W12; RFC 8656, section 7.2",
     "answers a repeated Allocate with the same bytes",
     "answers it with what is left of the lifetime",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.kind == Ask::Kind::repeat && ours.lifetime && theirs.lifetime &&
              *ours.lifetime >= *theirs.lifetime && *ours.lifetime - *theirs.lifetime < 5;
     }},
    {"icmp-errors", "D6; RFC 8656, section 11.5",
     "tells the client by ICMP that nobody is where its data went", "tells nothing",
     [](const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
       Seen without = ours;
       without.told_by_icmp = false;
       return (past.named_nobody || names(ask, Peer::other_ip)) && ours.told_by_icmp &&
              agree(without, theirs);
     }},
    {"classic-clients", "K3; RFC 8489, section 11", "answers no message without the magic cookie",
     "answers RFC 3489",
     [](const Ask& ask, const Past&, const Seen& ours, const Seen& theirs) {
       return ask.damage == Damage::wrong_cookie && !ours.answered && theirs.answered;
     }},
};

}  // namespace

void remember(Past& past, const Ask& ask, const Seen& seen) {
  if (seen.succeeded && seen.relayed_family) {
    past.allocated = true;
    past.deleted = false;
    past.owned_by_bob = ask.auth == Auth::other_user;
  }
  if (seen.succeeded && seen.lifetime == 0u) {
    past.allocated = false;
    past.deleted = true;
  }
  const bool was_refused = ask.auth == Auth::unknown_user || ask.auth == Auth::wrong_realm ||
                           ask.auth == Auth::wrong_password || ask.damage == Damage::flipped_bit;
  if (seen.answered && (ask.auth == Auth::other_user || (was_refused && !seen.succeeded))) {
    past.named_another = true;
  }
  if (names(ask, Peer::other_ip)) past.named_nobody = true;
}

std::span<const Difference> differences() {
  return table;
}

const Difference* explain(const Ask& ask, const Past& past, const Seen& ours, const Seen& theirs) {
  const auto found = std::ranges::find_if(table, [&](const Difference& difference) {
    return difference.applies(ask, past, ours, theirs);
  });
  return found == std::end(table) ? nullptr : &*found;
}

bool agree(const Seen& ours, const Seen& theirs) {
  Seen signed_alike = theirs;
  if (ours.answered && !ours.succeeded) signed_alike.is_signed = ours.is_signed;
  return ours == signed_alike;
}

}  // namespace tickover::interop
