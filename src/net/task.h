#pragma once
// The coroutine type of the whole program: an Asio awaitable bound to one single-threaded
// io_context (a shard). Concrete executor, so that no type erasure sits on the data path.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

namespace ottla::net {

using IoContext = boost::asio::io_context;
using Executor = IoContext::executor_type;
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace ottla::net
