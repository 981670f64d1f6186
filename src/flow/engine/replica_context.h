#pragma once
// What the partition replicators of one flow on one core share. References outlive them.

#include <functional>

#include "flow/config/flow_settings.h"
#include "flow/copy/copy_pipeline.h"
#include "flow/engine/loss_recorder.h"
#include "flow/engine/map_journal.h"
#include "kafka/client/cluster.h"
#include "kafka/client/reader.h"
#include "kafka/client/writer.h"

namespace ottla::flow {

struct ReplicaContext {
  const FlowSettings& settings;
  kafka::Cluster& source;
  kafka::Cluster& target;
  kafka::Reader& reader;
  kafka::Writer& writer;
  CopyTools& tools;
  MapJournal& journal;
  LossRecorder& losses;
  // The flow's producer id, for partitions that begin without one of their own.
  ProducerId producer_id;
  // How long the target's brokers remember a producer (producer.id.expiration.ms).
  std::chrono::milliseconds producer_memory{86'400'000};
};

}  // namespace ottla::flow
