#include "sim/search/words_of.h"

#include <algorithm>

namespace tickover::sim {
namespace {

/// "bob" and "bob-17" belong to "bob".
bool belongs_to(std::string_view word, std::string_view name) {
  if (word == name) return true;
  if (!word.starts_with(name) || word.size() < name.size() + 2 || word[name.size()] != '-') {
    return false;
  }
  return std::ranges::all_of(word.substr(name.size() + 1),
                             [](char c) { return c >= '0' && c <= '9'; });
}

template <class Visit>
void for_each_word(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

bool speaks_of(std::string_view text, std::string_view name) {
  bool found = false;
  for_each_word(text, [&](std::string_view word) { found = found || belongs_to(word, name); });
  return found;
}

std::string renamed(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for_each_word(text, [&](std::string_view word) {
    if (!result.empty()) result += ' ';
    result += word == from ? to : word;
  });
  return result;
}

}  // namespace tickover::sim
