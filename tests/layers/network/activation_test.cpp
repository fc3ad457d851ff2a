#include "layers/network/activation.h"

#include <limits>

#include "kernels/activation.h"
#include "layers/network/prelu.h"
#include "layers/network/softmax.h"
#include "runtime/error.h"
#include "runtime/launches/activation.h"
#include "tests/layers/network/oracles.h"
#include "tests/reference/activation_ops.h"

namespace phosphene::activation_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Of every kind; kinks lie at multiples of 1/16.
std::vector<std::shared_ptr<const Activation>> all() {
  return {Activation::relu6(),          Activation::clip(-1.5F, kInfinity),
          Activation::leaky_relu(0.2F), Activation::leaky_relu(-0.5F),
          Activation::elu(0.7F),        Activation::selu(),
          Activation::sigmoid(),        Activation::tanh(),
          Activation::hard_sigmoid(),   Activation::hard_swish(),
          Activation::silu(),           Activation::swish(-1.702F),
          Activation::gelu(),           Activation::gelu_tanh(),
          Activation::softplus(),       Activation::mish()};
}

NaiveCase naive(std::shared_ptr<const Op> op, const ActivationFunction& function, Tensor src) {
  return {std::move(op),
          {std::move(src)},
          [function](const auto& s) { return reference::activation(s[0], function); },
          [function](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::activation_backward(grad_dst, s[0], function)};
          }};
}
NaiveCase naive(const std::shared_ptr<const Activation>& op, Tensor src) {
  return naive(op, op->function(), std::move(src));
}

// Longer than a row of the launch, with a rest; multiples of 2^-10 hit kinks too. A value or a derivative is off by at most 16 eps of
// itself or of 1 (below), and its product with a gradient of up to 2, no smaller than half the largest, by one rounding more.
TEST(Activation, EqualsNaiveLoops) {
  for (const auto& op : all()) {
    SCOPED_TRACE(op->kind());
    expect_naive(naive(op, {{1, 1, 1, 2}, {-0.25, 0.75}}), 36 * 0x1p-24);
    for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{2, 17, 19, 16}})
      expect_naive(naive(op, {shape, random_numbers(shape.elements(), 3, -8, 8)}), 36 * 0x1p-24);
  }
}

// Sums of nothing: clips, and leaky ReLUs whose slope is a power of two.
TEST(Activation, IsExactWhereNothingRounds) {
  for (const auto& op : {Activation::relu6(), Activation::clip(-2, 3), Activation::leaky_relu(-0.5F),
                         Activation::leaky_relu(0.25F), Activation::leaky_relu(0.F)})
    for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{2, 17, 19, 16}})
      expect_naive(naive(op, integer_tensor(shape, 1)), 0);
}

struct Largest {
  double value = 0, gradient = 0;  // errors in eps, of the number itself and of 1
};

// Against double precision, over floats from -`end` to `end`; the relative error only where float32 has all its bits.
template <class Function>
Largest largest_errors(const Function& function, const ActivationFunction& by_formula, double end) {
  constexpr double kEps = 0x1p-24;
  constexpr int kPoints = 200'000;
  Largest largest;
  for (int i = 0; i <= kPoints; ++i) {
    const double along = 2.0 * i / kPoints - 1;
    const auto x = static_cast<float>(end * along * along * along);  // closer where functions bend
    const double y = reference::activate(by_formula, x);
    if (std::abs(y) > 1e-30)
      largest.value = std::max(largest.value, std::abs(function.value(x) - y) / (kEps * std::abs(y)));
    const float read = gradient_reads_dst(by_formula) ? function.value(x) : x;
    const double error = std::abs(function.gradient(1.F, read) - reference::derivative(by_formula, x));
    largest.gradient = std::max(largest.gradient, error / kEps);
  }
  return largest;
}

// kernels/exponential.h derives 2 to 8 units in the last place, of two eps each, for the functions that values are made of; none is taken as
// the difference of larger ones, so they are as accurate near 0 and in their tails. Arguments z that round move e^z by z eps more, over
// up to 70 for swish in its tail, and the polynomial in front of GELU's tanh over as much: there the error is that of the exponent.
TEST(Activation, IsAccurateEverywhere) {
  for (const auto& op : all()) {
    SCOPED_TRACE(op->kind());
    const ActivationFunction& f = op->function();
    const bool rounds_exponent = f.kind == ActivationKind::swish || f.kind == ActivationKind::gelu_tanh;
    const bool at_kink = f.kind == ActivationKind::hard_swish || f.kind == ActivationKind::hard_sigmoid;
    with_function(f, [&](const auto& function) {
      const Largest largest = largest_errors(function, f, at_kink ? 2.5 : 60);
      EXPECT_LE(largest.value, rounds_exponent ? 4 * 70 : 16);
      EXPECT_LE(largest.gradient, 16);
    });
  }
}

// Beyond all exponentials: what each function tends to. e^-87 of 1e30 is below 2e-8.
TEST(Activation, HugeNumbersGiveTheLimits) {
  for (const auto& op : all()) {
    SCOPED_TRACE(op->kind());
    const ActivationFunction& f = op->function();
    with_function(f, [&](const auto& function) {
      for (const float x : {-1e30F, -1e4F, 1e4F, 1e30F}) {
        const double sign = f.kind == ActivationKind::swish ? f.a : 1;
        const double size =
            f.kind == ActivationKind::mish ? std::min(x, 300.F) : x;  // beyond, the formula's own e^x overflows
        const bool cubic = f.kind == ActivationKind::gelu_tanh;
        const bool gate = cubic || f.kind == ActivationKind::swish;
        const double y = f.kind == ActivationKind::mish ? (x < 0 ? 0 : x)
                         : gate                         ? (x * sign < 0 ? 0 : x)
                                                        : reference::activate(f, size);
        EXPECT_LE(std::abs(function.value(x) - y), 1e-6 * std::max(1., std::abs(y))) << x;
        const double slope = gate ? (x * sign < 0 ? 0 : 1) : reference::derivative(f, size);
        EXPECT_LE(std::abs(function.gradient(1.F, gradient_reads_dst(f) ? function.value(x) : x) - slope), 1e-6) << x;
      }
    });
  }
}

// No source lies within 1/32 of a kink, so steps of at most 1/64 stay on one side. Third derivatives are at most 2, which leaves
// 2^-12 / 3 of a difference, and the products of outputs up to 8 round by 8 eps over a step of 1/32, 2e-5; gradients reach 1/2.
TEST(Activation, GradientIsTheAdjointAndTheDifference) {
  for (const auto& op : all()) {
    OpHarness harness = harness_of(naive(op, distinct_tensor({2, 5, 7, 3}, 3)));
    EXPECT_TRUE(harness.adjoint_identity(4e-4, 0x1p-6)) << op->kind();
    EXPECT_TRUE(harness.central_differences(4e-4, 0x1p-6)) << op->kind();
  }
}

TEST(Activation, DoesNotDependOnThreadsOrBatch) {
  for (const auto& op : all()) expect_same_bits_for_threads_and_batches(naive(op, random_tensor({3, 17, 19, 16}, 4)));
}

std::shared_ptr<const Op> op_of(const nlohmann::json& golden) {
  for (const ActivationForm& form : activation_forms()) {
    if (golden.at("kind") != form.name) continue;
    const auto number = [&](size_t i) {
      return form.numbers[i].empty() ? 0.F : golden.at(std::string(form.numbers[i])).get<float>();
    };
    return std::make_shared<Activation>(ActivationFunction{form.kind, number(0), number(1)});
  }
  return nullptr;
}

// Each kind at its kinks, in its tails and between. The largest entry is 20 or more, or 1 where the largest derivative is 1/4.
TEST(Activation, EqualsPyTorch) {
  const nlohmann::json table = golden_table("activations");
  int cases = 0;
  for (nlohmann::json golden : table.at("cases")) {
    if (golden.at("kind") == "prelu") continue;
    golden["inputs"] = table.at("inputs");
    golden["cotangent"] = table.at("cotangent");
    expect_golden(op_of(golden), golden, {"input"}, 36 * 0x1p-24);
    ++cases;
  }
  EXPECT_EQ(cases, 16);
}

// The table is about gradients of what is minimised.
TEST(RedirectedClip, EqualsTheGoldenTableOfRelu6) {
  const auto negated = [](std::vector<double> numbers) {
    for (double& number : numbers) number = -number;
    return numbers;
  };
  int cases = 0;
  const nlohmann::json table = golden_table("redirected_relu");
  for (const nlohmann::json& golden : table.at("cases")) {
    if (golden.at("activation") != "relu6") continue;
    const Array src = to_array(golden.at("preactivation"));
    OpHarness harness(with_relu_gradient(*Activation::relu6(), ReluGradient::redirected),
                      {channels_last(src.shape(), src.data)});
    const auto gradient = harness.backward(negated(to_array(golden.at("incoming_loss_gradient")).data))[0];
    EXPECT_EQ(gradient, negated(to_array(golden.at("result_loss_gradient")).data)) << golden.at("name");
    ++cases;
  }
  EXPECT_GT(cases, 0);
}

// Of a clip elsewhere: an image within it here and there, and one that lies outside everywhere.
TEST(RedirectedClip, LetsASilentImageBackBetweenItsEnds) {
  const auto redirected = with_relu_gradient(*Activation::clip(-1, 1), ReluGradient::redirected);
  OpHarness harness(redirected, {channels_last({2, 4, 1, 1}, {-2, 0, 2, -2, -2, -2, 2, 2})});
  EXPECT_EQ(harness.backward({1, 1, 1, -1, 1, -1, 1, -1})[0], (std::vector<double>{0, 1, 0, 0, 1, 0, 0, -1}));
}

TEST(LinearClip, PassesEverythingBack) {
  NaiveCase one = naive(with_relu_gradient(*Activation::relu6(), ReluGradient::linear), Activation::relu6()->function(),
                        integer_tensor({2, 3, 5, 7}, 7));
  one.backward = [](const Tensor& grad_dst, const auto& /*s*/) { return std::vector<Tensor>{grad_dst}; };
  expect_naive(one, 0);
}

TEST(Activation, OnlyReluAndClipTakeAnotherGradient) {
  EXPECT_NE(with_relu_gradient(Relu(), ReluGradient::linear), nullptr);
  EXPECT_EQ(with_relu_gradient(*Activation::leaky_relu(0.1F), ReluGradient::linear), nullptr);
  EXPECT_EQ(with_relu_gradient(PRelu(Weights::from({1}, {1})), ReluGradient::linear), nullptr);
  EXPECT_EQ(with_relu_gradient(Softmax(), ReluGradient::linear), nullptr);
  for (const auto& op : all()) EXPECT_TRUE(is_activation(*op)) << op->kind();
  EXPECT_TRUE(is_activation(Relu()));
  EXPECT_TRUE(is_activation(PRelu(Weights::from({1}, {1}))));
  EXPECT_FALSE(is_activation(Softmax()));
}

// 1.1 and -1.1 are no bfloat16s: what is clipped there stands in dst as the nearest, above or below it, and has no gradient.
TEST(Activation, AClipsEndsRoundWithItsValues) {
  for (const float end : {1.1F, 1.099F, 1.105F}) {
    OpHarness harness(Activation::clip(-end, end), {testing::in_bf16(channels_last({1, 4, 1, 1}, {-3, -0.5, 0.5, 3}))});
    EXPECT_EQ(harness.backward({1, 1, 1, 1})[0], (std::vector<double>{0, 1, 1, 0})) << end;
  }
}

TEST(Activation, RefusesNumbersThatMakeNoSense) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(Activation::clip(1, 1), Error);
  EXPECT_THROW(Activation::clip(nan, 1), Error);
  EXPECT_THROW(Activation::leaky_relu(nan), Error);
  EXPECT_THROW(Activation::leaky_relu(kInfinity), Error);
  EXPECT_THROW(Activation::elu(-1), Error);
  EXPECT_THROW(Activation::elu(1, 0), Error);
  EXPECT_THROW(Activation::hard_sigmoid(1, kInfinity), Error);
  EXPECT_THROW(Activation::swish(nan), Error);
}

}  // namespace
}  // namespace phosphene::activation_test
