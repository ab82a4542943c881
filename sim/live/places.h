#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/address.h"

namespace tickover::sim::live {

/// "192.0.2.1", "192.0.2.1:3478", "2001:db8::1" or "[2001:db8::1]:3478"; without a port it is
/// `usual`. The error says what was expected.
std::expected<Endpoint, std::string> parse_place(std::string_view text, std::uint16_t usual);

std::expected<std::uint16_t, std::string> parse_port(std::string_view text);

/// "49152-65535"; both ends included.
std::expected<std::pair<std::uint16_t, std::uint16_t>, std::string> parse_ports(
    std::string_view text);

/// Where `host` is by the system's names, the first address of each family; it may be an address
/// itself. The error is a sentence.
std::expected<std::vector<Endpoint>, std::string> resolve(const std::string& host,
                                                          std::uint16_t port);

}  // namespace tickover::sim::live
