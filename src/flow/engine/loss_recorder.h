#pragma once
// LossRecorder: the way from a partition that lost something to the ledger topic on the target and
// to the status. Nothing is skipped before its entry is durable.

#include <deque>
#include <string>

#include "flow/engine/internal_log.h"
#include "flow/offsets/ledger.h"

namespace ottla::flow {

class LossRecorder {
 public:
  LossRecorder(InternalLog& log, std::string flow) : log_(log), flow_(std::move(flow)) {}

  // Returns when the entry is durable. The flow's name and the time are filled in.
  net::Task<Status> record(LossEntry entry);

  [[nodiscard]] std::int64_t entries() const { return entries_; }
  // The newest entries in words, newest first.
  [[nodiscard]] const std::deque<std::string>& newest() const { return newest_; }
  // An entry that an earlier process wrote.
  void remember(const LossEntry& entry);

 private:
  static constexpr std::size_t kNewestMax = 50;
  InternalLog& log_;
  std::string flow_;
  std::int64_t entries_ = 0;
  std::deque<std::string> newest_;
};

}  // namespace ottla::flow
