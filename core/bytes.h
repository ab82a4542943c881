#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tickover {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// The largest UDP payload that any datagram here can have (IPv6 without jumbograms).
inline constexpr std::size_t max_datagram_size = 65'527;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads big-endian fields from the front of a view. A read past the end gives zeros or an empty
/// view and sets a sticky fault: read all fields straight down, then ask `ok()` once.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t offset() const { return offset_; }
  std::size_t left() const { return bytes_.size() - offset_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  Bytes bytes(std::size_t count) {
    if (!take(count)) return {};
    return bytes_.subspan(offset_ - count, count);
  }
  void skip(std::size_t count) { take(count); }

 private:
  bool take(std::size_t count) {
    if (!ok_ || count > left()) {
      ok_ = false;
      offset_ = bytes_.size();
      return false;
    }
    offset_ += count;
    return true;
  }
  std::uint64_t number(std::size_t count) {
    if (!take(count)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = offset_ - count; i < offset_; ++i) value = (value << 8) | bytes_[i];
    return value;
  }

  Bytes bytes_;
  std::size_t offset_ = 0;
  bool ok_ = true;
};

/// Writes big-endian fields into a caller's buffer. A write past the end writes nothing and sets a
/// sticky fault.
class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes buffer) : buffer_(buffer) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }
  Bytes written() const { return buffer_.first(size_); }
  MutableBytes written() { return buffer_.first(size_); }

  void u8(std::uint8_t v) { number(v, 1); }
  void u16(std::uint16_t v) { number(v, 2); }
  void u32(std::uint32_t v) { number(v, 4); }
  void u64(std::uint64_t v) { number(v, 8); }
  void bytes(Bytes source) {
    if (!take(source.size())) return;
    std::copy(source.begin(), source.end(),
              buffer_.begin() + static_cast<std::ptrdiff_t>(size_ - source.size()));
  }
  void zeros(std::size_t count) {
    if (!take(count)) return;
    std::fill_n(buffer_.begin() + static_cast<std::ptrdiff_t>(size_ - count), count,
                std::uint8_t{0});
  }

 private:
  bool take(std::size_t count) {
    if (!ok_ || count > buffer_.size() - size_) return ok_ = false;
    size_ += count;
    return true;
  }
  void number(std::uint64_t value, std::size_t count) {
    if (!take(count)) return;
    for (std::size_t i = 0; i < count; ++i) {
      buffer_[size_ - 1 - i] = static_cast<std::uint8_t>(value & 0xff);
      value >>= 8;
    }
  }

  MutableBytes buffer_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace tickover
