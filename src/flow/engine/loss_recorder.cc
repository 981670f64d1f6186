#include "flow/engine/loss_recorder.h"

#include "base/log.h"

namespace ottla::flow {

namespace {
constexpr std::chrono::seconds kWriteTimeout{20};
}

net::Task<Status> LossRecorder::record(LossEntry entry) {
  entry.flow = flow_;
  std::vector<LogRecord> records;
  records.push_back({encode_ledger_key(entry), encode_ledger_value(entry)});
  OTTLA_CO_TRY(
      co_await log_.append(PartitionId(0), std::move(records), net::Clock::now() + kWriteTimeout));
  OTTLA_WARN("loss ledger: {}", render(entry));
  remember(entry);
  co_return Status{};
}

void LossRecorder::remember(const LossEntry& entry) {
  ++entries_;
  newest_.push_front(render(entry));
  if (newest_.size() > kNewestMax) newest_.pop_back();
}

}  // namespace ottla::flow
