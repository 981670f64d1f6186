#pragma once
// OTTLA_ASSERT: an invariant of our own code. Stays on in release. Never reachable by network
// input, configuration or stored bytes: those are Results.

namespace ottla {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#define OTTLA_ASSERT(expression)       \
  (__builtin_expect(!!(expression), 1) \
       ? static_cast<void>(0)          \
       : ::ottla::assertion_failed(#expression, __FILE__, __LINE__))
