#pragma once

#include <expected>
#include <string>
#include <vector>

#include "core/turn/server/config.h"

namespace tickover::sim::live {

/// Users from a file: one `name:password` a line; the password may contain anything, also colons.
/// Empty lines and those that begin with # do not count. The error names file and line, and never
/// shows a password.
std::expected<std::vector<turn::User>, std::string> read_users(const std::string& path);

/// The first line of a file that holds nothing else, such as a password or a shared secret.
std::expected<std::string, std::string> read_secret(const std::string& path);

}  // namespace tickover::sim::live
