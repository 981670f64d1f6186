#pragma once
// Values for tests: each differs from the last and from the schema's defaults.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "kafka/wire/tags.h"

namespace ottla::kafka::testing {

// What a message holds. kNulls: null wherever the version allows it. kUnknownTags: filled, and
// tagged fields that nobody knows in every struct, if the version is flexible.
enum class Fill { kDefaults, kFilled, kNulls, kUnknownTags };

class Filler {
 public:
  explicit Filler(Fill kind) : kind_(kind) {}
  [[nodiscard]] bool nulls() const { return kind_ == Fill::kNulls; }
  [[nodiscard]] bool tags() const { return kind_ == Fill::kUnknownTags; }

  std::int8_t int8() { return static_cast<std::int8_t>(2 + next() % 100); }
  std::int16_t int16() { return static_cast<std::int16_t>(300 + next()); }
  std::uint16_t uint16() { return static_cast<std::uint16_t>(40000 + next()); }
  std::int32_t int32() { return static_cast<std::int32_t>(70000 + next()); }
  std::int64_t int64() { return (std::int64_t{1} << 40) + static_cast<std::int64_t>(next()); }
  bool boolean() { return true; }
  double float64() { return static_cast<double>(next()) + 0.5; }
  std::string string() { return "größe-" + std::to_string(next()); }
  TopicId uuid() {
    TopicId id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(next());
    return id;
  }
  // Views into a constant.
  Bytes bytes() {
    const std::size_t n = next();
    return Bytes(kBytes).subspan(n % 64, 1 + n % 64);
  }
  wire::UnknownTags unknown_tags() {
    const auto n = static_cast<std::uint32_t>(next());
    return {{100, {}}, {1000 + n, {std::byte{1}, std::byte{2}}}};
  }

 private:
  static constexpr std::array<std::byte, 128> kBytes = [] {
    std::array<std::byte, 128> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i * 7 + 1);
    return all;
  }();

  std::size_t next() { return ++count_; }

  Fill kind_;
  std::size_t count_ = 0;
};

}  // namespace ottla::kafka::testing
