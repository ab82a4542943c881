#include "sim/roles/scripted_answers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "core/check.h"
#include "core/stun/integrity.h"
#include "core/stun/message_view.h"
#include "core/stun/message_writer.h"
#include "core/stun/names.h"
#include "core/stun/nonce_cookie.h"

namespace tickover::sim {
namespace {

using stun::AttributeType;

constexpr std::array<std::string_view, 5> methods = {"Binding", "Allocate", "Refresh",
                                                     "CreatePermission", "ChannelBind"};
constexpr std::size_t largest_answer = 1'024;
constexpr std::uint16_t try_alternate = 300;

bool is_challenge(std::uint16_t code) {
  return code == 401 || code == 438;
}

/// The number at the front; nothing if there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

ScriptedAnswers::ScriptedAnswers(const std::vector<std::string>& script, std::vector<User> users,
                                 std::vector<Relay> relays)
    : users_(std::move(users)), relays_(std::move(relays)) {
  for (const std::string& line : script) {
    auto cue = parse(line);
    CHECK(cue.has_value());
    cues_.push_back(std::move(*cue));
  }
}

std::optional<std::string> ScriptedAnswers::problem_of(const std::string& line,
                                                       const std::vector<Relay>& relays) {
  const auto cue = parse(line);
  if (!cue) return cue.error();
  if (cue->relay.empty() || std::ranges::find(relays, cue->relay, &Relay::name) != relays.end()) {
    return {};
  }
  return "\"" + line + "\" sends clients to \"" + cue->relay + "\", which is no turn-server";
}

std::expected<ScriptedAnswers::Cue, std::string> ScriptedAnswers::parse(const std::string& line) {
  const auto wrong = std::unexpected("\"" + line + "\" is no answer such as \"Refresh 2: 438\"");
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return wrong;
  Cue cue{.method = line.substr(0, space)};
  if (std::ranges::find(methods, cue.method) == methods.end()) return wrong;
  std::string_view rest = std::string_view(line).substr(space + 1);
  const auto number = take_number(rest);
  if (!number || *number == 0 || !rest.starts_with(": ")) return wrong;
  rest.remove_prefix(2);
  const auto code = take_number(rest);
  if (!code || *code < 300 || *code > 699) return wrong;
  cue.number = *number;
  cue.code = static_cast<std::uint16_t>(*code);
  if (*code != try_alternate) return rest.empty() ? std::expected<Cue, std::string>(cue) : wrong;
  if (!rest.starts_with(' ') || rest.size() == 1) {
    return std::unexpected("\"" + line + "\" lacks the relay to try instead: \"" + line +
                           " west\"");
  }
  cue.relay = rest.substr(1);
  return cue;
}

const ScriptedAnswers::Cue* ScriptedAnswers::cue_of(const std::string& method,
                                                    const stun::TransactionId& id) {
  for (const Cue& cue : cues_) {
    if (cue.request == id) return &cue;
  }
  auto count = std::ranges::find(counts_, method, &Count::method);
  if (count == counts_.end()) count = counts_.insert(count, Count{method, 0, {}});
  if (count->requests > 0 && count->latest == id) return nullptr;
  count->latest = id;
  ++count->requests;
  for (Cue& cue : cues_) {
    if (cue.method != method || cue.number != count->requests || cue.request) continue;
    cue.request = id;
    return &cue;
  }
  return nullptr;
}

std::optional<Endpoint> ScriptedAnswers::alternate(const Cue& cue, AddressFamily family) const {
  const auto relay = std::ranges::find(relays_, cue.relay, &Relay::name);
  if (relay == relays_.end()) return {};
  const auto of_family = [family](const Endpoint& e) { return e.family() == family; };
  const auto found = std::ranges::find_if(relay->addresses, of_family);
  return found == relay->addresses.end() ? std::nullopt : std::optional(*found);
}

bool ScriptedAnswers::answer(const Datagram& datagram, TransmitQueue& out) {
  if (cues_.empty() || !stun::looks_like_stun(datagram.payload)) return false;
  const auto message = stun::MessageView::decode(datagram.payload);
  if (!message || message->message_class() != stun::Class::request) return false;
  const std::string_view name = stun::message_name(message->type());
  const auto user = std::ranges::find(
      users_, message->text(AttributeType::username).value_or(std::string_view()), &User::name);
  const bool is_signed = message->has_integrity() || message->has_integrity_sha256();
  // Requests that are about to be challenged anyway are none on cue, nor are those of strangers.
  if (is_signed != (message->method() != stun::Method::binding)) return false;
  if (is_signed && user == users_.end()) return false;
  const std::string_view realm = message->text(AttributeType::realm).value_or(std::string_view());
  std::optional<stun::IntegrityKey> key;
  if (is_signed) {
    const auto named = message->password_algorithm();
    const auto algorithm = named ? named->first_supported() : std::nullopt;
    key = stun::IntegrityKey::long_term(user->name, realm, user->password,
                                        algorithm.value_or(stun::PasswordAlgorithm::md5));
    const bool verified =
        message->has_integrity() ? message->verifies(*key) : message->verifies_sha256(*key);
    if (!verified) return false;  // in another's name
    // Nor is who does not choose among what the nonce says is offered (RFC 8489, section 9.2.4).
    const auto features =
        stun::security_features(message->text(AttributeType::nonce).value_or(std::string_view()));
    const bool chooses = message->password_algorithms().has_value();
    if (features && features->password_algorithms != chooses) return false;
  }
  const Cue* cue = cue_of(std::string(name.substr(0, name.find(' '))), message->id());
  if (cue == nullptr) return false;
  const auto elsewhere = alternate(*cue, datagram.remote.family());
  // Who cannot come by the way that the other relay has is served here.
  if (cue->code == try_alternate && !elsewhere) return false;
  stun::MessageWriter writer(out.reserve(largest_answer), {message->method(), stun::Class::error},
                             message->id());
  writer.add_error(static_cast<stun::ErrorCode>(cue->code), "");
  if (elsewhere) writer.add_plain_address(AttributeType::alternate_server, *elsewhere);
  if (is_challenge(cue->code)) {
    writer.add_text(AttributeType::realm, realm);
    writer.add_text(AttributeType::nonce,
                    message->text(AttributeType::nonce).value_or(std::string_view()));
    // Its cookie says what was offered (RFC 8489, section 9.2), and clients repeat that.
    const auto offered = message->password_algorithms();
    if (offered) writer.add(AttributeType::password_algorithms, offered->bytes());
  } else if (is_signed) {
    if (message->has_integrity()) writer.add_integrity(*key);
    if (message->has_integrity_sha256()) writer.add_integrity_sha256(*key);
  }
  CHECK(writer.ok());
  out.sent({.local = datagram.local, .remote = datagram.remote, .size = writer.size()});
  return true;
}

}  // namespace tickover::sim
