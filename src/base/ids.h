#pragma once
// Strong types for Kafka's numbers, so that an offset can't be passed for an epoch.

#include <fmt/format.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

namespace ottla {

template <class Tag, class Rep>
class StrongInt {
 public:
  using rep = Rep;
  constexpr StrongInt() = default;
  explicit constexpr StrongInt(Rep v) : value_(v) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const StrongInt&) const = default;
  constexpr StrongInt& operator++() {
    ++value_;
    return *this;
  }
  constexpr StrongInt operator+(Rep n) const { return StrongInt(static_cast<Rep>(value_ + n)); }
  constexpr StrongInt operator-(Rep n) const { return StrongInt(static_cast<Rep>(value_ - n)); }
  constexpr StrongInt& operator+=(Rep n) {
    value_ = static_cast<Rep>(value_ + n);
    return *this;
  }
  // Distance.
  constexpr Rep operator-(StrongInt o) const { return static_cast<Rep>(value_ - o.value_); }

 private:
  Rep value_ = 0;
};

using BrokerId = StrongInt<struct BrokerIdTag, std::int32_t>;
using PartitionId = StrongInt<struct PartitionIdTag, std::int32_t>;
using Offset = StrongInt<struct OffsetTag, std::int64_t>;
using LeaderEpoch = StrongInt<struct LeaderEpochTag, std::int32_t>;  // -1: unknown
using ProducerId = StrongInt<struct ProducerIdTag, std::int64_t>;    // -1: none
using ProducerEpoch = StrongInt<struct ProducerEpochTag, std::int16_t>;
using CorrelationId = StrongInt<struct CorrelationIdTag, std::int32_t>;

// A topic id (KIP-516): 16 bytes, all zero where unknown.
struct TopicId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const TopicId&) const = default;
  [[nodiscard]] bool is_zero() const { return *this == TopicId{}; }
  // Kafka's own notation: base64url without padding, 22 characters.
  [[nodiscard]] std::string to_string() const;
};

struct TopicPartition {
  std::string topic;
  PartitionId partition;
  auto operator<=>(const TopicPartition&) const = default;
  // "orders-3"
  [[nodiscard]] std::string to_string() const {
    return fmt::format("{}-{}", topic, partition.value());
  }
};

}  // namespace ottla

template <class Tag, class Rep>
struct std::hash<ottla::StrongInt<Tag, Rep>> {
  std::size_t operator()(ottla::StrongInt<Tag, Rep> v) const noexcept {
    return std::hash<Rep>{}(v.value());
  }
};

template <>
struct std::hash<ottla::TopicId> {
  std::size_t operator()(const ottla::TopicId& id) const noexcept {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, id.bytes.data(), 8);
    std::memcpy(&b, id.bytes.data() + 8, 8);
    return a ^ (b * 0x9E3779B97F4A7C15ULL);
  }
};

template <>
struct std::hash<ottla::TopicPartition> {
  std::size_t operator()(const ottla::TopicPartition& tp) const noexcept {
    return std::hash<std::string>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition.value());
  }
};

template <class Tag, class Rep>
struct fmt::formatter<ottla::StrongInt<Tag, Rep>> : fmt::formatter<Rep> {
  template <class Context>
  auto format(ottla::StrongInt<Tag, Rep> v, Context& ctx) const {
    return fmt::formatter<Rep>::format(v.value(), ctx);
  }
};
