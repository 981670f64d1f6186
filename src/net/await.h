#pragma once
// What every wait inside net/ has in common: the completion token that turns an Asio error into a
// value, and the check that makes cancellation sticky. Not for use outside net/.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"
#include "net/task.h"

namespace ottla::net {

using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

inline constexpr boost::asio::use_awaitable_t<Executor> kAwait{};
// co_await operation(kAwaitTuple) gives a tuple whose first member is the error_code.
inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<Executor>> kAwaitTuple{
    kAwait};

// Whether the group of this coroutine was cancelled; stays true once it is.
inline bool asked_to_stop(const boost::asio::cancellation_state& state) {
  return state.cancelled() != boost::asio::cancellation_type::none;
}
#define OTTLA_NET_STOPPED() \
  (::ottla::net::asked_to_stop(co_await boost::asio::this_coro::cancellation_state))

inline std::unexpected<Error> cancelled(std::string where) {
  return fail(BaseErrc::kCancelled, std::move(where));
}

}  // namespace ottla::net
