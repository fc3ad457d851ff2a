#include "experiment/dissection/activation_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "tests/support/temporary_folder.h"

namespace phosphene::activation_histogram_test {
namespace {

// Of both signs, over thirty powers of two, with ties and zeros.
std::vector<float> activations(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    const auto exponent = static_cast<int>(random() % 30) - 20;
    value = std::ldexp(static_cast<float>(random() % 1000) / 500 - 1, exponent);
    if (random() % 3 == 0) value = 0;
  }
  return values;
}

float sorted_at(std::vector<float> values, double quantile) {
  std::sort(values.begin(), values.end(), std::greater<>());
  return values[index_of_quantile(quantile, values.size())];
}

std::vector<float> row_of(const std::vector<float>& values, size_t row, size_t rows) {
  std::vector<float> of_row;
  for (size_t i = row; i < values.size(); i += rows) of_row.push_back(values[i]);
  return of_row;
}

TEST(OrderedBits, KeepTheOrderAndComeBack) {
  const float largest = std::numeric_limits<float>::max(), smallest = std::numeric_limits<float>::denorm_min();
  const std::vector<float> rising = {-largest, -1.5F, -1, -smallest, 0, smallest, 1, 1.0000001F, largest};
  for (size_t i = 0; i < rising.size(); ++i) {
    EXPECT_EQ(from_ordered_bits(ordered_bits(rising[i])), rising[i]);
    if (i == 0) continue;
    EXPECT_LT(ordered_bits(rising[i - 1]), ordered_bits(rising[i])) << rising[i];
  }
  EXPECT_EQ(ordered_bits(-0.0F), ordered_bits(0.0F));
}

TEST(ActivationHistogram, TwoCountsGiveTheSortedValueToTheBit) {
  constexpr size_t kRows = 3;
  const std::vector<float> values = activations(kRows * 4001, 7);
  for (const double quantile : {0.0, 0.005, 0.3, 0.5, 0.9, 0.9999}) {
    ActivationHistogram histogram(kRows);
    histogram.add(values);
    std::vector<QuantileBin> bins;
    for (size_t row = 0; row < kRows; ++row) bins.push_back(histogram.bin(row, quantile));
    QuantileRefinement refinement(bins);
    refinement.add(values);
    for (size_t row = 0; row < kRows; ++row) {
      const std::vector<float> of_row = row_of(values, row, kRows);
      const float threshold = refinement.threshold(row);
      EXPECT_EQ(threshold, sorted_at(of_row, quantile)) << row << " " << quantile;
      const auto above = std::count_if(of_row.begin(), of_row.end(), [&](float value) { return value > threshold; });
      EXPECT_LE(static_cast<double>(above), quantile * 4001);
      // What the first count alone knows: the bin of the value, and how far a rank inside it may be off.
      EXPECT_LE(bins[row].above, bins[row].index);
      EXPECT_LT(bins[row].index, bins[row].above + bins[row].inside);
      EXPECT_EQ(ordered_bits(threshold) >> 16U, bins[row].upper);
    }
  }
}

TEST(ActivationHistogram, PartsAddUpAndComeBackFromNumbers) {
  constexpr size_t kRows = 2;
  const std::vector<float> first = activations(kRows * 300, 1), second = activations(kRows * 500, 2);
  ActivationHistogram whole(kRows), part(kRows), rest(kRows);
  whole.add(first);
  whole.add(second);
  part.add(first);
  rest.add(second);
  rest.add(ActivationHistogram::from_words(kRows, part.words(), "state"));
  EXPECT_EQ(rest.count(), 800U);
  EXPECT_EQ(rest.words(), whole.words());

  const std::vector<QuantileBin> bins = {whole.bin(0, 0.1), whole.bin(1, 0.1)};
  QuantileRefinement all(bins), one(bins), other(bins), again(bins);
  all.add(first);
  all.add(second);
  one.add(first);
  other.add(second);
  again.add_words(other.words(), "state");
  again.add(one);
  EXPECT_EQ(again.words(), all.words());
}

TEST(ActivationHistogram, RefusesWhatIsNotFiniteAndDamagedCounts) {
  using testing::refuses;
  for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    ActivationHistogram histogram(1);
    EXPECT_TRUE(refuses([&] { histogram.add(std::vector<float>{1, value}); }, {"not finite"}));
  }
  ActivationHistogram histogram(2);
  histogram.add(std::vector<float>{1, 2});
  std::vector<uint32_t> words = histogram.words();
  const auto read = [&] { return ActivationHistogram::from_words(2, words, "state"); };
  words[2 + (ordered_bits(1.0F) >> 16U & 0xFFU)] = 2;  // one row has more activations than the other now
  EXPECT_TRUE(refuses(read, {"state", "damaged"}));
  words.pop_back();
  EXPECT_TRUE(refuses(read, {"state", "damaged"}));
}

}  // namespace
}  // namespace phosphene::activation_histogram_test
