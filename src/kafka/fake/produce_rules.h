#pragma once
// What a broker checks in the records of a Produce request before it looks at the producer
// (ProduceRequest.validateRecords, UnifiedLog.analyzeAndValidateRecords, LogValidator).

#include "kafka/fake/partition_log.h"

namespace ottla::kafka::fake {

// Error kNone: one good batch of magic 2.
Appended check_record_set(Bytes record_set, const LogRules& rules, bool with_transactional_id,
                          std::int64_t now_ms);

}  // namespace ottla::kafka::fake
