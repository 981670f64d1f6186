// The steady state allocates nothing: counted at operator new, after a first round that fills pool
// and scratch memory. (The C libraries' contexts are made in that first round, too.)

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "kafka/records/coalesce.h"
#include "kafka/records/records_testing.h"
#include "kafka/records/reencode.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ottla::kafka::records {
namespace {

using testing::ByteVector;

class SteadyState : public ::testing::TestWithParam<Codec> {
 protected:
  SteadyState() {
    for (std::int64_t i = 0; i < 20; ++i) {
      const std::vector<testing::OwnedRecord> one = {
          {.offset = i, .timestamp_ms = i, .key = "key", .value = std::string(900, 'v')}};
      bytes_.push_back(testing::build(one, {.codec = GetParam()}));
    }
    for (const ByteVector& batch : bytes_) batches_.push_back(testing::view_of(batch));
  }

  template <class Round>
  static std::size_t allocations_of_second_round(Round round) {
    round();
    const std::size_t before = allocations;
    round();
    return allocations - before;
  }

  std::vector<ByteVector> bytes_;
  std::vector<BatchView> batches_;
  BufferPool pool_{1 << 20};
  Compressor compressor_;
  Decompressor decompressor_;
};

TEST_P(SteadyState, PassesThroughWithoutAllocating) {
  const auto round = [this] {
    for (ByteVector& bytes : bytes_) {
      Bytes rest(bytes);
      ASSERT_EQ(classify(**next_batch(rest), {}), Path{});
      rewrite_for_produce(MutableBatch(bytes), ProducerId(1), ProducerEpoch(0), 0);
    }
  };
  EXPECT_EQ(allocations_of_second_round(round), 0U);
}

TEST_P(SteadyState, CoalescesWithoutAllocating) {
  Coalescer coalescer(compressor_, decompressor_);
  const auto round = [&] { ASSERT_EQ(coalescer.coalesce(batches_, pool_, {})->batch_count, 20U); };
  EXPECT_EQ(allocations_of_second_round(round), 0U);
}

TEST_P(SteadyState, ReencodesWithoutAllocating) {
  Reencoder reencoder(compressor_, decompressor_);
  Reencoded out;
  const RecordFilter keep_all;
  const auto round = [&] {
    for (const BatchView batch : batches_) {
      ASSERT_TRUE(reencoder.reencode(batch, keep_all, pool_, {}, out).has_value());
    }
  };
  EXPECT_EQ(allocations_of_second_round(round), 0U);
}

// Without snappy, whose library takes its hash table anew for every call.
INSTANTIATE_TEST_SUITE_P(Records, SteadyState,
                         ::testing::Values(Codec::kNone, Codec::kGzip, Codec::kLz4, Codec::kZstd),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace ottla::kafka::records
