#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tickover::sim {

/// Writes JSON text straight down: objects and arrays open and close, commas are placed by the
/// writer. Numbers are whole; seeds and digests are written as strings by their callers, because
/// not every reader keeps 64 bits.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name) {
    comma();
    quote(name);
    out_ += ':';
    after_key_ = true;
    return *this;
  }
  JsonWriter& value(std::string_view text) {
    comma();
    quote(text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag) {
    comma();
    out_ += flag ? "true" : "false";
    return *this;
  }
  JsonWriter& value(std::uint64_t number) {
    comma();
    out_ += std::to_string(number);
    return *this;
  }
  JsonWriter& value(std::int64_t number) {
    comma();
    out_ += std::to_string(number);
    return *this;
  }
  JsonWriter& value(int number) { return value(std::int64_t{number}); }
  JsonWriter& null() {
    comma();
    out_ += "null";
    return *this;
  }
  template <class T>
  JsonWriter& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }

 private:
  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }
  void comma() {
    if (!first_ && !after_key_) out_ += ',';
    first_ = false;
    after_key_ = false;
  }
  void quote(std::string_view text);

  std::string& out_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace tickover::sim
