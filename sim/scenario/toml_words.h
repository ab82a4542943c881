#pragma once

#include <string_view>

#include "sim/scenario/toml_tree.h"

namespace tickover::sim {

/// A parser's complaint about a document, in the words of somebody who wrote a scenario: what is
/// missing where, and the value that was perhaps meant. `description` is the parser's own, which
/// stands for what no rule here knows.
TomlError in_plain_words(std::string_view description, Place place, std::string_view text);

}  // namespace tickover::sim
