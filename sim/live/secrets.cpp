#include "sim/live/secrets.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

#include "core/utf8.h"
#include "sim/scenario/nearest.h"

namespace tickover::sim::live {
namespace {

constexpr std::size_t longest_line = 4'096;
constexpr std::size_t most_lines = 1'000'000;
constexpr std::size_t longest_name = 508;  // RFC 8489, section 14.3

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

/// Lines without their ends, and without a byte order mark; the error is a sentence.
std::expected<std::vector<std::string>, std::string> read_lines(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  if (!file) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(file, line)) {
    if (lines.empty() && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > longest_line || lines.size() >= most_lines) {
      return std::unexpected(
          fmt::format("{}:{}: more than anybody would write by intent", path, lines.size() + 1));
    }
    lines.push_back(std::move(line));
    line.clear();
  }
  if (file.bad() || lines.empty()) {
    return std::unexpected(path + (file.bad() ? ": cannot be read" : ": is empty"));
  }
  return lines;
}

std::optional<std::string> problem_of_line(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (has_control_character(line)) return "contains a control character";
  if (colon == line.npos) return "expected name:password, found no colon";
  if (colon == 0) return "a user without a name";
  if (line.front() == ' ' || line[colon - 1] == ' ') {
    return "a name with a blank before or behind it";
  }
  if (colon > longest_name) return "a name has at most 508 bytes";
  if (colon + 1 == line.size()) return "user " + quoted(line.substr(0, colon)) + " has no password";
  if (!is_utf8(line)) return "is no UTF-8";
  return {};
}

}  // namespace

std::expected<std::vector<turn::User>, std::string> read_users(const std::string& path) {
  const auto lines = read_lines(path);
  if (!lines) return std::unexpected(lines.error());
  std::vector<turn::User> users;
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const std::string& line = (*lines)[i];
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == line.npos || line[begin] == '#') continue;
    const auto problem = problem_of_line(line);
    if (problem) return std::unexpected(fmt::format("{}:{}: {}", path, i + 1, *problem));
    const std::size_t colon = line.find(':');
    users.push_back({line.substr(0, colon), line.substr(colon + 1)});
    const auto [earlier, is_new] = seen.emplace(users.back().name, i + 1);
    if (!is_new) {
      return std::unexpected(fmt::format("{}:{}: user {} is already in line {}", path, i + 1,
                                         quoted(users.back().name), earlier->second));
    }
  }
  if (users.empty()) return std::unexpected(path + ": names no user");
  return users;
}

std::expected<std::string, std::string> read_secret(const std::string& path) {
  const auto lines = read_lines(path);
  if (!lines) return std::unexpected(lines.error());
  if (lines->front().empty()) return std::unexpected(path + ":1: is empty");
  if (has_control_character(lines->front())) {
    return std::unexpected(path + ":1: contains a control character");
  }
  for (std::size_t i = 1; i < lines->size(); ++i) {
    if ((*lines)[i].empty()) continue;
    return std::unexpected(fmt::format("{}:{}: expected one line only", path, i + 1));
  }
  return lines->front();
}

}  // namespace tickover::sim::live
