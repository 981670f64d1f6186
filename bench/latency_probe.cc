// latency_probe: how much later a record can be read at the target than at the source. Produces at
// a steady rate at the source and consumes at both ends, in one process with one clock, with
// librdkafka as an application would. Prints milliseconds as JSON; `added` is the difference record
// by record.

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
constexpr std::chrono::seconds kDeadline{30};
constexpr int kQueryTimeoutMs = 10'000;

struct Options {
  std::string source, target, topic, target_topic;
  double rate = 50;
  std::size_t count = 500;
  std::size_t record_bytes = 1000;
};

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "latency_probe: {}\n", why);
  std::exit(1);
}

Client make_client(rd_kafka_type_t type, const std::string& bootstrap) {
  char text[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof(text)) != RD_KAFKA_CONF_OK) {
      give_up(text);
    }
  };
  set("bootstrap.servers", bootstrap);
  if (type == RD_KAFKA_PRODUCER) {
    set("linger.ms", "0");
  } else {
    set("group.id", "latency-probe");
    set("enable.auto.commit", "false");
    set("fetch.wait.max.ms", "500");
  }
  Client client(rd_kafka_new(type, conf, text, sizeof(text)), &rd_kafka_destroy);
  if (!client) give_up(text);
  return client;
}

// When each record arrived at one end.
class Arrivals {
 public:
  Arrivals(const std::string& bootstrap, const std::string& topic, std::size_t count)
      : client_(make_client(RD_KAFKA_CONSUMER, bootstrap)), at_(count) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), 0, &low,
                                                        &high, kQueryTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) give_up(topic + ": " + rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = high;
    rd_kafka_assign(client_.get(), list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_poll_set_consumer(client_.get());
    thread_ = std::thread([this] { run(); });
  }

  std::vector<Clock::time_point> finish() {
    thread_.join();
    rd_kafka_consumer_close(client_.get());
    return std::move(at_);
  }

 private:
  void run() {
    const auto deadline = Clock::now() + kDeadline + std::chrono::seconds(at_.size() / 10);
    for (std::size_t seen = 0; seen < at_.size() && Clock::now() < deadline;) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(client_.get(), 100);
      if (message == nullptr) continue;
      const auto now = Clock::now();
      std::uint64_t number = 0;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->len >= sizeof(number)) {
        std::memcpy(&number, message->payload, sizeof(number));
        if (number < at_.size() && at_[number] == Clock::time_point()) {
          at_[number] = now;
          ++seen;
        }
      }
      rd_kafka_message_destroy(message);
    }
  }

  Client client_;
  std::vector<Clock::time_point> at_;
  std::thread thread_;
};

std::vector<Clock::time_point> produce(const Options& options) {
  const Client client = make_client(RD_KAFKA_PRODUCER, options.source);
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> topic(
      rd_kafka_topic_new(client.get(), options.topic.c_str(), nullptr), &rd_kafka_topic_destroy);
  std::vector<std::byte> payload(std::max(options.record_bytes, sizeof(std::uint64_t)));
  std::vector<Clock::time_point> sent;
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(1.0 / options.rate));
  auto next = Clock::now();
  for (std::uint64_t i = 0; i < options.count; ++i, next += interval) {
    std::this_thread::sleep_until(next);
    std::memcpy(payload.data(), &i, sizeof(i));
    sent.push_back(Clock::now());
    if (rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY, payload.data(), payload.size(),
                         nullptr, 0, nullptr) != 0) {
      give_up(rd_kafka_err2str(rd_kafka_last_error()));
    }
    rd_kafka_poll(client.get(), 0);
  }
  rd_kafka_flush(client.get(), kQueryTimeoutMs);
  return sent;
}

std::string quantiles(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double q) {
    return values.empty()
               ? -1.0
               : values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
  };
  return fmt::format("{{\"p50\":{:.3f},\"p90\":{:.3f},\"p99\":{:.3f},\"max\":{:.3f}}}", at(0.5),
                     at(0.9), at(0.99), at(1));
}

int run(const Options& options) {
  Arrivals source(options.source, options.topic, options.count);
  Arrivals target(options.target, options.target_topic, options.count);
  const auto sent = produce(options);
  const auto at_source = source.finish();
  const auto at_target = target.finish();
  std::vector<double> from_source, from_target, added;
  // The first second pays for connections and metadata.
  const auto warm = static_cast<std::size_t>(options.rate);
  for (std::size_t i = std::min(warm, options.count / 2); i < options.count; ++i) {
    if (at_source[i] == Clock::time_point() || at_target[i] == Clock::time_point()) continue;
    from_source.push_back(Milliseconds(at_source[i] - sent[i]).count());
    from_target.push_back(Milliseconds(at_target[i] - sent[i]).count());
    added.push_back(Milliseconds(at_target[i] - at_source[i]).count());
  }
  fmt::print("{{\"records\":{},\"source_ms\":{},\"target_ms\":{},\"added_ms\":{}}}\n", added.size(),
             quantiles(from_source), quantiles(from_target), quantiles(added));
  return added.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How much later a record can be read at the target than at the source");
  app.add_option("--source", options.source, "bootstrap servers")->required();
  app.add_option("--target", options.target, "bootstrap servers")->required();
  app.add_option("--topic", options.topic, "at the source; partition 0 is used")->required();
  app.add_option("--target-topic", options.target_topic, "at the target")->required();
  app.add_option("--rate", options.rate, "records per second");
  app.add_option("--count", options.count, "records");
  CLI11_PARSE(app, argc, argv);
  return run(options);
}
