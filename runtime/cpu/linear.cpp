#include "runtime/cpu/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "kernels/launch_cpu.h"
#include "kernels/linear.h"
#include "runtime/launches/operands.h"

namespace phosphene {
namespace {

// Weights K x (C x H x W) as rows over k of columns in the order of a channels_last source, or the transpose.
template <class Storage>
void write_matrix(const Weights& weights, const Shape& src, int64_t k_count, bool transposed, Storage* to) {
  const int64_t positions = src.h * src.w, inputs = src.c * positions;
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t c = 0; c < src.c; ++c) {
      for (int64_t p = 0; p < positions; ++p) {
        const int64_t input = p * src.c + c;
        narrow(weights.data[k * inputs + c * positions + p], to[transposed ? input * k_count + k : k * inputs + input]);
      }
    }
  }
}

template <class Storage>
Packed pack_matrix(PackedWeights& packed, const Weights& weights, const Shape& src, int64_t k_count, bool transposed) {
  const std::string form = fmt::format("linear, {} of {}x{}x{}{}, {} bytes each", k_count, src.c, src.h, src.w,
                                       transposed ? " transposed" : "", sizeof(Storage));
  const int64_t bytes = k_count * src.c * src.h * src.w * static_cast<int64_t>(sizeof(Storage));
  return packed.get(weights, form, bytes, [&](std::byte* to) {
    write_matrix(weights, src, k_count, transposed, reinterpret_cast<Storage*>(to));
  });
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
  LinearTask(Packed matrix, std::optional<Packed> bias, int64_t rows, int64_t inputs, int64_t outputs,
             const Parallel& parallel)
      : matrix_(std::move(matrix)), bias_(std::move(bias)), rows_(rows), parallel_(parallel) {
    body_.matrix = reinterpret_cast<const Storage*>(matrix_.numbers.get());
    body_.bias = bias_ ? reinterpret_cast<const float*>(bias_->numbers.get()) : nullptr;
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
  Packed matrix_;
  std::optional<Packed> bias_;
  int64_t rows_;
  Parallel parallel_;
  ApplyMatrix<Storage> body_{};
};

PlannedTask planned(const Weights& weights, const Weights& bias, const Shape& src, int64_t k, bool backward,
                    DType storage, const CpuTeam& team) {
  const int64_t inputs = src.elements() / src.n;
  PlannedTask planned;
  planned.implementation = "kernel";
  planned.attempts = {{"kernel", ""}};
  const std::optional<Packed> biases = pack_bias(*team.packed, bias);
  if (biases) account(planned, *biases);
  with_storage(storage, [&](auto number) {
    using Storage = decltype(number);
    const Packed matrix = pack_matrix<Storage>(*team.packed, weights, src, k, !backward);
    account(planned, matrix);
    planned.task = std::make_unique<LinearTask<Storage>>(matrix, biases, src.n, backward ? k : inputs,
                                                         backward ? inputs : k, team.parallel);
  });
  return planned;
}

}  // namespace

PlannedTask plan_linear(const LinearProblem& problem, const CpuTeam& team) {
  return planned(problem.weights, problem.bias, problem.src, problem.k, false, problem.storage, team);
}

PlannedTask plan_linear(const LinearBackwardProblem& problem, const CpuTeam& team) {
  return planned(problem.weights, {}, problem.src, problem.k, true, problem.storage, team);
}

}  // namespace phosphene
