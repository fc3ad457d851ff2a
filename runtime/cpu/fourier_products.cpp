#include "runtime/cpu/fourier_products.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "runtime/cpu/sgemm.h"

namespace phosphene {
namespace {

// With z = re + i im, column by column: T = E z, E[h, ky] = exp(2 pi i h ky / H), written as [T_re | T_im] = [h][2 K];
// then x[h, w] = sum over kx of m(kx) (T_re cos(2 pi w kx / W') - T_im sin(2 pi w kx / W')): T times a 2K x W matrix.
struct Transform {
  Transform(const Shape& spectrum, const Shape& image)
      : h(image.h),
        w(image.w),
        k(spectrum.w),
        planes(image.n * image.c),
        along_columns(static_cast<size_t>(4 * h * h)),
        along_rows(static_cast<size_t>(2 * k * w)) {
    constexpr double kTurn = 2 * std::numbers::pi;
    for (int64_t row = 0; row < h; ++row) {
      for (int64_t ky = 0; ky < h; ++ky) {
        const double angle = kTurn * static_cast<double>(row * ky % h) / static_cast<double>(h);
        float* real = &along_columns[static_cast<size_t>(row * 2 * h + ky)];
        float* imaginary = &along_columns[static_cast<size_t>((h + row) * 2 * h + ky)];
        real[0] = static_cast<float>(std::cos(angle));
        real[h] = static_cast<float>(-std::sin(angle));
        imaginary[0] = static_cast<float>(std::sin(angle));
        imaginary[h] = static_cast<float>(std::cos(angle));
      }
    }
    const int64_t period = 2 * (k - 1);
    for (int64_t kx = 0; kx < k; ++kx) {
      const double m = kx == 0 || kx == k - 1 ? 1 : 2;
      for (int64_t column = 0; column < w; ++column) {
        const double angle = kTurn * static_cast<double>(column * kx % period) / static_cast<double>(period);
        along_rows[static_cast<size_t>(kx * w + column)] = static_cast<float>(m * std::cos(angle));
        along_rows[static_cast<size_t>((k + kx) * w + column)] = static_cast<float>(-m * std::sin(angle));
      }
    }
  }

  [[nodiscard]] int64_t workspace_bytes() const { return planes * h * 2 * k * static_cast<int64_t>(sizeof(float)); }
  [[nodiscard]] int64_t constant_bytes() const {
    return static_cast<int64_t>((along_columns.size() + along_rows.size()) * sizeof(float));
  }
  [[nodiscard]] int64_t blocks(int64_t rows) const { return (rows + kGemmRows - 1) / kGemmRows; }

  int64_t h, w, k, planes;
  std::vector<float> along_columns;  // 2H x 2H: [cos -sin; sin cos]
  std::vector<float> along_rows;     // 2K x W
};

class InverseFourierTask final : public Task {
 public:
  InverseFourierTask(Transform transform, const Parallel& parallel) : t_(std::move(transform)), parallel_(parallel) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    spectrum_ = reinterpret_cast<const float*>(operands[0]);
    image_ = reinterpret_cast<float*>(operands[1]);
    columns_ = reinterpret_cast<float*>(workspace);
  }

  void run() override {
    const int64_t blocks = t_.blocks(t_.h);
    parallel_.spread(t_.planes * blocks, [&](int64_t part) {
      const int64_t plane = part / blocks, row = part % blocks * kGemmRows, rows = std::min(kGemmRows, t_.h - row);
      const float* z = spectrum_ + plane * 2 * t_.h * t_.k;
      float* columns = columns_ + (plane * t_.h + row) * 2 * t_.k;
      const float* real = t_.along_columns.data() + row * 2 * t_.h;
      const float* imaginary = real + t_.h * 2 * t_.h;
      gemm('N', 'N', rows, t_.k, 2 * t_.h, real, 2 * t_.h, z, t_.k, 0, columns, 2 * t_.k);
      gemm('N', 'N', rows, t_.k, 2 * t_.h, imaginary, 2 * t_.h, z, t_.k, 0, columns + t_.k, 2 * t_.k);
      gemm('N', 'N', rows, t_.w, 2 * t_.k, columns, 2 * t_.k, t_.along_rows.data(), t_.w, 0,
           image_ + (plane * t_.h + row) * t_.w, t_.w);
    });
  }

 private:
  Transform t_;
  Parallel parallel_;
  const float* spectrum_ = nullptr;
  float* image_ = nullptr;
  float* columns_ = nullptr;
};

class InverseFourierBackwardTask final : public Task {
 public:
  InverseFourierBackwardTask(Transform transform, const Parallel& parallel)
      : t_(std::move(transform)), parallel_(parallel) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    grad_image_ = reinterpret_cast<const float*>(operands[0]);
    grad_spectrum_ = reinterpret_cast<float*>(operands[1]);
    columns_ = reinterpret_cast<float*>(workspace);
  }

  void run() override {
    const int64_t row_blocks = t_.blocks(t_.h);
    parallel_.spread(t_.planes * row_blocks, [&](int64_t part) {
      const int64_t plane = part / row_blocks, row = part % row_blocks * kGemmRows,
                    rows = std::min(kGemmRows, t_.h - row);
      gemm('N', 'T', rows, 2 * t_.k, t_.w, grad_image_ + (plane * t_.h + row) * t_.w, t_.w, t_.along_rows.data(), t_.w,
           0, columns_ + (plane * t_.h + row) * 2 * t_.k, 2 * t_.k);
    });
    const int64_t blocks = t_.blocks(2 * t_.h);
    parallel_.spread(t_.planes * blocks, [&](int64_t part) {
      const int64_t plane = part / blocks, row = part % blocks * kGemmRows, rows = std::min(kGemmRows, 2 * t_.h - row);
      const float* columns = columns_ + plane * t_.h * 2 * t_.k;
      float* grad = grad_spectrum_ + (plane * 2 * t_.h + row) * t_.k;
      const float* real = t_.along_columns.data() + row;
      const float* imaginary = real + t_.h * 2 * t_.h;
      gemm('T', 'N', rows, t_.k, t_.h, real, 2 * t_.h, columns, 2 * t_.k, 0, grad, t_.k);
      gemm('T', 'N', rows, t_.k, t_.h, imaginary, 2 * t_.h, columns + t_.k, 2 * t_.k, 1, grad, t_.k);
    });
  }

 private:
  Transform t_;
  Parallel parallel_;
  const float* grad_image_ = nullptr;
  float* grad_spectrum_ = nullptr;
  float* columns_ = nullptr;
};

template <class FourierTask>
PlannedTask plan(const Shape& spectrum, const Shape& image, const Parallel& parallel) {
  prepare_gemm();
  Transform transform(spectrum, image);
  PlannedTask planned;
  planned.implementation = "onednn sgemm";
  planned.attempts = {{planned.implementation, ""}};
  planned.workspace_bytes = transform.workspace_bytes();
  planned.constant_bytes = transform.constant_bytes();
  planned.task = std::make_unique<FourierTask>(std::move(transform), parallel);
  return planned;
}

}  // namespace

PlannedTask plan_fourier_products(const InverseFourierProblem& problem, const Parallel& parallel) {
  return plan<InverseFourierTask>(problem.spectrum, problem.image, parallel);
}

PlannedTask plan_fourier_products(const InverseFourierBackwardProblem& problem, const Parallel& parallel) {
  return plan<InverseFourierBackwardTask>(problem.spectrum, problem.image, parallel);
}

}  // namespace phosphene
