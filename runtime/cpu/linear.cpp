#include "runtime/cpu/linear.h"

#include <algorithm>
#include <vector>

#include "kernels/launch_cpu.h"
#include "kernels/linear.h"
#include "runtime/launches/operands.h"

namespace phosphene {
namespace {

// Weights K x (C x H x W) as rows over k of columns in the order of a channels_last source, or the transpose.
template <class Storage>
std::vector<Storage> pack(const Weights& weights, const Shape& src, int64_t k_count, bool transposed) {
  const int64_t positions = src.h * src.w, inputs = src.c * positions;
  std::vector<Storage> packed(static_cast<size_t>(k_count * inputs));
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t c = 0; c < src.c; ++c) {
      for (int64_t p = 0; p < positions; ++p) {
        const int64_t input = p * src.c + c;
        narrow(weights.data[k * inputs + c * positions + p],
               packed[static_cast<size_t>(transposed ? input * k_count + k : k * inputs + input)]);
      }
    }
  }
  return packed;
}

struct OnThisThread {
  template <class F>
  void operator()(int64_t count, int64_t /*elements_each*/, const F& f) const {
    f(int64_t{0}, count);
  }
};

template <class Storage>
class LinearTask final : public Task {
 public:
  LinearTask(std::vector<Storage> matrix, std::vector<float> bias, int64_t rows, int64_t inputs, int64_t outputs,
             const Parallel& parallel)
      : matrix_(std::move(matrix)), bias_(std::move(bias)), rows_(rows), parallel_(parallel) {
    body_.matrix = matrix_.data();
    body_.bias = bias_.empty() ? nullptr : bias_.data();
    body_.inputs = inputs;
    body_.outputs = outputs;
  }

  void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
    body_.src = reinterpret_cast<const Storage*>(operands[0]);
    body_.dst = reinterpret_cast<Storage*>(operands[1]);
  }
  // Threads share the outputs, not the rows, of which there may be one; each reads its own columns of the matrix.
  void run() override {
    constexpr int kLanes = ApplyMatrix<Storage>::cpu_lanes;
    const int64_t blocks = (body_.outputs + kLanes - 1) / kLanes;
    parallel_(blocks, rows_ * body_.inputs * kLanes, [this](int64_t begin, int64_t end) {
      const auto last = std::min(end * kLanes, body_.outputs);
      launch_rows(OnThisThread{}, rows_, static_cast<int>(begin * kLanes), static_cast<int>(last), body_);
    });
  }

 private:
  std::vector<Storage> matrix_;
  std::vector<float> bias_;
  int64_t rows_;
  Parallel parallel_;
  ApplyMatrix<Storage> body_{};
};

PlannedTask planned(const Weights& weights, std::vector<float> bias, const Shape& src, int64_t k, bool backward,
                    DType storage, const Parallel& parallel) {
  const int64_t inputs = src.elements() / src.n;
  PlannedTask planned;
  planned.implementation = "kernel";
  planned.attempts = {{"kernel", ""}};
  planned.constant_bytes = k * inputs * size_of(storage);
  with_storage(storage, [&](auto number) {
    using Storage = decltype(number);
    planned.task = std::make_unique<LinearTask<Storage>>(pack<Storage>(weights, src, k, !backward), std::move(bias),
                                                         src.n, backward ? k : inputs, backward ? inputs : k, parallel);
  });
  return planned;
}

}  // namespace

PlannedTask plan_linear(const LinearProblem& problem, const Parallel& parallel) {
  std::vector<float> bias(problem.bias.data,
                          problem.bias.data + problem.bias.elements() * (problem.bias.data != nullptr));
  return planned(problem.weights, std::move(bias), problem.src, problem.k, false, problem.storage, parallel);
}

PlannedTask plan_linear(const LinearBackwardProblem& problem, const Parallel& parallel) {
  return planned(problem.weights, {}, problem.src, problem.k, true, problem.storage, parallel);
}

}  // namespace phosphene
