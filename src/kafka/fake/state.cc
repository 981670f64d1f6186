#include "kafka/fake/state.h"
#include "base/wall_clock.h"

#include <chrono>

namespace ottla::kafka::fake {

LogRules TopicState::rules() const {
  LogRules rules;
  if (const auto it = configs.find("max.message.bytes"); it != configs.end()) {
    rules.message_bytes_max = std::stoul(it->second);
  }
  if (const auto it = configs.find("cleanup.policy"); it != configs.end()) {
    rules.compacted = it->second.find("compact") != std::string::npos;
  }
  if (const auto it = configs.find("message.timestamp.type"); it != configs.end()) {
    rules.log_append_time = it->second == "LogAppendTime";
  }
  return rules;
}

std::int64_t State::now() const {
  if (now_ms) return now_ms();
  return wall_clock_ms();
}

TopicState* State::topic(const std::string& name) {
  const auto it = topics.find(name);
  return it == topics.end() ? nullptr : &it->second;
}

TopicState* State::topic(const TopicId& id) {
  for (auto& [name, topic] : topics) {
    if (topic.id == id) return &topic;
  }
  return nullptr;
}

PartitionState* State::partition(const std::string& name, PartitionId id) {
  TopicState* found = topic(name);
  const auto index = static_cast<std::size_t>(id.value());
  if (found == nullptr || index >= found->partitions.size()) return nullptr;
  return &found->partitions[index];
}

BrokerId State::controller() const {
  for (const auto& [id, broker] : brokers) {
    if (broker.up) return id;
  }
  return BrokerId(-1);
}

TopicId State::new_topic_id() {
  TopicId id;
  const std::uint64_t number = next_topic_id++;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  id.bytes[0] = 0xFA;
  return id;
}

TopicState& State::create_topic(const std::string& name, std::int32_t partitions,
                                std::map<std::string, std::string> configs) {
  TopicState& topic = topics[name];
  topic.name = name;
  topic.id = new_topic_id();
  topic.configs = std::move(configs);
  topic.partitions.clear();
  add_partitions(topic, partitions);
  return topic;
}

// Leaders take turns.
void State::add_partitions(TopicState& topic, std::int32_t count) {
  std::vector<BrokerId> ids;
  for (const auto& [id, broker] : brokers) ids.push_back(id);
  while (topic.partitions.size() < static_cast<std::size_t>(count)) {
    PartitionState partition;
    partition.leader = ids[topic.partitions.size() % ids.size()];
    partition.replicas = ids;
    topic.partitions.push_back(std::move(partition));
  }
}

}  // namespace ottla::kafka::fake
