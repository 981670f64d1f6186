#include "net/tls/tls_engine.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace ottla::net::tls {
namespace {

constexpr std::size_t kInputBytes = std::size_t{64} << 10;
constexpr std::size_t kOutputBytesWanted = std::size_t{64} << 10;
constexpr std::size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;  // 16 KiB

bool is_address(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

}  // namespace

BIO_METHOD* TlsEngine::bio_method() {
  static const BioMethodPtr method = [] {
    BioMethodPtr made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ottla stream"));
    BIO_meth_set_read_ex(made.get(), &TlsEngine::bio_read);
    BIO_meth_set_write_ex(made.get(), &TlsEngine::bio_write);
    BIO_meth_set_ctrl(made.get(), &TlsEngine::bio_control);
    return made;
  }();
  return method.get();
}

int TlsEngine::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* read) {
  auto* self = static_cast<TlsEngine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *read = std::min(size, self->input_end_ - self->input_begin_);
  if (*read == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(into, self->input_.data() + self->input_begin_, *read);
  self->input_begin_ += *read;
  return 1;
}

int TlsEngine::bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
  auto* self = static_cast<TlsEngine*>(BIO_get_data(bio));
  const Bytes bytes = as_bytes({from, size});
  self->output_.insert(self->output_.end(), bytes.begin(), bytes.end());
  *written = size;
  return 1;
}

long TlsEngine::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::create(const OpenSslContext& context, bool is_server,
                                                     const std::string& host,
                                                     const std::string& peer) {
  ERR_clear_error();
  std::unique_ptr<TlsEngine> engine(new TlsEngine);
  engine->facts_.is_server = is_server;
  engine->facts_.host = host;
  engine->facts_.peer = peer;
  engine->input_.resize(kInputBytes);
  engine->ssl_.reset(SSL_new(context.get()));
  BIO* bio = BIO_new(bio_method());
  if (!engine->ssl_ || bio == nullptr) {
    BIO_free(bio);
    return fail(TlsErrc::kBroken, "TLS with " + peer + ": " + take_openssl_error("no memory"));
  }
  SSL* ssl = engine->ssl_.get();
  BIO_set_data(bio, engine.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, &engine->facts_);
  SSL_set_verify(ssl, SSL_get_verify_mode(ssl), note_verify_result);
  engine->facts_.own_certificate = SSL_get_certificate(ssl) != nullptr;
  if (is_server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    OTTLA_TRY(engine->check_host(host, context.verify_hostname()));
  }
  return engine;
}

Status TlsEngine::check_host(const std::string& host, bool verify) {
  std::string name = host;
  if (name.ends_with('.')) name.pop_back();
  const bool address = is_address(name);
  // Names only in the server name indication (RFC 6066 section 3).
  bool taken = address || SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
  if (verify && taken) {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM* checks = SSL_get0_param(ssl_.get());
    taken = !name.empty() && (address ? X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str())
                                      : SSL_set1_host(ssl_.get(), name.c_str())) == 1;
  }
  if (taken) return {};
  return fail(TlsErrc::kHostMismatch,
              "TLS with " + facts_.peer + ": \"" + host + "\" can't be a host name");
}

std::unexpected<Error> TlsEngine::failure() {
  failed_ = failure_of(facts_);
  return std::unexpected(*failed_);
}

Result<Step> TlsEngine::handshake() {
  if (failed_) return std::unexpected(*failed_);
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Step::kDone;
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Step::kNeedsInput;
  return failure();
}

Result<Step> TlsEngine::read(MutableBytes into, std::size_t& read) {
  read = 0;
  if (failed_) return std::unexpected(*failed_);
  ERR_clear_error();
  // OpenSSL gives one record a call.
  while (read < into.size()) {
    std::size_t n = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + read, into.size() - read, &n);
    read += n;
    if (result == 1) continue;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN)
      failed_ = failure_of(facts_);
    if (read > 0) break;
    if (failed_) return std::unexpected(*failed_);
    return error == SSL_ERROR_ZERO_RETURN ? Step::kClosed : Step::kNeedsInput;
  }
  return Step::kDone;
}

Result<std::size_t> TlsEngine::write(std::span<const Bytes> pieces) {
  if (failed_) return std::unexpected(*failed_);
  ERR_clear_error();
  std::size_t taken = 0;
  std::size_t offset = 0;  // into pieces.front()
  while (!pieces.empty() && output().size() < kOutputBytesWanted) {
    Bytes record = pieces.front().subspan(offset);
    if (record.size() >= kRecordBytes) {
      record = record.first(kRecordBytes);
      offset += kRecordBytes;
    } else {
      record_.clear();
      while (!pieces.empty() && record_.size() < kRecordBytes) {
        const Bytes rest = pieces.front().subspan(offset);
        const Bytes part = rest.first(std::min(rest.size(), kRecordBytes - record_.size()));
        record_.insert(record_.end(), part.begin(), part.end());
        offset += part.size();
        if (part.size() == rest.size()) {
          pieces = pieces.subspan(1);
          offset = 0;
        }
      }
      record = record_;
    }
    if (record.empty()) continue;
    std::size_t n = 0;
    const int result = SSL_write_ex(ssl_.get(), record.data(), record.size(), &n);
    if (result != 1) return failure();
    taken += n;
  }
  return taken;
}

void TlsEngine::shut_down() {
  if (failed_ || SSL_is_init_finished(ssl_.get()) == 0) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

MutableBytes TlsEngine::input_space() {
  // After kNeedsInput OpenSSL has taken all there was.
  OTTLA_ASSERT(input_begin_ == input_end_);
  input_begin_ = input_end_ = 0;
  return input_;
}

void TlsEngine::received(std::size_t size) {
  OTTLA_ASSERT(size <= input_.size() - input_end_);
  for (std::size_t i = 0; i < size && facts_.received + i < sizeof facts_.first_bytes; ++i) {
    facts_.first_bytes[facts_.received + i] = std::to_integer<unsigned char>(input_[i]);
  }
  facts_.received += size;
  input_end_ += size;
}

void TlsEngine::sent(std::size_t size) {
  output_sent_ += size;
  OTTLA_ASSERT(output_sent_ <= output_.size());
  if (output_sent_ < output_.size()) return;
  output_.clear();
  output_sent_ = 0;
}

}  // namespace ottla::net::tls
