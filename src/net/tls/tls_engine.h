#pragma once
// TlsEngine: TLS without I/O. Ciphertext goes in and comes out through buffers of this object,
// which OpenSSL reads and writes through a BIO of its own: no copy into BIO_s_mem, no allocation
// per record.

#include <optional>

#include "net/tls/tls_context.h"
#include "net/tls/tls_failure.h"

namespace ottla::net::tls {

enum class Step { kDone, kNeedsInput, kClosed };

class TlsEngine {
 public:
  // `host`: what the certificate is checked against; empty on a server.
  static Result<std::unique_ptr<TlsEngine>> create(const OpenSslContext& context, bool is_server,
                                                   const std::string& host,
                                                   const std::string& peer);

  // Each may leave ciphertext in output(), also when it fails (an alert).
  Result<Step> handshake();
  // Decrypts until `into` is full or input is missing; `read` is the count, kNeedsInput means 0.
  Result<Step> read(MutableBytes into, std::size_t& read);
  // Encrypts from the front of the pieces until `output` holds about 64 KiB. Returns plain bytes.
  Result<std::size_t> write(std::span<const Bytes> pieces);
  // Appends close_notify.
  void shut_down();

  // Where ciphertext of the peer is to be put, only after kNeedsInput; `received` tells how much.
  MutableBytes input_space();
  void received(std::size_t size);

  [[nodiscard]] Bytes output() const { return Bytes(output_).subspan(output_sent_); }
  void sent(std::size_t size);

  [[nodiscard]] const PeerFacts& facts() const { return facts_; }

 private:
  TlsEngine() = default;
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* read);
  static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* written);
  static long bio_control(BIO* bio, int command, long, void*);
  Status check_host(const std::string& host, bool verify);
  std::unexpected<Error> failure();

  SslPtr ssl_;
  PeerFacts facts_;
  std::vector<std::byte> input_;  // of fixed size; bytes input_begin_ to input_end_ are unread
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  std::vector<std::byte> output_;
  std::size_t output_sent_ = 0;
  std::vector<std::byte> record_;  // gathers small pieces
  std::optional<Error> failed_;    // sticky
};

}  // namespace ottla::net::tls
