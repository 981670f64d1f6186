#include "flow/offsets/offset_map.h"

#include <gtest/gtest.h>

#include "flow/offsets/test_support.h"

namespace ottla::flow {
namespace {

using Kind = Translation::Kind;

Translation at(Kind kind, std::int64_t offset) {
  return {kind, Offset(offset)};
}

TEST(OffsetMap, MergesNeighboursThatAreContiguousOnBothSides) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(0), 5));
  ASSERT_TRUE(map.append(Offset(5), Offset(5), 5));
  EXPECT_EQ(map.runs().size(), 1U);
  ASSERT_TRUE(map.append(Offset(11), Offset(10), 1));  // a gap upstream
  ASSERT_TRUE(map.append(Offset(12), Offset(12), 1));  // a gap downstream
  EXPECT_EQ(map.runs().size(), 3U);
  EXPECT_EQ(map.next_ordinal(), 12);
}

TEST(OffsetMap, TranslatesToTheFirstCopiedRecordAtOrAfter) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(100), 5));
  ASSERT_TRUE(map.append(Offset(7), Offset(105), 5));
  EXPECT_EQ(map.translate(Offset(4)), at(Kind::kRecord, 104));
  EXPECT_EQ(map.translate(Offset(5)), at(Kind::kRecord, 105));
  EXPECT_EQ(map.translate(Offset(6)), at(Kind::kRecord, 105));
  EXPECT_EQ(map.translate(Offset(11)), at(Kind::kRecord, 109));
}

TEST(OffsetMap, AGroupAtTheUpstreamEndIsAtTheDownstreamEndAlsoAfterMarkers) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(0), 10));
  EXPECT_EQ(map.translate(Offset(10)), at(Kind::kEnd, 10));
  EXPECT_EQ(map.translate(Offset(11)), at(Kind::kNotYet, 10));
  map.advance_upstream(Offset(11));  // a commit marker was read and dropped
  EXPECT_EQ(map.translate(Offset(11)), at(Kind::kEnd, 10));
  map.advance_downstream(Offset(11), OffsetMap::DownstreamGap::kMarkers);  // our fence marker
  EXPECT_EQ(map.translate(Offset(11)), at(Kind::kEnd, 11));
  map.advance_downstream(Offset(15), OffsetMap::DownstreamGap::kForeign);
  EXPECT_EQ(map.translate(Offset(11)), at(Kind::kEnd, 11));
}

TEST(OffsetMap, SaysBelowHistoryForWhatTheTargetDeleted) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(10), Offset(0), 10));
  ASSERT_TRUE(map.append(Offset(25), Offset(10), 10));
  map.trim_downstream(Offset(4));
  EXPECT_EQ(map.translate(Offset(13)), at(Kind::kBelowHistory, 4));
  EXPECT_EQ(map.translate(Offset(14)), at(Kind::kRecord, 4));
  map.trim_downstream(Offset(10));
  EXPECT_EQ(map.translate(Offset(19)), at(Kind::kBelowHistory, 10));
  EXPECT_EQ(map.translate(Offset(20)), at(Kind::kRecord, 10));
  map.trim_downstream(Offset(20));
  EXPECT_EQ(map.translate(Offset(35)), at(Kind::kEnd, 20));
  EXPECT_EQ(map.next_ordinal(), 20);
}

TEST(OffsetMap, InverseServesFailback) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(100), 5));
  ASSERT_TRUE(map.append(Offset(7), Offset(106), 5));
  EXPECT_EQ(map.inverse(Offset(104)), at(Kind::kRecord, 4));
  EXPECT_EQ(map.inverse(Offset(105)), at(Kind::kRecord, 7));
  EXPECT_EQ(map.inverse(Offset(111)), at(Kind::kEnd, 12));
  EXPECT_EQ(map.inverse(Offset(112)), at(Kind::kNotYet, 12));
}

TEST(OffsetMap, FindsARecordByItsOrdinal) {
  OffsetMap map({.ordinal = 50, .upstream = Offset(0), .downstream = Offset(0)});
  ASSERT_TRUE(map.append(Offset(0), Offset(100), 5));
  ASSERT_TRUE(map.append(Offset(7), Offset(106), 5));
  map.advance_upstream(Offset(20));
  EXPECT_FALSE(map.place_of_ordinal(49));
  EXPECT_EQ(map.place_of_ordinal(54)->upstream, Offset(4));
  EXPECT_EQ(map.place_of_ordinal(54)->next, Offset(7));
  EXPECT_EQ(map.place_of_ordinal(59)->downstream, Offset(110));
  EXPECT_EQ(map.place_of_ordinal(59)->next, Offset(20));
  EXPECT_FALSE(map.place_of_ordinal(60));
}

TEST(OffsetMap, ReusesOrdinalsOfRecordsThatTheTargetLost) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(0), 5));
  ASSERT_TRUE(map.append(Offset(7), Offset(5), 5));
  map.advance_upstream(Offset(15));
  EXPECT_EQ(map.truncate_downstream(Offset(7)),
            (OffsetMap::Cut{.forgotten = 3, .ordinal = 7, .upstream = Offset(9)}));
  EXPECT_EQ(map.next_ordinal(), 7);
  EXPECT_EQ(map.translate(Offset(9)), at(Kind::kEnd, 7));
  EXPECT_EQ(map.cut_since(0), 7);
  ASSERT_TRUE(map.append(Offset(9), Offset(7), 1));
  EXPECT_EQ(map.runs().size(), 2U);
}

TEST(OffsetMap, KeepsOrdinalsOfRecordsThatUpstreamTookBack) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(0), 10));
  EXPECT_EQ(map.truncate_upstream(Offset(6)),
            (OffsetMap::Cut{.forgotten = 4, .ordinal = 6, .upstream = Offset(6)}));
  EXPECT_EQ(map.next_ordinal(), 10);
  EXPECT_EQ(map.downstream_end(), Offset(10));
  ASSERT_TRUE(map.append(Offset(6), Offset(10), 2));
  EXPECT_EQ(map.runs().size(), 2U);
  EXPECT_EQ(map.upstream_of_ordinal(10), Offset(6));
  EXPECT_EQ(map.translate(Offset(6)), at(Kind::kRecord, 10));
}

TEST(OffsetMap, RefusesAnAnswerThatContradictsIt) {
  OffsetMap map;
  ASSERT_TRUE(map.append(Offset(0), Offset(100), 5));
  EXPECT_FALSE(map.append(Offset(5), Offset(104), 1));
  EXPECT_FALSE(map.append(Offset(4), Offset(105), 1));
  EXPECT_FALSE(map.append(Offset(5), Offset(105), 0));
  EXPECT_FALSE(map.append(Offset(5), Offset(INT64_MAX), 1));
  EXPECT_EQ(map.next_ordinal(), 5);
}

TEST(OffsetMap, RestoreRefusesBrokenParts) {
  OffsetMap::Parts parts;
  parts.runs = {{Offset(5), Offset(5), 5, 0}, {Offset(9), Offset(10), 1, 5}};
  parts.next_ordinal = 6;
  parts.upstream_position = parts.downstream_end = parts.copied_end = Offset(20);
  EXPECT_FALSE(OffsetMap::restore(parts));
  parts.runs[1].upstream = Offset(10);
  EXPECT_TRUE(OffsetMap::restore(parts));
  parts.next_ordinal = 5;
  EXPECT_FALSE(OffsetMap::restore(parts));
}

TEST(OffsetMap, TakesThirtyTwoBytesARun) {
  OffsetMap map;
  for (std::int64_t i = 0; i < 100000; ++i) ASSERT_TRUE(map.append(Offset(2 * i), Offset(i), 1));
  EXPECT_LT(map.size_bytes(), 100000U * 32 * 5 / 4 + 1000);
  map.trim_downstream(Offset(90000));
  EXPECT_LT(map.size_bytes(), 60000U * 32);
}

// --- against a naive model: a plain list of copied records ---

RC_GTEST_PROP(OffsetMapProperty, AgreesWithAListOfRecords, ()) {
  NaiveMap naive;
  OffsetMap map;
  for (std::int64_t i = pick(1, 60); i > 0; --i) {
    random_step(map, naive);
    naive.expect_equal(map);
  }
}

RC_GTEST_PROP(OffsetMapProperty, RestoreGivesTheSameMap, ()) {
  NaiveMap naive;
  OffsetMap map;
  for (std::int64_t i = pick(1, 60); i > 0; --i) random_step(map, naive);
  OffsetMap::Parts parts{.base = map.base(),
                         .runs = {map.runs().begin(), map.runs().end()},
                         .next_ordinal = map.next_ordinal(),
                         .upstream_position = map.upstream_position(),
                         .downstream_end = map.downstream_end(),
                         .copied_end = map.copied_end(),
                         .lineage = 0};
  const auto restored = OffsetMap::restore(parts);
  RC_ASSERT(restored.has_value());
  RC_ASSERT(restored->same_mapping(map));
}

}  // namespace
}  // namespace ottla::flow
