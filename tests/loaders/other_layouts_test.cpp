// State dicts of programs that lay kernels out with their outputs last.
#include "loaders/architectures/other_layouts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <span>

namespace phosphene::testing::other_layouts_test {
namespace {

// Numbers 0, 1, 2 ... under this name.
phosphene::StateTensor counted(const std::string& name, const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  auto numbers = std::make_shared<std::vector<float>>(static_cast<size_t>(count));
  std::iota(numbers->begin(), numbers->end(), 0.F);
  auto storage = std::make_shared<StateStorage>();
  storage->bytes = std::as_bytes(std::span(*numbers));
  storage->owner = numbers;
  return {.name = name, .dims = dims, .strides = strides_of(dims), .storage = std::move(storage)};
}

StateDict dict_of(std::vector<phosphene::StateTensor> tensors) {
  StateDict dict;
  dict.path = "net.pkl";
  dict.tensors = std::move(tensors);
  dict.by_name.resize(dict.tensors.size());
  std::iota(dict.by_name.begin(), dict.by_name.end(), 0U);
  std::sort(dict.by_name.begin(), dict.by_name.end(),
            [&](uint32_t a, uint32_t b) { return dict.tensors[a].name < dict.tensors[b].name; });
  return dict;
}

// R x S x C x K = 1 x 2 x 2 x 3 as K x C x R x S.
const std::vector<float> kOutputsFirst = {0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11};

std::vector<float> numbers_of(const phosphene::StateTensor& tensor) {
  const Weights weights = tensor.weights();
  return {weights.data, weights.data + weights.elements()};
}

TEST(OtherLayouts, PairsOfAKernelAndABias) {
  const StateDict dict = in_pytorch_layout(dict_of({counted("conv1.0", {1, 2, 2, 3}), counted("conv1.1", {3})}));
  EXPECT_EQ(dict.at("conv1.weight").dims, (std::vector<int64_t>{3, 2, 1, 2}));
  EXPECT_EQ(numbers_of(dict.at("conv1.weight")), kOutputsFirst);
  EXPECT_EQ(numbers_of(dict.at("conv1.bias")), (std::vector<float>{0, 1, 2}));
}

TEST(OtherLayouts, TrunksOfFlax) {
  const StateDict dict = in_pytorch_layout(dict_of(
      {counted("AlexNet_0.Conv_0.kernel", {1, 2, 2, 3}), counted("AlexNet_0.Conv_0.bias", {3}),
       counted("AlexNet_0.Conv_1.kernel", {1, 1, 3, 1}), counted("NetLinLayer_0.Conv_0.kernel", {1, 1, 3, 1})}));
  EXPECT_EQ(dict.tensors.size(), 3U);
  EXPECT_EQ(numbers_of(dict.at("features.0.weight")), kOutputsFirst);
  EXPECT_EQ(dict.at("features.0.bias").dims, std::vector<int64_t>{3});
  EXPECT_EQ(dict.at("features.3.weight").dims, (std::vector<int64_t>{1, 3, 1, 1}));
  EXPECT_EQ(dict.skipped, std::vector<std::string>{"NetLinLayer_0.Conv_0.kernel"});
}

TEST(OtherLayouts, WhatIsOfNoneStaysAsItIs) {
  for (const std::vector<phosphene::StateTensor>& tensors :
       {std::vector{counted("conv1.0", {1, 2, 2, 3}), counted("conv1.1", {2})},  // a bias of another number of outputs
        std::vector{counted("conv1.0", {2, 3}), counted("conv1.1", {3})},        // no kernel
        std::vector{counted("conv1.0", {1, 2, 2, 3}), counted("conv1.1", {3}), counted("more", {1})},
        std::vector{counted("VGG16_0.Conv_1.kernel", {1, 2, 2, 3})}}) {
    const StateDict dict = in_pytorch_layout(dict_of(tensors));
    ASSERT_EQ(dict.tensors.size(), tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(dict.tensors[i].name, tensors[i].name);
      EXPECT_EQ(dict.tensors[i].dims, tensors[i].dims);
    }
  }
}

}  // namespace
}  // namespace phosphene::testing::other_layouts_test
