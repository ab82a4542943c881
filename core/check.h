#pragma once

namespace tickover {

/// Says on stderr which of our own assumptions does not hold, and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace tickover

/// An assumption of ours (never the wire's or the caller's mistake). On in every build.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tickover::check_failed(#condition, __FILE__, __LINE__))
