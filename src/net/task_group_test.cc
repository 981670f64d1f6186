#include "net/task_group.h"

#include <gtest/gtest.h>

#include "net/runtime.h"
#include "net/testing.h"

namespace ottla::net {
namespace {

using testing::run_ready;
using testing::run_to_end;
using testing::run_until_empty;
using namespace std::chrono_literals;

struct Seen {
  int begun = 0;
  int ended = 0;
  std::vector<std::error_code> codes;
};

Task<Status> nested_wait(Event& event) {
  co_return co_await event.wait();
}

Task<void> wait_thrice(Event& event, Seen& seen) {
  ++seen.begun;
  for (int i = 0; i < 3; ++i) {
    const Status status = co_await nested_wait(event);
    seen.codes.push_back(status ? std::error_code{} : status.error().code);
  }
  ++seen.ended;
}

Task<void> sleep_long(Seen& seen) {
  const Status status = co_await sleep_for(1h);
  seen.codes.push_back(status ? std::error_code{} : status.error().code);
}

Task<void> join_and_count(TaskGroup& group, int& joined) {
  co_await group.join();
  ++joined;
}

const std::error_code kCancelledCode = make_error_code(BaseErrc::kCancelled);

TEST(TaskGroup, SpawnReturnsBeforeTheCoroutineRuns) {
  IoContext context(1);
  TaskGroup group(context);
  Event event(context);
  Seen seen;
  group.spawn("waiter", wait_thrice(event, seen));
  EXPECT_EQ(seen.begun, 0);
  EXPECT_EQ(group.size(), 1U);
  group.cancel();
  run_until_empty(group);
}

TEST(TaskGroup, CancelReachesANestedWaitAndStays) {
  IoContext context(1);
  TaskGroup group(context);
  Event event(context);
  Seen seen;
  group.spawn("waiter", wait_thrice(event, seen));
  run_ready(context);
  group.cancel();
  EXPECT_TRUE(group.cancelled());
  run_until_empty(group);
  EXPECT_EQ(seen.codes, std::vector(3, kCancelledCode));
}

TEST(TaskGroup, CancelBeforeTheStartStillRunsTheCoroutine) {
  IoContext context(1);
  TaskGroup group(context);
  Event event(context);
  Seen seen;
  group.spawn("waiter", wait_thrice(event, seen));
  group.cancel();
  run_until_empty(group);
  EXPECT_EQ(seen.ended, 1);
  EXPECT_EQ(seen.codes, std::vector(3, kCancelledCode));
}

TEST(TaskGroup, SpawnAfterCancelStartsCancelled) {
  IoContext context(1);
  TaskGroup group(context);
  Event event(context);
  Seen seen;
  group.cancel();
  group.spawn("waiter", wait_thrice(event, seen));
  run_until_empty(group);
  EXPECT_EQ(seen.codes, std::vector(3, kCancelledCode));
}

Task<void> cancel_itself(TaskGroup& group, Seen& seen) {
  group.cancel();
  const Status status = co_await sleep_for(1h);
  seen.codes.push_back(status ? std::error_code{} : status.error().code);
}

TEST(TaskGroup, ACoroutineThatCancelsItsOwnGroupSeesItAtTheNextWait) {
  IoContext context(1);
  TaskGroup group(context);
  Seen seen;
  group.spawn("self", cancel_itself(group, seen));
  group.spawn("other", sleep_long(seen));
  run_until_empty(group);
  EXPECT_EQ(seen.codes, std::vector(2, kCancelledCode));
}

Task<void> spawn_more(TaskGroup& group, Seen& seen, int left) {
  ++seen.begun;
  if (left > 0) group.spawn("child", spawn_more(group, seen, left - 1));
  co_return;
}

TEST(TaskGroup, CoroutinesSpawnOthersIntoTheirGroup) {
  IoContext context(1);
  TaskGroup group(context);
  Seen seen;
  group.spawn("parent", spawn_more(group, seen, 100));
  run_until_empty(group);
  EXPECT_EQ(seen.begun, 101);
}

TEST(TaskGroup, JoinWaitsForAllAndManyMayJoin) {
  IoContext context(1);
  TaskGroup group(context);
  TaskGroup outer(context);
  Seen seen;
  int joined = 0;
  group.spawn("sleeper", sleep_long(seen));
  outer.spawn("join", join_and_count(group, joined));
  outer.spawn("join too", join_and_count(group, joined));
  run_ready(context);
  EXPECT_EQ(joined, 0);
  group.cancel();
  run_until_empty(outer);
  EXPECT_EQ(joined, 2);
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, JoinHoldsOutWhenTheCallerIsCancelled) {
  IoContext context(1);
  TaskGroup group(context);
  TaskGroup outer(context);
  Seen seen;
  int joined = 0;
  group.spawn("sleeper", sleep_long(seen));
  outer.spawn("join", join_and_count(group, joined));
  run_ready(context);
  outer.cancel();
  run_ready(context);
  EXPECT_EQ(joined, 0);
  group.cancel();
  run_until_empty(outer);
  EXPECT_EQ(joined, 1);
}

Task<void> throw_one() {
  throw std::runtime_error("boom");
  co_return;
}

TEST(TaskGroupDeathTest, AnEscapedExceptionIsABugWithAName) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        IoContext context(1);
        run_to_end(context, throw_one());
      },
      "invariant broken: no exception leaves");
}

Task<void> wait_with_deadline(Event& event, Deadline deadline, Status& out) {
  out = co_await event.wait(deadline);
}

TEST(Event, NotifyWakesAllThatWaitNow) {
  IoContext context(1);
  TaskGroup group(context);
  Event event(context);
  Status first = fail(BaseErrc::kCorrupt, "unset");
  Status second = first;
  group.spawn("first", wait_with_deadline(event, Deadline::max(), first));
  group.spawn("second", wait_with_deadline(event, Deadline::max(), second));
  run_ready(context);
  event.notify_all();
  run_until_empty(group);
  EXPECT_TRUE(first && second);
}

TEST(Event, NotifyWithoutWaitersIsNotRemembered) {
  IoContext context(1);
  Event event(context);
  Status status;
  event.notify_all();
  run_to_end(context, wait_with_deadline(event, Clock::now() + 5ms, status));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST(Event, ADeadlineInThePastTimesOut) {
  IoContext context(1);
  Event event(context);
  Status status;
  run_to_end(context, wait_with_deadline(event, Deadline::min(), status));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, make_error_code(BaseErrc::kTimedOut));
}

TEST(Event, ItsEndWakesWaitersAsCancelled) {
  IoContext context(1);
  TaskGroup group(context);
  auto event = std::make_unique<Event>(context);
  Status status;
  group.spawn("waiter", wait_with_deadline(*event, Deadline::max(), status));
  run_ready(context);
  event->notify_all();
  Status late;
  group.spawn("late", wait_with_deadline(*event, Deadline::max(), late));
  run_ready(context);
  event.reset();
  run_until_empty(group);
  EXPECT_TRUE(status);
  ASSERT_FALSE(late);
  EXPECT_TRUE(is_cancelled(late.error()));
}

Task<void> note_shard(Runtime& runtime, std::atomic<int>& left) {
  co_await sleep_for(1ms);
  if (--left == 0) runtime.stop();
}

TEST(Runtime, PostRunsWorkOnEachShardAndStopEndsRun) {
  Runtime runtime(3);
  std::vector<std::unique_ptr<TaskGroup>> groups;
  std::vector<std::thread::id> threads(3);
  std::atomic<int> left = 3;
  for (std::size_t i = 0; i < 3; ++i) {
    groups.push_back(std::make_unique<TaskGroup>(runtime.shard(i)));
    runtime.post(i, [&, i] {
      threads[i] = std::this_thread::get_id();
      groups[i]->spawn("note", note_shard(runtime, left));
    });
  }
  runtime.run();
  EXPECT_EQ(threads[0], std::this_thread::get_id());
  EXPECT_NE(threads[1], threads[2]);
  for (std::size_t i = 0; i < 3; ++i) run_until_empty(*groups[i]);
}

TEST(Runtime, StopBeforeRunAndWithoutRunIsHarmless) {
  Runtime runtime(2);
  runtime.stop();
}

}  // namespace
}  // namespace ottla::net
