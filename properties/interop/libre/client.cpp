// A TURN client that nobody here wrote: libre's, with a peer on the same host that echoes.
//   tickover_libre_client SERVER PORT USER PASSWORD MILLISECONDS
// Talks by Send and Data indications for half of the time and by a channel for the rest, then gives
// its allocation back. Prints what it came to; exits with 0 if every datagram came back.
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// libre's header takes these for granted.
#define HAVE_SOCKLEN_T 1
#include <re.h>

namespace {

constexpr std::uint64_t every_ms = 10;
constexpr std::uint64_t last_wait_ms = 300;  // for what is still on its way, and for Refresh(0)
/// Where libre puts a Send indication around it. With more room, its socket's helper would wrap
/// what goes to the relay by a channel once more.
constexpr std::size_t room_in_front = 36;
constexpr std::size_t size_of(std::uint32_t number) {
  return 4 + number % 1200;
}

struct Client {
  udp_sock* socket = nullptr;
  udp_sock* peer = nullptr;
  turnc* turn = nullptr;
  sa server{};
  sa peer_address{};
  tmr next{};
  std::uint64_t milliseconds = 0;
  std::uint64_t began = 0;
  bool has_channel = false;
  bool wants_channel = false;
  std::uint32_t sent = 0, sent_by_channel = 0, received = 0, strange = 0;
  int failed = 0;
};

void give_up(Client& client, const char* what, int error) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
  client.failed = error != 0 ? error : -1;
  re_cancel();
}

void send_next(Client& client) {
  const std::uint32_t number = client.sent++;
  mbuf* bytes = mbuf_alloc(room_in_front + size_of(number));
  bytes->pos = bytes->end = room_in_front;
  mbuf_write_u32(bytes, htonl(number));
  mbuf_fill(bytes, static_cast<std::uint8_t>(number), size_of(number) - 4);
  mbuf_set_pos(bytes, room_in_front);
  if (client.has_channel) ++client.sent_by_channel;
  const int error = turnc_send(client.turn, &client.peer_address, bytes);
  mem_deref(bytes);
  if (error != 0) give_up(client, "send", error);
}

void end(void*) {
  re_cancel();
}

void close_down(void* argument) {
  Client& client = *static_cast<Client*>(argument);
  client.turn = static_cast<turnc*>(mem_deref(client.turn));  // which sends Refresh(0)
  tmr_start(&client.next, last_wait_ms, end, nullptr);
}

void go_on(void* argument);

void on_channel(void* argument) {
  static_cast<Client*>(argument)->has_channel = true;
  std::puts("channel bound");
  go_on(argument);
}

void go_on(void* argument) {
  Client& client = *static_cast<Client*>(argument);
  const std::uint64_t passed = tmr_jiffies() - client.began;
  if (passed >= client.milliseconds) {
    tmr_start(&client.next, last_wait_ms, close_down, &client);
    return;
  }
  if (passed >= client.milliseconds / 2 && !client.wants_channel) {
    client.wants_channel = true;
    const int error = turnc_add_chan(client.turn, &client.peer_address, on_channel, &client);
    // libre would use the channel at once, though the relay may ask for another nonce first.
    return error != 0 ? give_up(client, "channel", error) : void();
  }
  send_next(client);
  tmr_start(&client.next, every_ms, go_on, &client);
}

void on_permission(void* argument) {
  std::puts("permission installed");
  go_on(argument);
}

void on_allocation(int error, std::uint16_t code, const char* reason, const sa* relayed,
                   const sa* mapped, const stun_msg*, void* argument) {
  Client& client = *static_cast<Client*>(argument);
  if (error != 0 || code != 0) {
    std::fprintf(stderr, "the relay says %u %s\n", code, reason != nullptr ? reason : "");
    return give_up(client, "allocation", error);
  }
  re_printf("allocated %J, seen as %J\n", relayed, mapped);
  client.began = tmr_jiffies();
  const int failed = turnc_add_perm(client.turn, &client.peer_address, on_permission, &client);
  if (failed != 0) give_up(client, "permission", failed);
}

/// What libre's own layer did not take: data of the peer.
void on_data(const sa* source, mbuf* bytes, void* argument) {
  Client& client = *static_cast<Client*>(argument);
  if (client.turn == nullptr) return;  // the answer to Refresh(0), for which nobody waits any more
  const std::size_t size = mbuf_get_left(bytes);
  const std::uint32_t number = size >= 4 ? ntohl(mbuf_read_u32(bytes)) : 0;
  bool intact = size >= 4 && size == size_of(number) && number < client.sent &&
                sa_cmp(source, &client.peer_address, SA_ALL);
  while (intact && mbuf_get_left(bytes) > 0) {
    intact = mbuf_read_u8(bytes) == static_cast<std::uint8_t>(number);
  }
  ++(intact ? client.received : client.strange);
}

void on_peer(const sa* source, mbuf* bytes, void* argument) {
  udp_send(static_cast<Client*>(argument)->peer, source, bytes);
}

int run(Client& client, const char* user, const char* password) {
  // libre asks for no address family, so the relayed address is IPv4, and so the peer.
  sa here;
  int error = sa_set_str(&here, "127.0.0.1", 0);
  if (error == 0) error = udp_listen(&client.peer, &here, on_peer, &client);
  if (error == 0) error = udp_local_get(client.peer, &client.peer_address);
  sa_cpy(&here, &client.server);
  sa_set_port(&here, 0);
  if (error == 0) error = udp_listen(&client.socket, &here, on_data, &client);
  if (error == 0) {
    error = turnc_alloc(&client.turn, nullptr, IPPROTO_UDP, client.socket, 0, &client.server, user,
                        password, TURN_DEFAULT_LIFETIME, on_allocation, &client);
  }
  if (error == 0) error = re_main(nullptr);
  return error;
}

}  // namespace

int main(int count, char** words) {
  Client client;
  if (count != 6) {
    std::fputs("tickover_libre_client SERVER PORT USER PASSWORD MILLISECONDS\n", stderr);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (libre_init() != 0) return 2;
  const auto port = static_cast<std::uint16_t>(std::strtoul(words[2], nullptr, 10));
  client.milliseconds = std::strtoull(words[5], nullptr, 10);
  int error = sa_set_str(&client.server, words[1], port);
  if (error == 0) error = run(client, words[3], words[4]);
  std::printf("sent %u, %u of them by channel, %u came back, %u strange\n", client.sent,
              client.sent_by_channel, client.received, client.strange);
  tmr_cancel(&client.next);
  mem_deref(client.turn);
  mem_deref(client.socket);
  mem_deref(client.peer);
  libre_close();
  if (error != 0 || client.failed != 0) return 1;
  return client.sent > 0 && client.received == client.sent && client.strange == 0 ? 0 : 1;
}
