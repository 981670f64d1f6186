#pragma once
// yield(): lets everything else that is ready on this core run once.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/task.h"

namespace ottla::net {

inline auto yield() {
  return boost::asio::post(boost::asio::use_awaitable_t<Executor>());
}

}  // namespace ottla::net
