#include "tests/loaders/small_model.h"

#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "runtime/problems/network.h"

namespace phosphene::testing {

Weights ramp(std::vector<int64_t> shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  std::vector<float> numbers(static_cast<size_t>(count));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 11) - 5;
  return Weights::from(std::move(numbers), std::move(shape));
}

Model small_model() {
  const WindowAttributes three{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, one{};
  const WindowAttributes half{.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .ceil = true};
  Model model;
  model.name = "small";
  model.height = model.width = 8;
  model.preprocessing = {{255, 254, 253.5F}, {104, 117, 123}, {2, 1, 0}};
  model.preprocessing_source = "as the test says";
  model.layers = {
      {"conv1:pre", std::make_shared<Convolution>(three, 1, ramp({4, 3, 3, 3}), ramp({4})), {Model::kInput}},
      {"conv1", std::make_shared<Relu>(), {"conv1:pre"}},
      {"norm1", std::make_shared<Lrn>(2, 0.00002F, 0.75F, 1.F), {"conv1"}},
      {"pool1", std::make_shared<Pooling>(PoolingKind::max, half, PoolingDivisor::padded, false), {"norm1"}},
      {"a:pre", std::make_shared<Convolution>(one, 1, ramp({3, 4, 1, 1}), Weights{}), {"pool1"}},
      {"a", std::make_shared<Relu>(), {"a:pre"}},
      {"b:pre", std::make_shared<Convolution>(three, 2, ramp({2, 2, 3, 3}), ramp({2})), {"pool1"}},
      {"b", std::make_shared<Relu>(), {"b:pre"}},
      {"block", std::make_shared<Concat>(), {"a", "b"}},
      {"sum", std::make_shared<Add>(), {"block", "block"}},
      {"pool2", std::make_shared<Pooling>(PoolingKind::average, one, PoolingDivisor::inside, true), {"sum"}},
      {"fc", std::make_shared<Linear>(ramp({4, 5, 1, 1}), ramp({4})), {"pool2"}},
      {"prob", std::make_shared<Softmax>(), {"fc"}}};
  model.aliases = {{"first", "conv1"}, {"mixed", "block"}};
  model.labels = {"tench, Tinca tinca", "crane", "crane", "military uniform, fatigues"};
  return model;
}

}  // namespace phosphene::testing
