#pragma once
// How to reach and speak to a cluster: plain values, filled from Kafka's own client settings.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/stream.h"
#include "net/tls.h"

namespace ottla::kafka::session {
class SaslMechanism;
}

namespace ottla::kafka {

using namespace std::chrono_literals;

// Makes a fresh SASL exchange for each connection; a coroutine because OAUTHBEARER may have to
// fetch a token first. `host` is the broker's name.
using SaslFactory =
    std::function<net::Task<Result<std::unique_ptr<session::SaslMechanism>>>(std::string host)>;

struct ConnectionSettings {
  std::string alias;                     // of the cluster, for messages
  std::string client_id;                 // goes into every request header
  std::shared_ptr<net::TlsContext> tls;  // null: plain
  SaslFactory sasl;                      // empty: none
  std::string sasl_mechanism;            // "PLAIN", "SCRAM-SHA-256" …
  net::Duration connect_timeout = 10s;
  net::Duration request_timeout = 30s;
  std::size_t response_bytes_max = 160U << 20;
};

struct ClusterSettings {
  ConnectionSettings connection;
  std::vector<net::Endpoint> bootstrap;
  net::Duration reconnect_backoff = 50ms;
  net::Duration reconnect_backoff_max = 1s;
  // After a refused login or an untrusted certificate: retrying faster changes nothing.
  net::Duration authentication_backoff = 10s;
  net::Duration metadata_max_age = 5min;
};

}  // namespace ottla::kafka
