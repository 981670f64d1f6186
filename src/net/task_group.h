#pragma once
// TaskGroup: owns coroutines. Everything that runs in the background belongs to one, so that
// nothing outlives what it refers to: `cancel` asks all to end, `join` waits until they have.
//
// Invariants: a group is used on one shard only; it is empty when destroyed (asserted); after
// cancel() a spawned coroutine starts cancelled. A coroutine sees cancellation as
// BaseErrc::kCancelled from whatever it waits on (Event, sleep, Stream), never as an exception.

#include <functional>
#include <list>
#include <string>

#include "base/result.h"
#include "net/task.h"

namespace ottla::net {

class TaskGroup {
 public:
  explicit TaskGroup(IoContext& context);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // `name` appears in the assertion when the coroutine lets an exception escape (a bug).
  void spawn(std::string name, Task<void> task);
  void cancel();
  // Returns when no coroutine of the group runs any more. Not itself cancelled by cancel().
  Task<void> join();

  [[nodiscard]] bool cancelled() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] IoContext& context() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A condition that coroutines of one shard wait on. notify_all wakes those that wait now; a set
// predicate is the caller's: `while (!ready) co_await event.wait(deadline)`.
class Event {
 public:
  explicit Event(IoContext& context);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void notify_all();
  // kTimedOut after the deadline, kCancelled when the group of the caller was cancelled.
  Task<Status> wait(Deadline deadline);
  Task<Status> wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// kCancelled when interrupted.
Task<Status> sleep_until(Deadline deadline);
Task<Status> sleep_for(Duration duration);

}  // namespace ottla::net
