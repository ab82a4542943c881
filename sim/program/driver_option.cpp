#include "sim/program/driver_option.h"

#include <fmt/format.h>

#include "sim/scenario/keys.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/text.h"

namespace tickover::sim {
namespace {

constexpr std::string_view lazy = "lazy";
constexpr std::string_view ticking = "ticking";
constexpr std::string_view oversleeping = "oversleeping";

}  // namespace

std::expected<DriverSpec, std::string> parse_driver(std::string_view text) {
  if (text == lazy) return DriverSpec{};
  const std::string_view kind = text.substr(0, text.find('='));
  const KeySpec* const key = find_key(driver_keys(), kind);
  if (key == nullptr || kind.size() == text.size()) {
    return std::unexpected(
        fmt::format("expected lazy, ticking=1ms or oversleeping=200ms, found {}", quoted(text)));
  }
  const auto every = parse_duration_range(text.substr(kind.size() + 1));
  if (!every) return std::unexpected(every.error().what);
  if (every->low.count() < key->least) {
    return std::unexpected(fmt::format("{}: at least {} is expected, found {}", kind,
                                       duration_text(Duration::nanoseconds(key->least)),
                                       duration_text(every->low)));
  }
  return DriverSpec{kind == ticking ? DriverKind::ticking : DriverKind::oversleeping, *every};
}

std::string driver_text(const DriverSpec& driver) {
  if (driver.kind == DriverKind::lazy) return std::string(lazy);
  const bool ticks = driver.kind == DriverKind::ticking;
  return fmt::format("{}={}", ticks ? ticking : oversleeping, range_text(driver.every));
}

std::string driver_option(const DriverChoice& driver) {
  return driver ? " --driver " + driver_text(*driver) : std::string();
}

void drive(Scenario& scenario, const DriverChoice& driver, const RoleRegistry& registry) {
  if (!driver) return;
  scenario.expect.marks.clear();
  for (HostSpec& host : scenario.hosts) {
    const Role* const role = registry.find(host.role);
    if (role == nullptr || !role->spoofs) host.driver = *driver;
  }
}

}  // namespace tickover::sim
