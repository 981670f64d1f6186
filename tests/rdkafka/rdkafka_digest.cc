// Reads whole topics with librdkafka and prints a digest per partition; see README.md.

#include <librdkafka/rdkafka.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr int kTimeoutMs = 60'000;

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }

  void add(const void* bytes, std::size_t size) {
    add_integer(bytes == nullptr ? std::uint32_t{0xffffffff} : static_cast<std::uint32_t>(size));
    if (bytes != nullptr) EVP_DigestUpdate(context_.get(), bytes, size);
  }

  template <typename Unsigned>
  void add_integer(Unsigned value) {
    std::array<unsigned char, sizeof(Unsigned)> bytes{};
    for (std::size_t i = bytes.size(); i-- > 0; value = static_cast<Unsigned>(value >> 8)) {
      bytes[i] = static_cast<unsigned char>(value & 0xff);
    }
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    std::string text;
    constexpr const char* kDigits = "0123456789abcdef";
    for (unsigned int i = 0; i < size; ++i) {
      text += kDigits[bytes[i] >> 4];
      text += kDigits[bytes[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

struct Partition {
  Digest digest;
  std::int64_t count = 0;
  std::int64_t last = -1;
  bool ended = false;

  void add(const rd_kafka_message_t& record) {
    digest.add(record.key, record.key_len);
    digest.add(record.payload, record.len);
    rd_kafka_timestamp_type_t type{};
    digest.add_integer(static_cast<std::uint64_t>(rd_kafka_message_timestamp(&record, &type)));
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&record, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      for (std::size_t i = 0;
           rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
           ++i) {
        digest.add(name, std::string_view(name).size());
        digest.add(value, size);
      }
    }
    ++count;
    last = record.offset;
  }
};

using Topics = std::map<std::string, std::map<std::int32_t, Partition>>;

[[noreturn]] void fail(const std::string& text) {
  std::cerr << "rdkafka_digest: " << text << '\n';
  std::exit(1);
}

rd_kafka_t* make_consumer(const std::string& bootstrap) {
  const std::vector<std::pair<const char*, std::string>> settings = {
      {"bootstrap.servers", bootstrap},
      {"group.id", "rdkafka-digest"},
      {"isolation.level", "read_committed"},
      {"enable.partition.eof", "true"},
      {"enable.auto.commit", "false"},
      {"auto.offset.reset", "error"},
      {"check.crcs", "true"},
      {"queued.max.messages.kbytes", "16384"},
      {"fetch.wait.max.ms", "50"}};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> error{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(error.data());
    }
  }
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error.data(), error.size());
  if (consumer == nullptr) fail(error.data());
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

void find_partitions(rd_kafka_t* consumer, Topics& topics) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(consumer, 1, nullptr, &metadata, kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  for (int t = 0; t < metadata->topic_cnt; ++t) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[t];
    const auto wanted = topics.find(topic.topic);
    if (wanted == topics.end()) continue;
    for (int p = 0; p < topic.partition_cnt; ++p) wanted->second[topic.partitions[p].id];
  }
  rd_kafka_metadata_destroy(metadata);
}

// Returns how many partitions are to be read.
std::size_t assign(rd_kafka_t* consumer, const Topics& topics) {
  std::size_t count = 0;
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(16);
  for (const auto& [topic, partitions] : topics) {
    if (partitions.empty()) fail("there is no topic " + topic);
    for (const auto& [partition, unused] : partitions) {
      rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset =
          RD_KAFKA_OFFSET_BEGINNING;
      ++count;
    }
  }
  const rd_kafka_resp_err_t error = rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  return count;
}

void read_all(rd_kafka_t* consumer, Topics& topics, std::size_t left) {
  while (left > 0) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, kTimeoutMs);
    if (message == nullptr)
      fail("nothing came for a minute; partitions left: " + std::to_string(left));
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
        message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      Partition& partition = topics[rd_kafka_topic_name(message->rkt)][message->partition];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (!partition.ended) partition.add(*message);
      } else if (!partition.ended) {
        partition.ended = true;
        --left;
      }
    } else {
      fail(rd_kafka_message_errstr(message));
    }
    rd_kafka_message_destroy(message);
  }
}

void print(Topics& topics) {
  const char* topic_separator = "{";
  for (auto& [topic, partitions] : topics) {
    std::printf("%s\"%s\":", topic_separator, topic.c_str());  // topic names need no escaping
    topic_separator = ",\n ";
    const char* separator = "{";
    for (auto& [number, partition] : partitions) {
      std::printf("%s\"%d\":{\"count\":%lld,\"last\":%lld,\"content\":\"%s\"}", separator, number,
                  static_cast<long long>(partition.count), static_cast<long long>(partition.last),
                  partition.digest.hex().c_str());
      separator = ",";
    }
    std::printf("}");
  }
  std::printf("}\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: rdkafka_digest BOOTSTRAP < TOPICS");
  Topics topics;
  for (std::string topic; std::getline(std::cin, topic);) {
    if (!topic.empty()) topics[topic];
  }
  if (topics.empty()) fail("no topics given on standard input");
  rd_kafka_t* consumer = make_consumer(argv[1]);
  find_partitions(consumer, topics);
  read_all(consumer, topics, assign(consumer, topics));
  print(topics);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  return 0;
}
