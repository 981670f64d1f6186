#pragma once
// One request as it goes onto the wire: encoded pieces and, between them, payloads that are sent
// from where they lie (record batches in the buffer that fetched them). Nothing is copied.
//
// Life: begin() → meta()/attach() … → Connection::send. Frames can be reused; clear() keeps memory.
// The frame holds a reference on every payload's buffer until it has been written.

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "kafka/protocol/api.h"
#include "kafka/wire/writer.h"

namespace ottla::kafka {

class RequestFrame {
 public:
  // Starts with the header of the API's version; length and correlation id are filled in by send.
  void begin(ApiKey api, std::int16_t version, std::string_view client_id);
  // Where the next encoded bytes go.
  wire::Writer& meta() { return meta_; }
  // `payload` follows what stands in meta() now.
  void attach(Bytes payload, BufferRef keep);
  // Patches length and correlation id; the frame is complete.
  void seal(CorrelationId correlation);

  [[nodiscard]] ApiKey api() const { return api_; }
  [[nodiscard]] std::int16_t version() const { return version_; }
  [[nodiscard]] std::size_t size() const { return meta_.size() + payload_bytes_; }
  // Appends the pieces in order of sending.
  void append_pieces(std::vector<Bytes>& out) const;
  void clear();

 private:
  struct Payload {
    std::size_t meta_before;  // bytes of meta_ that precede it
    Bytes bytes;
  };
  ApiKey api_{};
  std::int16_t version_ = 0;
  wire::Writer meta_;
  std::vector<Payload> payloads_;
  std::vector<BufferRef> keeps_;
  std::size_t payload_bytes_ = 0;
};

}  // namespace ottla::kafka
