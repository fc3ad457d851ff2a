#include "experiment/dissection/concept_counts.h"

#include <gtest/gtest.h>

#include <set>

#include "experiment/dissection/scores.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::concept_counts_test {
namespace {

// Two categories: concepts 0 and 1 in the first, 2 in the second. 2 x 3 pixels.
LabelPlanes first_photograph() { return {2, 3, {{1, 1, 0, 2, 0, 0}, {3, 0, 0, 3, 0, 3}}, {true, true}}; }
LabelPlanes second_photograph() { return {2, 3, {{2, 2, 2, 2, 2, 2}, {3, 3, 3, 3, 3, 3}}, {true, false}}; }

ConceptCounts empty_counts() { return {2, {0, 0, 1}, 2}; }

ConceptCounts counted() {
  ConceptCounts counts = empty_counts();
  for (const LabelPlanes& labels : {first_photograph(), second_photograph()}) counts.add_masks(labels);
  counts.add_unit(0, std::vector<uint32_t>{0, 3}, first_photograph());
  counts.add_unit(0, std::vector<uint32_t>{5}, second_photograph());
  return counts;
}

TEST(ConceptCounts, CountWhatIsSharedWhereTheCategoryWasLookedFor) {
  const ConceptCounts counts = counted();
  EXPECT_EQ(counts.intersection(0, 0), 1);
  EXPECT_EQ(counts.intersection(0, 1), 2);
  EXPECT_EQ(counts.intersection(0, 2), 2) << "the second photograph was not looked at for its category";
  EXPECT_EQ(counts.unit_pixels(0, 1), 3);
  EXPECT_EQ(counts.unit_pixels(0, 2), 2);
  EXPECT_EQ(counts.concept_pixels(1), 7);
  EXPECT_EQ(counts.concept_pixels(2), 3);
  EXPECT_EQ(counts.looked_at(0), 12);
  EXPECT_EQ(counts.looked_at(2), 6);
  // 2 of 3 + 7 - 2, 2 of 2 + 3 - 2; the quotients of the same whole numbers are the same to the bit.
  EXPECT_EQ(counts.iou(0, 1), 2.0 / 8);
  EXPECT_EQ(counts.iou(0, 2), 2.0 / 3);
  EXPECT_EQ(counts.share(2), 0.5);
  EXPECT_EQ(counts.iou(1, 0), 0) << "a unit without pixels";
}

TEST(ConceptCounts, PartsAddUpAndComeBackFromNumbers) {
  ConceptCounts sum = empty_counts();
  sum.add(counted());
  sum.add(counted());
  EXPECT_EQ(sum.intersection(0, 1), 4);
  ConceptCounts again = empty_counts();
  again.set_words(sum.words(), "state");
  EXPECT_EQ(again.words(), sum.words());
  std::vector<int64_t> words = sum.words();
  words.front() = -1;
  EXPECT_TRUE(testing::refuses([&] { again.set_words(words, "state"); }, {"state", "damaged"}));
  words.pop_back();
  EXPECT_TRUE(testing::refuses([&] { again.set_words(words, "state"); }, {"state", "damaged"}));
}

TEST(Scores, NameTheBestAndCountDifferentConcepts) {
  const BasisScores scores = score_basis(counted(), 0, 2);
  ASSERT_TRUE(scores.best[0].has_value());
  EXPECT_EQ(scores.best[0]->index, 2U);
  EXPECT_EQ(scores.best[0]->iou, 2.0 / 3);
  EXPECT_FALSE(scores.best[1].has_value());
  EXPECT_EQ(scores.detectors, 1);
  EXPECT_EQ(scores.unique_detectors, 1);
  EXPECT_EQ(scores.concepts_covered, 3) << "for each of the three the first unit exceeds .04";
  EXPECT_EQ(scores.mean_best_iou, 1.0 / 3);
  EXPECT_EQ(score_basis(counted(), 1, 1).concepts_covered, 0);
}

TEST(MaskShifts, NoPhotographKeepsItsOwnMasks) {
  EXPECT_TRUE(mask_shifts(1, 5, 0).empty());
  const std::vector<size_t> shifts = mask_shifts(64, 5, 3);
  EXPECT_EQ(shifts, mask_shifts(64, 5, 3));
  EXPECT_NE(shifts, mask_shifts(64, 5, 4));
  EXPECT_EQ(std::set<size_t>(shifts.begin(), shifts.end()).size(), 5U);
  for (const size_t shift : shifts) EXPECT_TRUE(shift >= 1 && shift < 64) << shift;
  EXPECT_EQ(mask_shifts(3, 5, 0).size(), 5U);
}

}  // namespace
}  // namespace phosphene::concept_counts_test
