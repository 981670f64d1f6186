#pragma once
// Faults: what goes wrong with which request. Rules are tried in the order in which they were
// added; the first that fits is used, at most `times` times, after `skip` requests that fit.

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "kafka/protocol/api.h"
#include "kafka/protocol/errors.h"
#include "net/task.h"

namespace ottla::kafka::fake {

enum class FaultKind {
  kNone,
  // The request is not executed.
  kCutBefore,    // the connection closes
  kLoseRequest,  // never executed, never answered; later requests wait behind it
  kAnswerError,  // `error` stands wherever the response has an error for it
  // The request is executed.
  kLoseReply,        // the connection closes without an answer
  kCutMid,           // the connection closes after `bytes` of the answer (default: half)
  kCutAfter,         // the connection closes after the answer
  kHang,             // never answered; later requests wait behind it
  kSkipReply,        // not answered, but later requests are: answers are then out of step
  kDelayRequest,     // executed after `delay`, then answered
  kDelayReply,       // executed, answered after `delay`
  kZombie,           // the connection closes now; executed after `delay`, or release_zombies()
  kGarbage,          // `garbage` comes instead of the answer
  kGarbageBody,      // length and correlation id are right, the rest is `garbage`
  kHugeLength,       // a length of 2^31 - 1
  kWrongCorrelation  // the correlation id of another request
};

struct RequestInfo {
  ApiKey api;
  std::int16_t version;
  BrokerId broker;
  Bytes body;
};

struct Fault {
  FaultKind kind = FaultKind::kNone;
  ApiKey api{};
  std::optional<BrokerId> broker = std::nullopt;  // any
  std::function<bool(const RequestInfo&)> when = nullptr;
  int skip = 0;
  int times = 1;  // -1: always
  ErrorCode error = ErrorCode::kNone;
  net::Duration delay{0};  // 0 with kZombie: until release_zombies()
  std::optional<std::size_t> bytes = std::nullopt;
  std::string garbage = "HTTP/1.1 400 Bad Request\r\n\r\n";
};

// Not thread-safe: FakeCluster guards it.
class Faults {
 public:
  void add(Fault fault) { rules_.push_back(std::move(fault)); }
  void clear() { rules_.clear(); }
  // kNone when no rule fits.
  Fault match(const RequestInfo& request);
  // Rules that were not used up.
  [[nodiscard]] std::size_t left() const { return rules_.size(); }

 private:
  std::list<Fault> rules_;
};

}  // namespace ottla::kafka::fake
