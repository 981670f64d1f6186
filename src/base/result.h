#pragma once
// Result<T>: a value, or an Error that says what happened and where.
//
// Errors are values. Exceptions are used only while the process is put together and are caught in
// main. Every module hooks its own enum into std::error_code; the context names the place (broker,
// topic-partition, API, file and line) in words that a person on call can act on.

#include <expected>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ottla {

struct [[nodiscard]] Error {
  std::error_code code;
  std::string context;

  Error(std::error_code c, std::string where) : code(c), context(std::move(where)) {}

  // "context: message of the code"
  [[nodiscard]] std::string to_string() const {
    if (context.empty()) return code.message();
    return context + ": " + code.message();
  }

  // The same error, seen from one level up: "where: context".
  [[nodiscard]] Error within(std::string_view where) && {
    context = context.empty() ? std::string(where) : std::string(where) + ": " + context;
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// Errors that belong to no other module.
enum class BaseErrc {
  kCancelled = 1,      // asked to stop; never logged as an error
  kTimedOut = 2,       // a deadline passed
  kInvalidInput = 3,   // configuration, argument or stored state that can't be used
  kCorrupt = 4,        // bytes that break their format
  kLimitExceeded = 5,  // a bound on size or count was hit
  kUnavailable = 6,    // the other side is not there at the moment
  kUnsupported = 7,    // the other side can't do this
};

const std::error_category& base_category() noexcept;
inline std::error_code make_error_code(BaseErrc e) noexcept {
  return {static_cast<int>(e), base_category()};
}

[[nodiscard]] inline std::unexpected<Error> fail(std::error_code code, std::string context) {
  return std::unexpected<Error>(std::in_place, code, std::move(context));
}

inline bool is_cancelled(const Error& e) noexcept {
  return e.code == make_error_code(BaseErrc::kCancelled);
}

}  // namespace ottla

template <>
struct std::is_error_code_enum<ottla::BaseErrc> : std::true_type {};

// Propagation. `OTTLA_TRY(status_expression);` and `OTTLA_ASSIGN(auto x, result_expression);`, with
// a CO_ form for coroutines. Plain statements, so that no temporary lives across a suspension.
#define OTTLA_CONCAT_INNER(a, b) a##b
#define OTTLA_CONCAT(a, b) OTTLA_CONCAT_INNER(a, b)
#define OTTLA_TRY_IMPL(ret, tmp, ...) \
  auto tmp = (__VA_ARGS__);           \
  if (!tmp) ret std::unexpected<::ottla::Error>(std::move(tmp).error())
#define OTTLA_TRY(...) OTTLA_TRY_IMPL(return, OTTLA_CONCAT(ottla_try_, __LINE__), __VA_ARGS__)
#define OTTLA_CO_TRY(...) OTTLA_TRY_IMPL(co_return, OTTLA_CONCAT(ottla_try_, __LINE__), __VA_ARGS__)
#define OTTLA_ASSIGN_IMPL(ret, tmp, lhs, ...)                            \
  auto tmp = (__VA_ARGS__);                                              \
  if (!tmp) ret std::unexpected<::ottla::Error>(std::move(tmp).error()); \
  lhs = *std::move(tmp)
#define OTTLA_ASSIGN(lhs, ...) \
  OTTLA_ASSIGN_IMPL(return, OTTLA_CONCAT(ottla_res_, __LINE__), lhs, __VA_ARGS__)
#define OTTLA_CO_ASSIGN(lhs, ...) \
  OTTLA_ASSIGN_IMPL(co_return, OTTLA_CONCAT(ottla_res_, __LINE__), lhs, __VA_ARGS__)
