#pragma once
// What the outside may ask of a running process. Implemented by the fleet; used by REST and the
// CLI. Every call may come from any thread of the process; answers are values.

#include <functional>
#include <string>

#include "base/result.h"
#include "flow/status/status.h"

namespace ottla::flow {

class ProcessControl {
 public:
  virtual ~ProcessControl() = default;
  // Calls back on the caller's own executor as given by the implementation's owner (shard 0).
  virtual void snapshot(std::function<void(ProcessStatus)> done) = 0;
  // Flows are named "A->B". Unknown names are kInvalidInput.
  virtual Status pause(const std::string& flow) = 0;
  virtual Status resume(const std::string& flow) = 0;
  virtual Status restart(const std::string& flow) = 0;
};

}  // namespace ottla::flow
