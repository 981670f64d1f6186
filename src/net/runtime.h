#pragma once
// Runtime: one single-threaded io_context per core ("shard"). An object belongs to one shard and is
// touched only there; other threads hand it values with `post`.

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "net/task.h"

namespace ottla::net {

class Runtime {
 public:
  explicit Runtime(std::size_t shards);
  ~Runtime();  // stop() and join
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] std::size_t shards() const { return contexts_.size(); }
  [[nodiscard]] IoContext& shard(std::size_t index) { return *contexts_[index]; }

  // Shard 0 runs on the calling thread until stop(); the others on threads of their own.
  void run();
  // Ends run() on all shards; what is pending is destroyed, so groups are joined before. Any
  // thread.
  void stop();

  // Runs `work` on a shard, from any thread.
  void post(std::size_t shard, std::function<void()> work);

 private:
  std::vector<std::unique_ptr<IoContext>> contexts_;
  std::vector<std::thread> threads_;
};

}  // namespace ottla::net
