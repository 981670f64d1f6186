#include "kafka/fake/faults.h"

namespace ottla::kafka::fake {

Fault Faults::match(const RequestInfo& request) {
  for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
    if (rule->api != request.api || (rule->broker && *rule->broker != request.broker)) continue;
    if (rule->when && !rule->when(request)) continue;
    if (rule->skip > 0) {
      --rule->skip;
      continue;
    }
    Fault found = *rule;
    if (rule->times > 0 && --rule->times == 0) rules_.erase(rule);
    return found;
  }
  return {};
}

}  // namespace ottla::kafka::fake
