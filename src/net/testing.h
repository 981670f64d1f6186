#pragma once
// For tests only: drives a coroutine from a plain function.

#include <gtest/gtest.h>

#include "net/task_group.h"

namespace ottla::net::testing {

// Runs the context until the group is empty; a hang fails the test after `limit`.
inline void run_until_empty(TaskGroup& group, Duration limit = std::chrono::seconds(30)) {
  IoContext& context = group.context();
  const Deadline deadline = Clock::now() + limit;
  context.restart();
  while (group.size() > 0 && Clock::now() < deadline) context.run_one_until(deadline);
  if (group.size() > 0) {
    ADD_FAILURE() << group.size() << " coroutines still run after " << limit.count() << " ms";
    group.cancel();
    while (group.size() > 0 && context.run_one_for(std::chrono::seconds(1)) > 0) {
    }
  }
}

// Runs one coroutine to its end.
inline void run_to_end(IoContext& context, Task<void> task,
                       Duration limit = std::chrono::seconds(30)) {
  TaskGroup group(context);
  group.spawn("test", std::move(task));
  run_until_empty(group, limit);
}

// Runs what is ready, without waiting.
inline void run_ready(IoContext& context) {
  context.restart();
  context.poll();
}

}  // namespace ottla::net::testing
