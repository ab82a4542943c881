#include "properties/interop/generate.h"

namespace tickover::interop {
namespace {

namespace gen = rc::gen;

/// Nothing, most of the time.
template <class T>
rc::Gen<std::optional<T>> seldom(std::vector<T> values) {
  return gen::weightedOneOf<std::optional<T>>(
      {{5, gen::just(std::optional<T>())},
       {1, gen::map(gen::elementOf(std::move(values)),
                    [](T value) { return std::optional<T>(value); })}});
}
rc::Gen<bool> sometimes(std::size_t one_in) {
  return gen::weightedElement<bool>({{one_in - 1, false}, {1, true}});
}

rc::Gen<Auth> auths() {
  return gen::weightedElement<Auth>({{24, Auth::good},
                                     {2, Auth::none},
                                     {1, Auth::other_user},
                                     {1, Auth::wrong_password},
                                     {1, Auth::unknown_user},
                                     {1, Auth::wrong_realm},
                                     {1, Auth::foreign_nonce},
                                     {1, Auth::no_username},
                                     {1, Auth::no_realm},
                                     {1, Auth::no_nonce}});
}
rc::Gen<Damage> damages() {
  return gen::weightedElement<Damage>({{40, Damage::none},
                                       {1, Damage::odd_length},
                                       {1, Damage::short_length},
                                       {1, Damage::long_length},
                                       {1, Damage::wrong_cookie},
                                       {1, Damage::top_bits},
                                       {1, Damage::a_response},
                                       {1, Damage::bad_fingerprint},
                                       {1, Damage::overrun},
                                       {1, Damage::flipped_bit},
                                       {1, Damage::unsigned_tail}});
}
rc::Gen<Peer> peers() {
  return gen::weightedElement<Peer>({{20, Peer::peer},
                                     {6, Peer::other_port},
                                     {2, Peer::other_ip},
                                     {1, Peer::port_zero},
                                     {1, Peer::ipv6},
                                     {1, Peer::mapped},
                                     {1, Peer::private_ip},
                                     {1, Peer::metadata},
                                     {1, Peer::multicast},
                                     {1, Peer::broadcast},
                                     {1, Peer::this_net},
                                     {1, Peer::family_three},
                                     {1, Peer::truncated}});
}
rc::Gen<std::uint16_t> channels() {
  return gen::weightedElement<std::uint16_t>({{10, 0x4000},
                                              {5, 0x4001},
                                              {2, 0x4fff},
                                              {1, 0x5000},
                                              {1, 0x7fff},
                                              {1, 0},
                                              {1, 0x3fff},
                                              {1, 0xffff}});
}

/// What any request may carry beside what it is about.
Ask dressed(Ask ask) {
  ask.auth = *auths();
  ask.damage = *damages();
  ask.unknown_required = *sometimes(25);
  ask.unknown_optional = *sometimes(25);
  ask.fingerprint = *sometimes(6);
  return ask;
}

Ask allocate() {
  Ask ask{.method = 3};
  ask.transport = *gen::weightedOneOf<std::optional<std::uint8_t>>(
      {{12, gen::just(std::optional<std::uint8_t>(17))}, {1, seldom<std::uint8_t>({6, 0, 255})}});
  ask.lifetime = *seldom<std::uint32_t>({0, 1, 599, 600, 777, 3600, 3601, 0xffffffff});
  ask.family = *seldom<std::uint8_t>({1, 1, 2, 3});
  ask.even_port = *seldom<std::uint8_t>({0x00, 0x80});
  ask.token = *sometimes(25);
  ask.dont_fragment = *sometimes(12);
  ask.mobility = *sometimes(25);
  return dressed(ask);
}
Ask refresh() {
  Ask ask{.method = 4};
  ask.lifetime = *seldom<std::uint32_t>({0, 0, 1, 600, 777, 3601});
  ask.family = *seldom<std::uint8_t>({1, 2});
  return dressed(ask);
}
Ask permission() {
  Ask ask{.method = 8};
  ask.peers = *gen::resize(3, gen::container<std::vector<Peer>>(peers()));
  if (ask.peers.empty() && !*sometimes(8)) ask.peers = {*peers()};
  return dressed(ask);
}
Ask channel_bind() {
  Ask ask{.method = 9};
  if (!*sometimes(12)) ask.peers = {*peers()};
  if (!*sometimes(12)) ask.channel = *channels();
  return dressed(ask);
}
Ask send() {
  Ask ask{.kind = Ask::Kind::indication, .method = 6};
  if (!*sometimes(12)) ask.peers = {*peers()};
  if (!*sometimes(12)) ask.data = *gen::element<std::uint16_t>(0, 1, 10, 1200);
  ask.dont_fragment = *sometimes(12);
  ask.unknown_required = *sometimes(12);
  ask.fingerprint = *sometimes(6);
  return ask;
}
Ask channel_data() {
  return {.kind = Ask::Kind::channel_data,
          .channel = *channels(),
          .data = *gen::element<std::uint16_t>(0, 1, 11, 1200)};
}
Ask other_request() {
  return dressed({.method = *gen::element<std::uint16_t>(1, 1, 2, 5, 6, 7, 10, 0xfff)});
}

rc::Gen<Ask> asks() {
  return gen::exec([] {
    switch (*gen::weightedElement<int>(
        {{3, 0}, {3, 1}, {4, 2}, {4, 3}, {3, 4}, {2, 5}, {2, 6}, {2, 7}, {1, 8}})) {
      case 0:
        return allocate();
      case 1:
        return refresh();
      case 2:
        return permission();
      case 3:
        return channel_bind();
      case 4:
        return send();
      case 5:
        return channel_data();
      case 6:
        return Ask{.kind = Ask::Kind::peer_speaks};
      case 7:
        return Ask{.kind = Ask::Kind::repeat};
      default:
        return other_request();
    }
  });
}

}  // namespace

rc::Gen<std::vector<Ask>> conversations() {
  return gen::exec([] {
    std::vector<Ask> all;
    if (!*sometimes(10)) all.push_back({.method = 3, .transport = 17});
    if (!*sometimes(5)) all.push_back({.method = 3, .auth = Auth::good, .transport = 17});
    const auto more = *gen::resize(8, gen::container<std::vector<Ask>>(asks()));
    all.insert(all.end(), more.begin(), more.end());
    return all;
  });
}

}  // namespace tickover::interop
