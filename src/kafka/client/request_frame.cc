#include "kafka/client/request_frame.h"

#include "base/assert.h"

namespace ottla::kafka {

namespace {
constexpr std::size_t kLengthPosition = 0;
constexpr std::size_t kCorrelationPosition = 8;
}  // namespace

void RequestFrame::begin(ApiKey api, std::int16_t version, std::string_view client_id) {
  clear();
  api_ = api;
  version_ = version;
  meta_.int32(0);
  encode_request_header(meta_, api, version, CorrelationId(0), client_id);
}

void RequestFrame::attach(Bytes payload, BufferRef keep) {
  payloads_.push_back({meta_.size(), payload});
  keeps_.push_back(std::move(keep));
  payload_bytes_ += payload.size();
}

void RequestFrame::seal(CorrelationId correlation) {
  OTTLA_ASSERT(size() - 4 <= static_cast<std::size_t>(INT32_MAX));
  meta_.patch_int32(kLengthPosition, static_cast<std::int32_t>(size() - 4));
  meta_.patch_int32(kCorrelationPosition, correlation.value());
}

void RequestFrame::append_pieces(std::vector<Bytes>& out) const {
  const Bytes meta = meta_.bytes();
  std::size_t done = 0;
  for (const Payload& payload : payloads_) {
    if (payload.meta_before > done) {
      out.push_back(meta.subspan(done, payload.meta_before - done));
      done = payload.meta_before;
    }
    if (!payload.bytes.empty()) out.push_back(payload.bytes);
  }
  if (done < meta.size()) out.push_back(meta.subspan(done));
}

void RequestFrame::clear() {
  meta_.clear();
  payloads_.clear();
  keeps_.clear();
  payload_bytes_ = 0;
}

}  // namespace ottla::kafka
