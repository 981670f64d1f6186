#include "flow/status/build_info.h"

namespace ottla::flow {

std::string_view build_version() {
  return OTTLA_VERSION;
}
std::string_view build_commit() {
  return OTTLA_COMMIT;
}

}  // namespace ottla::flow
