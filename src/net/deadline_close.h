#pragma once
// DeadlineClose: closes a stream when a deadline passes while it is in scope, which ends the call
// that is under way on it. For exchanges of many calls (a handshake, an HTTP request).

#include "net/await.h"
#include "net/stream.h"

namespace ottla::net {

class DeadlineClose {
 public:
  DeadlineClose(const Executor& executor, Stream& stream, Deadline deadline)
      : watched_(std::make_shared<Watched>(&stream)), timer_(executor, deadline) {
    timer_.async_wait([watched = watched_](boost::system::error_code ec) {
      if (ec || watched->stream == nullptr) return;
      watched->expired = true;
      watched->stream->close();
    });
  }
  ~DeadlineClose() { watched_->stream = nullptr; }
  DeadlineClose(const DeadlineClose&) = delete;
  DeadlineClose& operator=(const DeadlineClose&) = delete;

  [[nodiscard]] bool expired() const { return watched_->expired; }

 private:
  struct Watched {
    explicit Watched(Stream* s) : stream(s) {}
    Stream* stream;
    bool expired = false;
  };
  std::shared_ptr<Watched> watched_;
  Timer timer_;
};

}  // namespace ottla::net
