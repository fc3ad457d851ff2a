#include <algorithm>

#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

struct Layer {
  const char* name;
  int64_t c, k, side, kernel, stride;
};
// The first of each is where a picture enters.
constexpr Layer kLayers[] = {{"googlenet_conv1", 3, 64, 224, 7, 2},    {"googlenet_conv2", 64, 192, 56, 3, 1},
                             {"googlenet_4a_1x1", 480, 192, 14, 1, 1}, {"googlenet_4a_3x3", 96, 208, 14, 3, 1},
                             {"googlenet_4a_5x5", 16, 48, 14, 5, 1},   {"vgg16_conv1_1", 3, 64, 224, 3, 1},
                             {"vgg16_conv1_2", 64, 64, 224, 3, 1},     {"vgg16_conv4_2", 512, 512, 28, 3, 1}};

void add_convolution(CaseList& list, Layer layer) {
  if (!list.real()) {
    layer.c = std::min<int64_t>(layer.c, 19);
    layer.k = std::min<int64_t>(layer.k, 37);
    layer.side = 12;
  }
  const int64_t pad = layer.kernel / 2, out = (layer.side + 2 * pad - layer.kernel) / layer.stride + 1;
  const Shape src{list.images, layer.c, layer.side, layer.side}, dst{list.images, layer.k, out, out};
  const Window window{layer.kernel, layer.kernel, layer.stride, layer.stride, pad, pad, pad, pad};
  const Weights weights = random_weights({layer.k, layer.c, layer.kernel, layer.kernel});
  const std::string name = layer.name;
  list.add("convolution/" + name, ConvolutionProblem{src, dst, window, 1, true, weights, random_weights({layer.k})},
           {network(src), written(network(dst))});
  list.add("convolution_backward/" + name, ConvolutionBackwardProblem{src, dst, window, 1, weights},
           {network(dst), written(network(src))});
}

void add_convolutions(CaseList& list) {
  for (const Layer& layer : kLayers) add_convolution(list, layer);
  // The last of the generator that comes with phosphene.
  const int64_t side = list.real() ? 112 : 6;
  const Shape below{list.images, 32, side, side}, above{list.images, 16, 2 * side, 2 * side};
  list.add("convolution_backward/generator_up1",
           ConvolutionBackwardProblem{above, below, Window{4, 4, 2, 2, 1, 1, 1, 1}, 1, random_weights({32, 16, 4, 4})},
           {network(below), written(network(above))});
  list.add("bias", BiasProblem{above}, {numbers(above), numbers(above.c), written(numbers(above))});

  const Shape pooled{list.images, list.real() ? 1024 : 200, 1, 1};
  const int64_t k = list.real() ? 1000 : 149;
  const Weights matrix = random_weights({k, pooled.c, 1, 1});
  list.add("linear", LinearProblem{pooled, k, matrix, random_weights({k})},
           {network(pooled), written(network(list.images * k))});
  list.add("linear_backward", LinearBackwardProblem{pooled, k, matrix},
           {network(list.images * k), written(network(pooled))});
}

void add_relus(CaseList& list) {
  const Shape map = list.map(64, 112);
  const int64_t n = map.elements();
  list.add("relu", ReluProblem{n}, {network(n), written(network(n))});
  list.add("redirected_relu_backward", RedirectedReluBackwardProblem{map},
           {network(n), network(n), written(network(n))});
}

// Inception 3a: its output, the gradient of its input, and that of one of its branches.
void add_joins(CaseList& list) {
  const Shape input = list.map(192, 28);
  const Operand at_input = network(input);
  list.add("accumulate/4_masked", AccumulateProblem{input, 4, input.c, 0, true},
           {at_input, at_input, at_input, at_input, at_input, written(at_input)});
  const std::vector<int64_t> channels =
      list.real() ? std::vector<int64_t>{64, 128, 32, 32} : std::vector<int64_t>{149, 20};
  Shape output = input, branch = input;
  output.c = list.real() ? 256 : 169;
  branch.c = list.real() ? 128 : 140;
  const auto add_concat = [&](const std::string& name, const Shape& of, const std::vector<int64_t>& parts) {
    std::vector<Operand> operands;
    for (const int64_t c : parts) operands.push_back(network({of.n, c, of.h, of.w}));
    operands.push_back(written(network(of)));
    list.add(name, ConcatProblem{of, parts}, std::move(operands));
  };
  add_concat("concat", output, channels);
  if (!list.real()) {  // of whole accesses of a GPU
    add_concat("concat/wide", {list.images, 48, 5, 6}, {8, 24, 16});
    add_concat("concat/of_nine", {list.images, 72, 5, 6}, std::vector<int64_t>(9, 8));
  }
  const double share = static_cast<double>(branch.c) / static_cast<double>(output.c);
  list.add("accumulate/slice", AccumulateProblem{branch, 2, output.c, 4, true},
           {partly(share, network(output)), partly(share, network(output)), network(branch), written(network(branch))});
}

void add_pooling(CaseList& list, const std::string& name, const Shape& src, const Shape& dst, const Window& window,
                 PoolingKind kind, PoolingDivisor divisor) {
  std::vector<unsigned char> taps;
  for (int64_t i = 0; i < dst.elements(); ++i) taps.push_back(static_cast<unsigned char>(i % (window.r * window.s)));
  const bool max = kind == PoolingKind::max;
  std::vector<Operand> forward = {network(src), written(network(dst))};
  std::vector<Operand> backward = {network(dst)};
  if (max) {
    forward.push_back(written(table(taps)));
    backward.push_back(table(taps));
  }
  list.add("pooling/" + name, PoolingProblem{src, dst, window, kind, divisor}, std::move(forward));
  for (const bool masked : {false, true}) {
    PoolingBackwardProblem problem{src, dst, window, kind, divisor};
    problem.masked = masked;
    std::vector<Operand> operands = backward;
    if (masked) operands.push_back(network(src));
    operands.push_back(written(network(src)));
    list.add("pooling_backward/" + name + (masked ? "_masked" : ""), problem, std::move(operands));
  }
}

void add_poolings(CaseList& list) {
  const Shape before = list.map(64, 112), last = list.map(1024, 7);
  const auto max = [&](const Shape& after, const Window& window) {
    add_pooling(list, "max", before, after, window, PoolingKind::max, PoolingDivisor::padded);
  };
  const auto average = [&](const char* name, const Shape& after, const Window& window, PoolingDivisor divisor) {
    add_pooling(list, name, last, after, window, PoolingKind::average, divisor);
  };
  if (list.real()) {
    max(list.map(64, 56), {3, 3, 2, 2, 0, 0, 1, 1});
    average("average", list.map(1024, 1), {7, 7}, PoolingDivisor::padded);
  } else {
    const Shape after{list.images, before.c, 3, 3};
    const Window window{3, 3, 2, 2, 1, 1, 1, 1};
    max(after, window);
    for (const int64_t c : {24, 20}) {  // whole accesses of a GPU, in bfloat16 for the first alone
      const std::string wide = "_channels_" + std::to_string(c);
      const auto of = [&](int64_t h, int64_t w) { return Shape{list.images, c, h, w}; };
      const auto add = [&](const char* name, const Shape& to, const Window& of_it) {
        add_pooling(list, name + wide, of(7, 6), to, of_it, PoolingKind::max, PoolingDivisor::padded);
      };
      add("max", of(4, 4), {3, 3, 2, 2, 1, 1, 1, 1});
      add("max_ceil", of(3, 3), {3, 3, 2, 2, 0, 0, 0, 1});
      add("max_stride_1", of(7, 6), {3, 3, 1, 1, 1, 1, 1, 1});
      add("max_2x2", of(3, 3), {2, 2, 2, 2});
      add("max_5x3", of(7, 6), {5, 3, 1, 1, 2, 1, 2, 1});
    }
    average("average_padded", after, window, PoolingDivisor::padded);
    average("average_inside", after, window, PoolingDivisor::inside);
  }
}

void add_lrn(CaseList& list, const Shape& map, float beta, int radius = 2) {
  constexpr float kAlpha = 0.3F;  // large enough that neighbours matter
  const std::string name = std::string("/beta_") +
                           (beta == 0.75F  ? "0.75"
                            : beta == 0.5F ? "0.5"
                                           : "0.6") +
                           "_channels_" + std::to_string(map.c) +
                           (radius == 2 ? "" : "_radius_" + std::to_string(radius));
  const Operand value = network(map);
  list.add("lrn" + name, LrnProblem{map, radius, kAlpha, beta, 1}, {value, written(value)});
  list.add("lrn_backward" + name, LrnBackwardProblem{map, radius, kAlpha, beta, 1}, {value, value, written(value)});
  list.add("lrn_backward" + name + "_masked", LrnBackwardProblem{map, radius, kAlpha, beta, 1, DType::f32, true},
           {value, value, value, written(value)});
}

void add_normalisations(CaseList& list) {
  add_lrn(list, list.map(64, 56), 0.75F);
  if (!list.real()) {  // the other powers, and rows that are mostly or all border
    for (const int64_t c : {149, 20, 3})
      for (const float beta : {0.75F, 0.5F, 0.6F})
        if (c != 149 || beta != 0.75F) add_lrn(list, {list.images, c, 5, 6}, beta);
    for (const int radius : {2, 3, 5})
      for (const int64_t c : {8, 24})
        for (const float beta : {0.75F, 0.5F}) add_lrn(list, {list.images, c, 3, 5}, beta, radius);
  }
  const Shape logits = list.map(1000, 1);
  list.add("softmax", SoftmaxProblem{logits}, {network(logits), written(network(logits))});
  list.add("softmax_backward", SoftmaxBackwardProblem{logits},
           {network(logits), network(logits), written(network(logits))});
}

}  // namespace

void add_network_cases(CaseList& list) {
  add_convolutions(list);
  add_relus(list);
  add_joins(list);
  add_poolings(list);
  add_normalisations(list);
}

}  // namespace phosphene::cases
