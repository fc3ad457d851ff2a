#include "experiment/examples/example_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "experiment/photos/photo_folder.h"

namespace phosphene::testing::example_selection_test {
namespace {

Photograph named(int number) { return {"photo" + std::to_string(number) + ".jpg", 10, 20}; }

Response response(float activation) {
  Response at;
  at.activation = activation;
  return at;
}

// Photographs with activations from few values, so that there are ties.
std::vector<Example> random_examples(int count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<Example> examples;
  for (int i = 0; i < count; ++i) {
    examples.push_back({named(i), response(static_cast<float>(static_cast<int>(generator() % 41) - 20))});
    examples.back().response.row = static_cast<int32_t>(generator() % 14);
  }
  return examples;
}

std::vector<Example> fully_sorted(std::vector<Example> examples, bool highest) {
  std::sort(examples.begin(), examples.end(), [&](const Example& a, const Example& b) {
    if (a.response.activation != b.response.activation)
      return highest ? a.response.activation > b.response.activation : a.response.activation < b.response.activation;
    return a.photograph.name < b.photograph.name;
  });
  return examples;
}

TEST(BestExamples, AreTheFirstOfAFullSortInAnyOrder) {
  std::vector<Example> examples = random_examples(300, 3);
  for (const bool highest : {true, false}) {
    for (const size_t limit : {size_t{1}, size_t{8}, size_t{299}, size_t{400}}) {
      std::vector<Example> expected = fully_sorted(examples, highest);
      expected.resize(std::min(limit, expected.size()));
      for (unsigned seed = 0; seed < 3; ++seed) {
        std::shuffle(examples.begin(), examples.end(), std::mt19937(seed));
        BestExamples best(highest ? BestExamples::Order::highest : BestExamples::Order::lowest, limit);
        for (const Example& example : examples) best.offer(example.photograph, example.response);
        EXPECT_EQ(best.sorted(), expected) << "limit " << limit << ", order " << seed;
      }
    }
  }
}

TEST(Responses, AreTheFirstExtremesOfFiniteNumbers) {
  Responses responses;
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> activations = {std::nanf(""), 2, -3, infinity, 5, -1, -infinity, 5, -1, -0.F, -3};
  for (size_t i = 0; i < activations.size(); ++i) {
    Response at = response(activations[i]);
    at.column = static_cast<int32_t>(i);
    responses.add(at);
  }
  EXPECT_EQ(responses.highest->column, 4);
  EXPECT_EQ(responses.lowest->column, 2);
  EXPECT_EQ(responses.below_zero->column, 5);
  Responses none;
  none.add(response(infinity));
  EXPECT_FALSE(none.highest || none.lowest || none.below_zero);
  none.add(response(0));
  EXPECT_TRUE(none.highest && none.lowest && !none.below_zero);
}

TEST(PhotographSample, HasTheMedianOfFewPhotographsExactly) {
  for (const int count : {1, 2, 3, 10, 511, 512}) {
    const std::vector<Example> examples = random_examples(count, 5), sorted = fully_sorted(examples, false);
    PhotographSample sample;
    for (const Example& example : examples) sample.offer({example.photograph, {example.response}});
    const size_t middle = (sorted.size() - 1) / 2;
    const std::vector<Example> found = sample.about_median(0, 5);
    ASSERT_EQ(found.size(), std::min<size_t>(5, sorted.size()));
    EXPECT_EQ(found[0], sorted[middle]) << count;
    if (count >= 10) {
      EXPECT_EQ(found, (std::vector<Example>{sorted[middle], sorted[middle - 1], sorted[middle + 1], sorted[middle - 2],
                                             sorted[middle + 2]}));
    }
    EXPECT_EQ(sample.about_median(0, 1000).size(), sorted.size());
  }
}

TEST(PhotographSample, LeavesOutPhotographsWithoutAResponse) {
  PhotographSample sample;
  sample.offer({named(0), {std::nullopt, response(1)}});
  sample.offer({named(1), {response(2), std::nullopt}});
  ASSERT_EQ(sample.about_median(0, 5).size(), 1U);
  EXPECT_EQ(sample.about_median(0, 5)[0].photograph, named(1));
  EXPECT_EQ(sample.about_median(1, 5)[0].photograph, named(0));
}

// 20000 photographs whose activation is their rank, in an order and in its reverse: the same bounded sample, with the stated accuracy.
// Three standard deviations of 1 / (2 sqrt 512) are 6.6 percent.
TEST(PhotographSample, IsBoundedFairAndIndependentOfTheOrder) {
  constexpr int kCount = 20000;
  PhotographSample up, down;
  for (int i = 0; i < kCount; ++i) {
    up.offer({named(i), {response(static_cast<float>(i))}});
    down.offer({named(kCount - 1 - i), {response(static_cast<float>(kCount - 1 - i))}});
  }
  EXPECT_EQ(up.entries().size(), PhotographSample::kSize);
  EXPECT_EQ(up.about_median(0, 9), down.about_median(0, 9));
  EXPECT_NEAR(up.about_median(0, 1)[0].response.activation, 0.5 * kCount, 0.066 * kCount);
}

// In a hundred equal bins a fair sample of 20000 keys leaves 200 each, with a standard deviation of 14.
TEST(NameKey, SpreadsNamesThatAreAlike) {
  std::vector<int> bins(100);
  for (int i = 0; i < 20000; ++i) ++bins[static_cast<size_t>(name_key(named(i).name) >> 32) * 100 >> 32];
  for (const int bin : bins) EXPECT_NEAR(bin, 200, 5 * 14);
}

}  // namespace
}  // namespace phosphene::testing::example_selection_test
