#pragma once

#include <csignal>
#include <thread>

#include "properties/live/turn_bench.h"
#include "properties/program/workbench.h"

#if defined(__has_feature)
#define TICKOVER_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TICKOVER_HAS_FEATURE(feature) 0
#endif

// `tickover relay` as a process of its own, as users start it.
namespace tickover::sim::live {

/// A sanitizer needs descriptors for itself, and takes their want for a fault of the program.
#if defined(__SANITIZE_ADDRESS__) || TICKOVER_HAS_FEATURE(address_sanitizer)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

class RelayProcess {
 public:
  /// At a port of the system's choice if there is none, with the file users.txt of `bench`.
  RelayProcess(const Workbench& bench, const std::vector<std::string>& more,
               const Endpoint& at = any_v4)
      : bench_(bench) {
    std::vector<std::string> words = {"relay",     "--listen", at.text(),    "--users",
                                      "users.txt", "--realm",  "example.org"};
    words.insert(words.end(), more.begin(), more.end());
    process_ = bench.start(words);
    if (!prints("\n")) return;
    const std::string line = bench.printed();
    const std::size_t begin = line.find("127.0.0.1:");
    const std::size_t end = line.find_first_of("\"\n", begin);
    address = Endpoint::parse(line.substr(begin, end - begin)).value_or(Endpoint{});
  }
  ~RelayProcess() {
    if (process_ > 0) end(SIGKILL);
  }
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;

  Endpoint address;  // where it listens

  bool prints(std::string_view words) const {
    for (int i = 0; i < 1'000; ++i) {
      if (bench_.printed().find(words) != std::string::npos) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  void signal(int number) const { ::kill(process_, number); }
  Finished finish() { return bench_.finish(std::exchange(process_, 0)); }
  Finished end(int number) {
    signal(number);
    return finish();
  }

 private:
  const Workbench& bench_;
  pid_t process_ = 0;
};

}  // namespace tickover::sim::live
