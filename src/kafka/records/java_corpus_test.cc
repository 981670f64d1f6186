// What Kafka's Java classes wrote (testdata/Corpus.java), read by us. The text form, one line per
// batch and one per record:
//   batch magic M CODEC last OFFSET TIMESTAMPTYPE TRANSACTIONAL CONTROL producer ID EPOCH SEQUENCE
//     OFFSET TIMESTAMP KEY VALUE [HEADERKEY]=HEADERVALUE …
// A field is null, x and hex digits, or, above 40 bytes, size:CRC-32.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "kafka/records/records_testing.h"

namespace ottla::kafka::records {
namespace {

const std::filesystem::path kTestData = OTTLA_RECORDS_TESTDATA;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

std::string show(const std::optional<std::string>& field) {
  if (!field) return "null";
  if (field->size() > 40) {
    const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(field->data()), field->size());
    return fmt::format("{}:{:08x}", field->size(), crc);
  }
  std::string hex = "x";
  for (const char c : *field) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string describe(BatchView batch) {
  const bool old = batch.is_legacy();
  const char* type = batch.magic() == 0                                     ? "NoTimestampType"
                     : batch.timestamp_type() == TimestampType::kCreateTime ? "CreateTime"
                                                                            : "LogAppendTime";
  return fmt::format("batch magic {} {} last {} {} {} {} producer {} {} {}\n", batch.magic(),
                     to_string(batch.codec().value()), batch.last_offset(), type,
                     batch.is_transactional(), batch.is_control(),
                     old ? -1 : batch.producer_id().value(),
                     old ? -1 : batch.producer_epoch().value(), old ? -1 : batch.base_sequence());
}

std::string describe(const testing::OwnedRecord& record) {
  std::string line = fmt::format("  {} {} {} {}", record.offset, record.timestamp_ms,
                                 show(record.key), show(record.value));
  for (const auto& header : record.headers) {
    line += fmt::format(" [{}]={}", header.key, show(header.value));
  }
  return line + "\n";
}

Result<std::string> dump(Bytes rest) {
  std::string out;
  while (true) {
    OTTLA_ASSIGN(const auto batch, next_batch(rest));
    if (!batch) return out;
    EXPECT_TRUE(batch->valid_crc());
    out += describe(*batch);
    OTTLA_ASSIGN(const auto records, testing::read_all(*batch));
    for (const auto& record : records) out += describe(record);
  }
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kTestData)) {
    if (entry.path().extension() == ".bin") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class JavaCorpus : public ::testing::TestWithParam<std::string> {};

TEST_P(JavaCorpus, IsReadAsKafkaReadsIt) {
  const std::string bytes = read_file(kTestData / (GetParam() + ".bin"));
  const auto text = dump(as_bytes(bytes));
  ASSERT_TRUE(text.has_value()) << text.error().to_string();
  EXPECT_EQ(*text, read_file(kTestData / (GetParam() + ".txt")));
}

INSTANTIATE_TEST_SUITE_P(All, JavaCorpus, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace ottla::kafka::records
