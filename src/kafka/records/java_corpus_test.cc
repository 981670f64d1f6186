// What Kafka's Java classes wrote (testdata/Corpus.java), read by us.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "kafka/records/corpus_text.h"
#include "kafka/records/reencode.h"

namespace ottla::kafka::records {
namespace {

const std::filesystem::path kTestData = OTTLA_RECORDS_TESTDATA;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
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
  const auto text = testing::dump(as_bytes(bytes));
  ASSERT_TRUE(text.has_value()) << text.error().to_string();
  EXPECT_EQ(*text, read_file(kTestData / (GetParam() + ".txt")));
}

// Whatever the magic, codec, gaps or timestamp type: the records survive.
TEST_P(JavaCorpus, IsReencodedWithoutLoss) {
  const std::string bytes = read_file(kTestData / (GetParam() + ".bin"));
  BufferPool pool(1 << 20);
  Compressor compressor;
  Decompressor decompressor;
  Reencoder reencoder(compressor, decompressor);
  Reencoded out;
  Bytes rest = as_bytes(bytes);
  while (const auto batch = next_batch(rest).value()) {
    const auto done = reencoder.reencode(*batch, {}, pool, {}, out);
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
    auto expected = testing::read_all(*batch).value();
    ASSERT_EQ(out.batches.size(), 1U);
    const BatchView written = MutableBatch(out.batches[0].bytes.bytes()).view();
    EXPECT_EQ(classify(written, {}), Path{});
    EXPECT_EQ(written.codec().value(), batch->codec().value());
    std::size_t at = 0;
    for (const OffsetRun& run : out.runs) {
      for (std::int32_t i = 0; i < run.count; ++i) {
        EXPECT_EQ(expected.at(at).offset, run.first.value() + i);
        expected[at].offset = static_cast<std::int64_t>(at);
        ++at;
      }
    }
    EXPECT_EQ(testing::read_all(written).value(), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, JavaCorpus, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace ottla::kafka::records
