#pragma once

#include <expected>
#include <string>
#include <vector>

#include "core/turn/server/config.h"

namespace tickover::sim::live {

/// Users from a file: one `name:password` a line; the password may contain any text, also colons.
/// Empty lines and those that begin with # do not count, nor does the byte order mark that some
/// editors begin with. A control character, or a blank around a name, is nobody's intent, and
/// nobody could log in: it is refused. The error names file and line, and never shows a password.
std::expected<std::vector<turn::User>, std::string> read_users(const std::string& path);

/// The first line of a file that holds nothing else, such as a password or a shared secret; again
/// without byte order mark, and without control characters.
std::expected<std::string, std::string> read_secret(const std::string& path);

}  // namespace tickover::sim::live
