#include "net/runtime.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace ottla::net {

namespace asio = boost::asio;

Runtime::Runtime(std::size_t shards) {
  OTTLA_ASSERT(shards > 0);
  for (std::size_t i = 0; i < shards; ++i) contexts_.push_back(std::make_unique<IoContext>(1));
}

Runtime::~Runtime() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

void Runtime::run() {
  OTTLA_ASSERT(threads_.empty());
  const auto run_shard = [](IoContext& context) {
    const auto keep_running = asio::make_work_guard(context);
    context.run();
  };
  for (std::size_t i = 1; i < contexts_.size(); ++i) {
    threads_.emplace_back([run_shard, &context = *contexts_[i]] { run_shard(context); });
  }
  run_shard(*contexts_[0]);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Runtime::stop() {
  for (const auto& context : contexts_) context->stop();
}

void Runtime::post(std::size_t shard, std::function<void()> work) {
  asio::post(*contexts_[shard], std::move(work));
}

}  // namespace ottla::net
