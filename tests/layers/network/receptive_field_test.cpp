// Fields of single ops against what is measured: where the gradient of one position is not zero. Those of networks:
// tests/experiment/objective/receptive_field_test.cpp.
#include "layers/network/receptive_field.h"

#include <algorithm>

#include "layers/network/convolution.h"
#include "layers/network/transposed_convolution.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::receptive_field_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

Weights ones(int64_t k, int64_t c, int64_t r, int64_t s) {
  return Weights::from(std::vector<float>(static_cast<size_t>(k * c * r * s), 1.F), {k, c, r, s});
}

const Shape kSrc{1, 2, 23, 19};

ReceptiveField field_of(const std::vector<std::shared_ptr<const Op>>& ops) {
  Graph graph;
  const ValueId src = graph.state("src", {kSrc, Layout::channels_last, DType::f32});
  ValueId value = src;
  for (const auto& op : ops) value = graph.append(op, {value}, "op");
  return receptive_field(graph, src, value);
}

struct Range {
  int64_t begin = 0, end = 0;
};

// Of position (row, column), by columns or rows.
Range measured(const std::vector<std::shared_ptr<const Op>>& ops, int64_t row, int64_t column, bool rows) {
  OpHarness harness(
      [&](Graph& graph, const std::vector<ValueId>& src) {
        ValueId value = src[0];
        for (const auto& op : ops) value = graph.append(op, {value}, "op");
        return std::vector<ValueId>{value};
      },
      false, {channels_last(kSrc, random_numbers(kSrc.elements(), 1))});
  Tensor cotangent(harness.dst());
  cotangent.data[static_cast<size_t>(cotangent.index(0, 0, row, column))] = 1;
  const Tensor gradient(kSrc, harness.backward(cotangent.data)[0]);
  Range range{rows ? kSrc.h : kSrc.w, 0};
  for (int64_t h = 0; h < kSrc.h; ++h) {
    for (int64_t w = 0; w < kSrc.w; ++w) {
      if (gradient.data[static_cast<size_t>(gradient.index(0, 0, h, w))] == 0) continue;
      const int64_t at = rows ? h : w;
      range = {std::min(range.begin, at), std::max(range.end, at + 1)};
    }
  }
  return range;
}

void expect_measured(const std::vector<std::shared_ptr<const Op>>& ops, int64_t row, int64_t column) {
  const ReceptiveField field = field_of(ops);
  for (const bool rows : {true, false}) {
    const FieldAxis& axis = rows ? field.rows : field.columns;
    const Range range = measured(ops, row, column, rows);
    const int64_t first = axis.first + (rows ? row : column) * axis.stride, length = rows ? kSrc.h : kSrc.w;
    EXPECT_EQ(std::clamp<int64_t>(first, 0, length), range.begin) << (rows ? "rows" : "columns");
    EXPECT_EQ(std::clamp<int64_t>(first + axis.size, 0, length), range.end) << (rows ? "rows" : "columns");
  }
}

TEST(ReceptiveFieldOfOps, ADilatedWindowSeesAsFarAsItReaches) {
  const auto dilated = std::make_shared<Convolution>(
      WindowAttributes{
          .r = 3, .s = 2, .stride_h = 2, .pad_top = 1, .pad_left = 2, .pad_right = 1, .dilation_h = 3, .dilation_w = 4},
      1, ones(2, 2, 3, 2), Weights{});
  const auto plain = std::make_shared<Convolution>(WindowAttributes{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1}, 1,
                                                   ones(2, 2, 3, 3), Weights{});
  EXPECT_EQ(field_of({dilated}).rows, (FieldAxis{-1, 7, 2}));
  EXPECT_EQ(field_of({dilated}).columns, (FieldAxis{-2, 5, 1}));
  expect_measured({dilated}, 4, 9);
  expect_measured({plain, dilated}, 4, 9);
  expect_measured({dilated, plain}, 4, 9);
}

TEST(ReceptiveFieldOfOps, ATransposedConvolutionOfStride1IsOneWithTheWindowRotated) {
  const auto transposed = std::make_shared<TransposedConvolution>(
      WindowAttributes{.r = 3, .s = 4, .pad_top = 2, .pad_left = 0, .pad_bottom = 1, .pad_right = 1, .dilation_h = 2},
      ones(2, 2, 3, 4));
  expect_measured({transposed}, 9, 8);
  // It keeps rows and columns, as an op that works position by position does.
  const auto keeps = std::make_shared<TransposedConvolution>(
      WindowAttributes{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, ones(2, 2, 3, 3));
  expect_measured({keeps}, 9, 8);
}

TEST(ReceptiveFieldOfOps, AnEnlargedMapIsSaidToSeeTheWholeOfTheOneBefore) {
  const auto up = std::make_shared<TransposedConvolution>(
      WindowAttributes{.r = 4, .s = 3, .stride_h = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1},
      ones(2, 2, 4, 3));
  EXPECT_EQ(field_of({up}).rows, (FieldAxis{0, kSrc.h, 0}));
  EXPECT_EQ(field_of({up}).columns, (FieldAxis{-1, 3, 1}));
}

}  // namespace
}  // namespace phosphene::receptive_field_test
