#include "sim/program/crashing_history.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>

#include "sim/program/counterexample.h"
#include "sim/program/crash_note.h"
#include "sim/program/replay_line.h"

namespace tickover::sim {
namespace {

/// What this thread is about. A crash reads it without locks.
struct Walk {
  const void* of = nullptr;
  const std::vector<LostDatagram>* losses = nullptr;
};
thread_local Walk walk_of_thread;

/// Writes with nothing but write(2).
class Pen {
 public:
  explicit Pen(int file) : file_(file) {}
  Pen& operator<<(std::string_view text) {
    [[maybe_unused]] const auto written = ::write(file_, text.data(), text.size());
    return *this;
  }
  Pen& operator<<(std::uint32_t number) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return *this << std::string_view(digits.data(), end.ptr);
  }
  /// As TOML writes a string of printable characters.
  Pen& quote(std::string_view text) {
    *this << "\"";
    for (const char& c : text) {
      if (c == '"' || c == '\\') *this << "\\";
      *this << std::string_view(&c, 1);
    }
    return *this << "\"";
  }

 private:
  int file_;
};

}  // namespace

CrashingHistory::CrashingHistory(std::string program, std::string file, std::string folder,
                                 std::uint64_t seed)
    : program_(std::move(program)),
      file_(std::move(file)),
      folder_(std::move(folder)),
      seed_(seed) {}

void CrashingHistory::begin(const Scenario& plain) {
  Outcome crash{.exit = ExitCode::crash, .seed = seed_};
  crash.breach = Breach{.breach_class = {}, .oracle = "crash"};
  const FailureStory story{fmt::format("a loss history of {} with seed 0x{:x}", file_, seed_), ""};
  const std::string stem = std::filesystem::path(file_).stem().string();
  path_ = fmt::format("{}/{}.toml", folder_,
                      failure_file_name(folder_, stem + "-exhaust", crash, story));
  text_ = found_text(plain, story);
  note_ = replay_line(program_, path_, seed_) + "\n";
  folders_.clear();
  for (std::filesystem::path part = folder_; !part.empty() && part != part.root_path();
       part = part.parent_path()) {
    folders_.insert(folders_.begin(), part.string());
  }
  static const std::vector<LostDatagram> none;
  walk(&none);
}

void CrashingHistory::walk(const std::vector<LostDatagram>* losses) {
  walk_of_thread = {this, losses};
  on_crash(losses == nullptr ? nullptr : &last_words, this);
  note_running_case(losses == nullptr ? "" : note_);
}

void CrashingHistory::last_words(void* of) {
  const auto* self = static_cast<const CrashingHistory*>(of);
  for (const std::string& folder : self->folders_) ::mkdir(folder.c_str(), 0777);
  const int file = ::open(self->path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  Pen pen(file);
  pen << self->text_;
  for (const LostDatagram& lost : *walk_of_thread.losses) {
    pen << "\n[[fault]]\ndrop = { from = ";
    pen.quote(lost.from) << ", to = ";
    pen.quote(lost.to) << ", message = ";
    pen.quote(lost.message) << ", transaction = " << lost.id.transaction
                            << ", copy = " << lost.id.copy << " }\n";
  }
  ::close(file);
}

}  // namespace tickover::sim
