#include "runtime/cpu/linear.h"

#include <algorithm>
#include <vector>

#include "kernels/launch_cpu.h"
#include "kernels/linear.h"

namespace phosphene {
namespace {

// Weights K x (C x H x W) as rows over k of columns in the order of a channels_last source, or the transpose.
std::vector<float> pack(const Weights& weights, const Shape& src, int64_t k_count, bool transposed) {
  const int64_t positions = src.h * src.w, inputs = src.c * positions;
  std::vector<float> packed(static_cast<size_t>(k_count * inputs));
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t c = 0; c < src.c; ++c) {
      for (int64_t p = 0; p < positions; ++p) {
        const int64_t input = p * src.c + c;
        packed[static_cast<size_t>(transposed ? input * k_count + k : k * inputs + input)] =
            weights.data[k * inputs + c * positions + p];
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

class LinearTask final : public Task {
 public:
  LinearTask(std::vector<float> matrix, std::vector<float> bias, int64_t rows, int64_t inputs, int64_t outputs,
             const Parallel& parallel)
      : matrix_(std::move(matrix)), bias_(std::move(bias)), rows_(rows), parallel_(parallel) {
    body_.matrix = matrix_.data();
    body_.bias = bias_.empty() ? nullptr : bias_.data();
    body_.inputs = inputs;
    body_.outputs = outputs;
  }

  void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
    body_.src = reinterpret_cast<const float*>(operands[0]);
    body_.dst = reinterpret_cast<float*>(operands[1]);
  }
  // Threads share the outputs, not the rows, of which there may be one; each reads its own columns of the matrix.
  void run() override {
    const int64_t blocks = (body_.outputs + ApplyMatrix::cpu_lanes - 1) / ApplyMatrix::cpu_lanes;
    parallel_(blocks, rows_ * body_.inputs * ApplyMatrix::cpu_lanes, [this](int64_t begin, int64_t end) {
      const auto last = std::min(end * ApplyMatrix::cpu_lanes, body_.outputs);
      launch_rows(OnThisThread{}, rows_, static_cast<int>(begin * ApplyMatrix::cpu_lanes), static_cast<int>(last),
                  body_);
    });
  }

 private:
  std::vector<float> matrix_, bias_;
  int64_t rows_;
  Parallel parallel_;
  ApplyMatrix body_{};
};

PlannedTask planned(std::unique_ptr<Task> task, int64_t constant_bytes) {
  PlannedTask planned;
  planned.implementation = "kernel";
  planned.considerations = {{"kernel", ""}};
  planned.constant_bytes = constant_bytes;
  planned.task = std::move(task);
  return planned;
}

}  // namespace

PlannedTask plan_linear(const LinearProblem& problem, const Parallel& parallel) {
  const int64_t inputs = problem.src.elements() / problem.src.n;
  std::vector<float> bias(problem.bias.data,
                          problem.bias.data + problem.bias.elements() * (problem.bias.data != nullptr));
  return planned(std::make_unique<LinearTask>(pack(problem.weights, problem.src, problem.k, true), std::move(bias),
                                              problem.src.n, inputs, problem.k, parallel),
                 problem.k * inputs * static_cast<int64_t>(sizeof(float)));
}

PlannedTask plan_linear(const LinearBackwardProblem& problem, const Parallel& parallel) {
  const int64_t inputs = problem.src.elements() / problem.src.n;
  return planned(std::make_unique<LinearTask>(pack(problem.weights, problem.src, problem.k, false),
                                              std::vector<float>{}, problem.src.n, problem.k, inputs, parallel),
                 problem.k * inputs * static_cast<int64_t>(sizeof(float)));
}

}  // namespace phosphene
