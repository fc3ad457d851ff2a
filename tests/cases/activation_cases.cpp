#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

// Numbers that bfloat16 has, of a size that operands on [-2, 2] see all pieces of a function.
struct NamedFunction {
  const char* name;
  ActivationFunction function;
};
constexpr NamedFunction kFunctions[] = {{"clip", {ActivationKind::clip, -0.5F, 1.25F}},
                                        {"leaky_relu", {ActivationKind::leaky_relu, 0.25F}},
                                        {"elu", {ActivationKind::elu, 0.75F, 1.0625F}},
                                        {"sigmoid", {ActivationKind::sigmoid}},
                                        {"tanh", {ActivationKind::tanh}},
                                        {"hard_sigmoid", {ActivationKind::hard_sigmoid, 0.625F, 0.5F}},
                                        {"hard_swish", {ActivationKind::hard_swish}},
                                        {"swish", {ActivationKind::swish, 1.F}},
                                        {"gelu", {ActivationKind::gelu}},
                                        {"gelu_tanh", {ActivationKind::gelu_tanh}},
                                        {"softplus", {ActivationKind::softplus}},
                                        {"mish", {ActivationKind::mish}}};

}  // namespace

void add_activation_cases(CaseList& list) {
  // What a hard swish would see both ends of.
  const auto wide = [](Operand operand) {
    operand.low = -8;
    operand.high = 8;
    return operand;
  };
  const Shape map = list.map(64, 112);
  const int64_t n = map.elements();
  for (const auto& [label, function] : kFunctions) {
    const std::string name = label;
    list.add("activation/" + name, ActivationProblem{n, function}, {wide(network(n)), written(network(n))});
    const Operand read = gradient_reads_dst(function) ? network(n) : wide(network(n));
    list.add("activation_backward/" + name, ActivationBackwardProblem{n, function},
             {network(n), read, written(network(n))});
  }
  list.add("prelu", PReluProblem{map}, {network(n), numbers(map.c), written(network(n))});
  list.add("prelu_backward", PReluBackwardProblem{map}, {network(n), network(n), numbers(map.c), written(network(n))});
}

}  // namespace phosphene::cases
