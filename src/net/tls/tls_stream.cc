#include "base/assert.h"
#include "net/deadline_close.h"
#include "net/tls/tls_engine.h"
#include "net/turn.h"

namespace ottla::net {

namespace asio = boost::asio;
using tls::OpenSslContext;
using tls::Step;
using tls::TlsEngine;

namespace {

class TlsStream final : public Stream {
 public:
  TlsStream(std::shared_ptr<TlsContext> context, std::unique_ptr<Stream> plain,
            std::unique_ptr<TlsEngine> engine)
      : context_(std::move(context)), plain_(std::move(plain)), engine_(std::move(engine)) {}
  ~TlsStream() override { TlsStream::close(); }

  Task<Status> handshake() {
    for (;;) {
      Result<Step> step = engine_->handshake();
      const Status flushed = co_await flush();  // also the alert that says why we refuse
      if (!step) co_return std::unexpected(std::move(step).error());
      if (!flushed) co_return std::unexpected(seen_in_handshake(flushed.error()));
      if (*step == Step::kDone) co_return Status{};
      const Status filled = co_await fill();
      if (!filled) co_return std::unexpected(seen_in_handshake(filled.error()));
    }
  }

  Task<Result<std::size_t>> read_some(MutableBytes into) override {
    OTTLA_ASSERT(!into.empty());
    if (OTTLA_NET_STOPPED()) co_return cancelled(peer());
    // Plain bytes may be here already, and then the stream below is not asked.
    if (read_turn_.is_over()) co_await asio::post(kAwait);
    for (;;) {
      if (closed_) co_return cancelled(peer());
      std::size_t n = 0;
      Result<Step> step = engine_->read(into, n);
      if (!step) {
        if (!writing_) say_farewell();
        co_return std::unexpected(std::move(step).error());
      }
      if (*step == Step::kDone) {
        read_turn_.took(n);
        co_return n;
      }
      if (*step == Step::kClosed) {
        co_return fail(BaseErrc::kUnavailable, "connection closed by " + peer());
      }
      OTTLA_CO_TRY(co_await fill());
    }
  }

  // What the read side has to say (the answer to a TLS 1.3 key update) goes out with the next
  // write, so that only this side writes below.
  Task<Result<std::size_t>> write_some(std::span<const Bytes> pieces) override {
    if (closed_ || OTTLA_NET_STOPPED()) co_return cancelled(peer());
    Result<std::size_t> taken = engine_->write(pieces);
    writing_ = true;
    const Status flushed = co_await flush();
    writing_ = false;
    if (!flushed) co_return std::unexpected(flushed.error());
    co_return taken;
  }

  void close() noexcept override {
    if (std::exchange(closed_, true)) return;
    if (!writing_ && engine_->output().empty()) {
      engine_->shut_down();
      say_farewell();
    }
    plain_->close();
  }

  const std::string& peer() const override { return plain_->peer(); }

 private:
  Task<Status> fill() {
    const auto n = co_await plain_->read_some(engine_->input_space());
    if (!n) co_return std::unexpected(n.error());
    engine_->received(*n);
    co_return Status{};
  }

  Task<Status> flush() {
    while (!engine_->output().empty()) {
      const Bytes output = engine_->output();
      const auto n = co_await plain_->write_some({&output, 1});
      if (!n) co_return std::unexpected(n.error());
      engine_->sent(*n);
    }
    co_return Status{};
  }

  void say_farewell() noexcept {
    if (!engine_->output().empty()) engine_->sent(plain_->write_now(engine_->output()));
  }

  Error seen_in_handshake(const Error& error) const {
    if (error.code != make_error_code(BaseErrc::kUnavailable)) return error;
    return closed_in_handshake(engine_->facts());
  }

  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<Stream> plain_;
  std::unique_ptr<TlsEngine> engine_;
  bool closed_ = false;
  bool writing_ = false;
  Turn read_turn_;
};

Task<Result<std::unique_ptr<Stream>>> handshake(std::shared_ptr<TlsContext> context,
                                                std::unique_ptr<Stream> plain, bool is_server,
                                                std::string host, Deadline deadline) {
  const auto& inside = static_cast<const OpenSslContext&>(*context);
  auto engine = TlsEngine::create(inside, is_server, host, plain->peer());
  if (!engine) co_return std::unexpected(std::move(engine).error());
  auto stream =
      std::make_unique<TlsStream>(std::move(context), std::move(plain), std::move(*engine));
  const DeadlineClose limit(co_await asio::this_coro::executor, *stream, deadline);
  Status status = co_await stream->handshake();
  if (limit.expired()) {
    co_return fail(BaseErrc::kTimedOut, "TLS handshake with " + stream->peer());
  }
  if (!status) co_return std::unexpected(std::move(status).error());
  co_return std::move(stream);
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> handshake_client(std::shared_ptr<TlsContext> context,
                                                       std::unique_ptr<Stream> plain,
                                                       std::string host, Deadline deadline) {
  return handshake(std::move(context), std::move(plain), false, std::move(host), deadline);
}

Task<Result<std::unique_ptr<Stream>>> handshake_server(std::shared_ptr<TlsContext> context,
                                                       std::unique_ptr<Stream> plain,
                                                       Deadline deadline) {
  return handshake(std::move(context), std::move(plain), true, std::string(), deadline);
}

}  // namespace ottla::net
