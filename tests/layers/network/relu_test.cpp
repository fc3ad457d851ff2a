#include "layers/network/relu.h"

#include "runtime/problems/problem.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::relu_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(Tensor src) {
  return {std::make_shared<Relu>(),
          {std::move(src)},
          [](const auto& s) { return reference::relu(s[0]); },
          [](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::relu_backward(grad_dst, s[0])};
          }};
}

// Longer than a row of the launch, with a rest; integers hold many zeros, where the gradient is 0.
TEST(Relu, EqualsNaiveLoopsExactly) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{2, 17, 19, 16}}) {
    expect_naive(naive(integer_tensor(shape, 1)), 0);
    expect_naive(naive(distinct_tensor(shape, 2)), 0);
  }
}

// No source lies within 1/32 of the kink, so steps of at most 1/64 stay on one side and the op is linear there.
TEST(Relu, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(naive(distinct_tensor({2, 5, 7, 3}, 3)));
  EXPECT_TRUE(harness.adjoint_identity(1e-6, 0x1p-6));
  EXPECT_TRUE(harness.central_differences(1e-6, 0x1p-6));
}

TEST(Relu, EqualsTheGoldenTable) {
  for (const nlohmann::json& golden : golden_layers("relu"))
    expect_golden(std::make_shared<Relu>(), golden, {"input"}, 0);
  EXPECT_EQ(golden_layers("relu").size(), 1U);
}

// The gradient that a redirected ReLU passes back, for any ceiling: an op by itself, of grad_dst and src.
class Redirection final : public Op {
 public:
  explicit Redirection(float ceiling) : ceiling_(ceiling) {}
  [[nodiscard]] std::string_view kind() const override { return "redirection"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return RedirectedReluBackwardProblem{src[1].shape, src[1].dtype, 0, ceiling_};
  }

 private:
  float ceiling_;
};

std::vector<double> negated(std::vector<double> numbers) {
  for (double& number : numbers) number = -number;
  return numbers;
}

// The table is about gradients of what is minimised.
TEST(RedirectedRelu, EqualsTheGoldenTable) {
  int cases = 0;
  const nlohmann::json table = golden_table("redirected_relu");
  for (const nlohmann::json& golden : table.at("cases")) {
    const auto dims = golden.at("preactivation").at("shape").get<std::vector<int64_t>>();
    const Shape shape{dims[0], dims[1], dims.size() > 2 ? dims[2] : 1, dims.size() > 2 ? dims[3] : 1};
    const auto numbers = [&](const char* key) { return golden.at(key).at("data").get<std::vector<double>>(); };
    const bool relu6 = golden.at("activation") == "relu6";
    OpHarness harness(std::make_shared<Redirection>(relu6 ? 6.F : std::numeric_limits<float>::infinity()),
                      {fixed(channels_last(shape, negated(numbers("incoming_loss_gradient")))),
                       fixed(channels_last(shape, numbers("preactivation")))});
    EXPECT_EQ(harness.forward(), negated(numbers("result_loss_gradient"))) << golden.at("name");
    ++cases;
  }
  EXPECT_EQ(cases, 4);
}

// Images that fire somewhere, and a silent one, whose gradient is let through where it wakes.
NaiveCase redirected(Tensor src) {
  NaiveCase one = naive(std::move(src));
  one.op = std::make_shared<Relu>(ReluGradient::redirected);
  one.backward = [](const Tensor& grad_dst, const std::vector<Tensor>& s) {
    Tensor grad_src = grad_dst;
    const size_t size = s[0].data.size() / static_cast<size_t>(s[0].shape.n);
    for (size_t first = 0; first < s[0].data.size(); first += size) {
      bool plain = false;
      for (size_t i = first; i < first + size; ++i) plain = plain || (s[0].data[i] >= 0 && grad_dst.data[i] != 0);
      for (size_t i = first; i < first + size; ++i) {
        const bool blocked = s[0].data[i] < 0 && (plain || grad_dst.data[i] < 0);
        if (blocked) grad_src.data[i] = 0;
      }
    }
    return std::vector<Tensor>{grad_src};
  };
  return one;
}

Tensor with_a_silent_image(const Shape& shape, unsigned seed) {
  Tensor src = integer_tensor(shape, seed);
  const auto size = static_cast<size_t>(shape.elements() / shape.n);
  for (size_t i = 0; i < size; ++i) src.data[i] = -1 - std::abs(src.data[i]);
  return src;
}

TEST(RedirectedRelu, EqualsNaiveLoopsExactly) {
  for (const Shape& shape : {Shape{2, 1, 1, 1}, Shape{3, 3, 5, 7}, Shape{2, 17, 19, 16}})
    expect_naive(redirected(with_a_silent_image(shape, 5)), 0);
}

TEST(RedirectedRelu, DoesNotDependOnThreadsOrBatch) {
  expect_same_bits_for_threads_and_batches(redirected(with_a_silent_image({3, 17, 19, 16}, 6)));
}

TEST(LinearRelu, PassesEverythingBack) {
  NaiveCase one = naive(integer_tensor({2, 3, 5, 7}, 7));
  one.op = std::make_shared<Relu>(ReluGradient::linear);
  one.backward = [](const Tensor& grad_dst, const auto& /*s*/) { return std::vector<Tensor>{grad_dst}; };
  expect_naive(one, 0);
}

TEST(Relu, DoesNotDependOnThreadsOrBatch) {
  expect_same_bits_for_threads_and_batches(naive(random_tensor({3, 17, 19, 16}, 4)));
}

}  // namespace
}  // namespace phosphene::relu_test
