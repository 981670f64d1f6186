#include <boost/intrusive/list.hpp>

#include "net/await.h"
#include "net/task_group.h"

namespace ottla::net {

namespace asio = boost::asio;
namespace intrusive = boost::intrusive;

namespace {

enum class Outcome { kNone, kNotified, kEventGone };

// Lives in the frame of the coroutine that waits. Whoever sets the outcome has unlinked it, so a
// woken waiter touches neither the list nor the Event, which may be gone.
struct Waiter : intrusive::list_base_hook<intrusive::link_mode<intrusive::auto_unlink>> {
  Waiter(IoContext& context, Deadline deadline) : timer(context, deadline) {}
  Timer timer;
  Outcome outcome = Outcome::kNone;
};

}  // namespace

struct Event::State {
  explicit State(IoContext& c) : context(c) {}

  IoContext& context;
  intrusive::list<Waiter, intrusive::constant_time_size<false>> waiters;

  void wake_all(Outcome outcome) {
    while (!waiters.empty()) {
      Waiter& waiter = waiters.front();
      waiters.pop_front();
      waiter.outcome = outcome;
      waiter.timer.cancel();
    }
  }
};

Event::Event(IoContext& context) : state_(std::make_unique<State>(context)) {}

Event::~Event() {
  state_->wake_all(Outcome::kEventGone);
}

void Event::notify_all() {
  state_->wake_all(Outcome::kNotified);
}

Task<Status> Event::wait(Deadline deadline) {
  if (OTTLA_NET_STOPPED()) co_return cancelled("wait");
  Waiter waiter(state_->context, deadline);
  state_->waiters.push_back(waiter);
  const auto [ec] = co_await waiter.timer.async_wait(kAwaitTuple);
  if (waiter.outcome == Outcome::kNotified) co_return Status{};
  if (waiter.outcome == Outcome::kEventGone || ec) co_return cancelled("wait");
  co_return fail(BaseErrc::kTimedOut, "wait");
}

Task<Status> Event::wait() {
  return wait(Deadline::max());
}

Task<Status> sleep_until(Deadline deadline) {
  if (OTTLA_NET_STOPPED()) co_return cancelled("sleep");
  Timer timer(co_await asio::this_coro::executor, deadline);
  const auto [ec] = co_await timer.async_wait(kAwaitTuple);
  if (ec) co_return cancelled("sleep");
  co_return Status{};
}

Task<Status> sleep_for(Duration duration) {
  return sleep_until(Clock::now() + duration);
}

}  // namespace ottla::net
