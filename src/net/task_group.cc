#include "net/task_group.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <exception>
#include <vector>

#include "base/assert.h"
#include "base/log.h"
#include "net/await.h"

namespace ottla::net {

namespace asio = boost::asio;

namespace {

struct Entry {
  std::string name;
  asio::cancellation_signal signal;
  // The signal is given only to a coroutine that runs: Asio would end one that has not begun
  // without executing any of it, and what it has to clean up would be left.
  bool started = false;
};

[[noreturn]] void exception_escaped(const std::string& name, const char* what) {
  OTTLA_ERROR("coroutine {} let an exception escape: {}", name, what);
  spdlog::default_logger_raw()->flush();
  assertion_failed("no exception leaves a coroutine of a TaskGroup", __FILE__, __LINE__);
}

}  // namespace

struct TaskGroup::State {
  explicit State(IoContext& c) : context(c) {}

  IoContext& context;
  std::list<std::shared_ptr<Entry>> entries;
  std::vector<Timer*> joiners;
  bool cancelled = false;

  void remove(const std::shared_ptr<Entry>& entry) {
    entries.remove(entry);
    if (!entries.empty()) return;
    for (Timer* joiner : joiners) joiner->cancel();
  }

  void emit_to_all() {
    const std::vector<std::shared_ptr<Entry>> now(entries.begin(), entries.end());
    for (const auto& entry : now) {
      if (entry->started) entry->signal.emit(asio::cancellation_type::terminal);
    }
  }

  static Task<void> run(std::shared_ptr<State> state, std::shared_ptr<Entry> entry,
                        Task<void> task) {
    co_await asio::this_coro::throw_if_cancelled(false);
    entry->started = true;
    // spawn() returns before the coroutine's first line, wherever it was called from.
    co_await asio::post(kAwait);
    if (state->cancelled) entry->signal.emit(asio::cancellation_type::terminal);
    try {
      co_await std::move(task);
    } catch (const std::exception& e) {
      exception_escaped(entry->name, e.what());
    } catch (...) {
      exception_escaped(entry->name, "not a std::exception");
    }
  }
};

TaskGroup::TaskGroup(IoContext& context) : state_(std::make_shared<State>(context)) {}

TaskGroup::~TaskGroup() {
  OTTLA_ASSERT(state_->entries.empty());
}

void TaskGroup::spawn(std::string name, Task<void> task) {
  auto entry = std::make_shared<Entry>();
  entry->name = std::move(name);
  state_->entries.push_back(entry);
  auto done = [state = state_, entry](std::exception_ptr error) {
    if (error) exception_escaped(entry->name, "outside of its body");
    state->remove(entry);
  };
  asio::co_spawn(state_->context, State::run(state_, entry, std::move(task)),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
}

void TaskGroup::cancel() {
  if (std::exchange(state_->cancelled, true)) return;
  // Inside the context Asio delivers the signal at once; from outside it would post a pointer into
  // the signal, which may be gone by then.
  asio::dispatch(state_->context, [state = state_] { state->emit_to_all(); });
}

Task<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (!state->entries.empty()) {
    Timer idle(state->context, Deadline::max());
    state->joiners.push_back(&idle);
    // Without a cancellation slot: whoever joins relies on the coroutines being gone.
    co_await idle.async_wait(asio::bind_cancellation_slot(asio::cancellation_slot(), kAwaitTuple));
    std::erase(state->joiners, &idle);
  }
}

bool TaskGroup::cancelled() const {
  return state_->cancelled;
}
std::size_t TaskGroup::size() const {
  return state_->entries.size();
}
IoContext& TaskGroup::context() const {
  return state_->context;
}

}  // namespace ottla::net
