// fake_pair: the two ends of a relay, for bench/relay.py, in a process of their own so that their
// CPU time is not the relay's.
//
// A fake Kafka cluster that answers every Fetch from memory and one that accepts every Produce
// without keeping it; beside them two raw sockets, one that never stops sending the same bytes and
// one that drops what it gets, for byte_relay.
//
// Prints one JSON line with the addresses. Then each line on standard input is answered by a JSON
// line with the counters; ends when standard input does.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <iostream>
#include <random>
#include <thread>

#include "base/assert.h"
#include "bench/raw_socket.h"
#include "kafka/fake/fake_cluster.h"
#include "kafka/records/batch_builder.h"

namespace ottla::bench {
namespace {

using kafka::fake::BlackHole;
using kafka::fake::FakeCluster;

struct Options {
  std::size_t batch_bytes = 16 << 10;
  std::size_t record_bytes = 1000;
  std::string codec = "none";
  std::int32_t partitions = 4;
  std::string topic = "load";
};

constexpr std::size_t kPreparedBytes = 8 << 20;
constexpr std::size_t kRawChunkBytes = 256 << 10;

// Text of words and numbers, which compresses about three times, as JSON often does.
std::string make_value(std::size_t size, std::mt19937& random) {
  static constexpr std::array kWords = {"order",  "paid",   "shipped", "returned",
                                        "street", "city",   "name",    "warehouse",
                                        "status", "amount", "price",   "customer"};
  std::string value;
  while (value.size() < size) {
    value += fmt::format("{}{} ", kWords[random() % kWords.size()], random() % 10000);
  }
  value.resize(size);
  return value;
}

// One batch of as many records as fit before compression.
kafka::fake::ByteVector make_batch(const Options& options, std::mt19937& random) {
  kafka::records::Compressor compressor;
  kafka::records::BatchBuilder builder(compressor);
  const bool zstd = options.codec == "zstd";
  builder.start({.codec = zstd ? kafka::records::Codec::kZstd : kafka::records::Codec::kNone,
                 .uncompressed_bytes_max = options.batch_bytes});
  for (std::int64_t i = 0;; ++i) {
    const std::string key = fmt::format("k{}", i);
    const std::string value = make_value(options.record_bytes, random);
    if (!builder.append({.timestamp_ms = 1'700'000'000'000 + i,
                         .key = as_bytes(key),
                         .value = as_bytes(value)})) {
      break;
    }
  }
  const auto batch = builder.finish();
  OTTLA_ASSERT(batch.has_value());
  return {batch->bytes().begin(), batch->bytes().end()};
}

kafka::fake::ByteVector make_batches(const Options& options) {
  std::mt19937 random(7);
  kafka::fake::ByteVector all;
  while (all.size() < kPreparedBytes) {
    const auto batch = make_batch(options, random);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

// A fake cluster on a thread of its own.
class Side {
 public:
  Side(kafka::fake::ByteVector batches, const std::string& name)
      : hole_(std::move(batches)), guard_(context_.get_executor()) {
    kafka::fake::FakeClusterOptions options;
    options.cluster_id = name;
    options.black_hole = &hole_;
    cluster_ = std::make_unique<FakeCluster>(context_, std::move(options));
  }
  ~Side() {
    boost::asio::co_spawn(context_, cluster_->stop(), [this](std::exception_ptr) {
      boost::asio::post(context_, [this] {
        cluster_.reset();
        guard_.reset();
        context_.stop();
      });
    });
    thread_.join();
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  void start() {
    thread_ = std::thread([this] { context_.run(); });
  }
  FakeCluster& cluster() { return *cluster_; }
  const BlackHole& hole() const { return hole_; }

 private:
  net::IoContext context_{1};
  BlackHole hole_;
  boost::asio::executor_work_guard<net::Executor> guard_;
  std::unique_ptr<FakeCluster> cluster_;
  std::thread thread_;
};

// Serves one connection after another.
void run_raw_source(int listener, Bytes chunk) {
  for (;;) {
    const RawSocket peer = accept_one(listener);
    while (peer.send_all(chunk)) {
    }
  }
}

void run_raw_sink(int listener, std::atomic<std::uint64_t>& bytes) {
  std::vector<std::byte> into(kRawChunkBytes);
  for (;;) {
    const RawSocket peer = accept_one(listener);
    for (std::size_t n = peer.receive(into); n > 0; n = peer.receive(into)) bytes += n;
  }
}

int serve(const Options& options) {
  const kafka::fake::ByteVector batches = make_batches(options);
  static std::atomic<std::uint64_t> raw_bytes = 0;
  Side source(batches, "fake-source");
  Side target({}, "fake-target");
  source.cluster().create_topic(options.topic, options.partitions);
  source.start();
  target.start();
  const RawListener raw_source;
  const RawListener raw_sink;
  // They wait in accept() for ever and end with the process.
  std::thread(run_raw_source, raw_source.fd(), Bytes(batches)).detach();
  std::thread(run_raw_sink, raw_sink.fd(), std::ref(raw_bytes)).detach();
  fmt::print("{{\"source\":\"{}\",\"target\":\"{}\",\"raw_source\":{},\"raw_sink\":{}}}\n",
             source.cluster().bootstrap().front().to_string(),
             target.cluster().bootstrap().front().to_string(), raw_source.port(), raw_sink.port());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    fmt::print(
        "{{\"fetched_bytes\":{},\"produced_bytes\":{},\"produced_records\":{},"
        "\"raw_bytes\":{}}}\n",
        source.hole().fetched_bytes(), target.hole().produced_bytes(),
        target.hole().produced_records(), raw_bytes.load());
    std::fflush(stdout);
  }
  // The raw threads still use `batches`.
  std::_Exit(0);
}

}  // namespace
}  // namespace ottla::bench

int main(int argc, char** argv) {
  ottla::bench::Options options;
  CLI::App app("The two ends of a relay");
  app.add_option("--batch-bytes", options.batch_bytes, "Size of a batch before compression");
  app.add_option("--record-bytes", options.record_bytes, "Size of a record's value");
  app.add_option("--codec", options.codec, "none or zstd")->check(CLI::IsMember({"none", "zstd"}));
  app.add_option("--partitions", options.partitions, "Partitions of the topic");
  app.add_option("--topic", options.topic, "Name of the topic");
  CLI11_PARSE(app, argc, argv);
  return ottla::bench::serve(options);
}
