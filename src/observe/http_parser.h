#pragma once
// HTTP/1.1 without I/O: a parser that is fed bytes, and the writer of a response's bytes.

#include <memory>
#include <string>
#include <string_view>

#include "observe/http_message.h"

namespace ottla::observe {

struct HttpParserLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 256 * 1024;
};

// Parses one request. Memory is bounded by the limits, whatever arrives.
class RequestParser {
 public:
  enum class State { kNeedMore, kDone, kFailed };

  explicit RequestParser(const HttpParserLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes from the front of what has arrived and not been consumed yet; returns how many it
  // consumed. The rest must be given again, together with what arrives next.
  std::size_t feed(std::string_view arrived);

  [[nodiscard]] State state() const;
  // The client waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool expects_continue() const;
  // After kDone. Not after take().
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool is_head() const;
  HttpRequest take();
  // After kFailed: what to answer before closing.
  [[nodiscard]] const HttpResponse& failure() const;

 private:
  struct Beast;
  void fail_with(int status, std::string_view message);
  void finish();

  std::unique_ptr<Beast> beast_;
  State state_ = State::kNeedMore;
  bool head_ = false;
  HttpRequest request_;
  HttpResponse failure_;
};

// Parses one response (the client's side); a body without a length ends with finish().
class ResponseParser {
 public:
  explicit ResponseParser(std::size_t body_bytes_max);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  std::size_t feed(std::string_view arrived);
  void finish();  // the peer closed
  [[nodiscard]] bool done() const;
  [[nodiscard]] const std::string& error() const { return error_; }  // empty: none
  HttpResponse take();

 private:
  struct Beast;
  std::unique_ptr<Beast> beast_;
  std::string error_;
};

// Status line, headers and, unless `head_only`, the body.
std::string response_bytes(const HttpResponse& response, bool keep_alive, bool head_only);

}  // namespace ottla::observe
