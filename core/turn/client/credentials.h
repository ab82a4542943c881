#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stun/integrity.h"
#include "core/stun/message_view.h"
#include "core/turn/client/config.h"

namespace tickover::turn::client {

/// What a 401 or 438 tells about signing.
struct Challenge {
  std::string_view realm;
  std::string_view nonce;
  std::optional<stun::PasswordAlgorithmList> algorithms;
};

/// Whether a message's nonce promises PASSWORD-ALGORITHMS that are not there: somebody on the path
/// took them out (RFC 8489, section 9.2.5; PROTOCOL A15, A16).
bool hides_algorithms(const stun::MessageView& message);

/// What one relay has told one of our sockets about signing, and the key that follows. Never
/// carried over to another socket or server (BUGS C23).
///
/// What the relay once offered on this socket it cannot take back: from then on requests and
/// answers are signed by MESSAGE-INTEGRITY-SHA256 alone (PROTOCOL A22), and a name that was hidden
/// stays hidden.
class Credentials {
 public:
  enum class Refusal : std::uint8_t {
    no_common_algorithm,  // the relay offers none that we can compute (PROTOCOL A17)
    name_not_hidden,      // `hide_username`, and the relay knows no USERHASH (PROTOCOL A23)
  };

  bool known() const { return known_; }
  /// The user's name when the key was made: it stays that of the allocation (PROTOCOL A24).
  const std::string& username() const { return username_; }
  const std::string& realm() const { return realm_; }
  const std::string& nonce() const { return nonce_; }
  /// Whether requests name the user by USERHASH.
  bool is_hidden() const { return is_hidden_; }
  /// PASSWORD-ALGORITHMS as the relay sent it, to be echoed; empty: there was none.
  Bytes algorithms() const { return algorithms_; }
  /// The one that was chosen of them.
  std::optional<stun::PasswordAlgorithm> algorithm() const { return algorithm_; }
  const stun::IntegrityKey& key() const { return key_; }
  /// Of the login whose key this is.
  std::uint32_t login() const { return login_; }
  /// Whether the answer is signed, as it has to be by now.
  bool verify(const stun::MessageView& answer) const;

  /// Takes over the challenge, unless there is a reason not to answer it. `login` counts the
  /// changes of `config`'s username and password.
  std::optional<Refusal> learn(const Challenge& challenge, const ClientConfig& config,
                               std::uint32_t login);

  bool operator==(const Credentials&) const = default;

 private:
  bool known_ = false;
  bool is_hidden_ = false;
  std::uint32_t login_ = 0;
  std::string username_;
  std::string realm_;
  std::string nonce_;
  std::vector<std::uint8_t> algorithms_;
  std::optional<stun::PasswordAlgorithm> algorithm_;
  stun::IntegrityKey key_;
};

}  // namespace tickover::turn::client
