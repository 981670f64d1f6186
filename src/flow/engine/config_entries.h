#pragma once
// What the client library reads of a topic's settings, as the rules take it.

#include <vector>

#include "flow/rules/topic_creation.h"
#include "kafka/client/admin.h"

namespace ottla::flow {

std::vector<TopicConfigEntry> to_entries(const kafka::Configs& configs);

}  // namespace ottla::flow
