#pragma once
// Logging through spdlog. One line per event, with the place first: "flow A->B orders-3: …".

#include <spdlog/spdlog.h>

#define OTTLA_DEBUG(...) SPDLOG_DEBUG(__VA_ARGS__)
#define OTTLA_INFO(...) ::spdlog::info(__VA_ARGS__)
#define OTTLA_WARN(...) ::spdlog::warn(__VA_ARGS__)
#define OTTLA_ERROR(...) ::spdlog::error(__VA_ARGS__)
