#include "runtime/cpu/fourier_passes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "runtime/cpu/fourier_plan.h"
#include "runtime/cpu/vector.h"

namespace phosphene {
namespace {

constexpr int64_t kLanes = kVectorLanes;

// What both directions share. Between the passes over columns and over rows a plane lies in blocks of kLanes rows: for each block,
// K columns of a vector of real parts and one of imaginary parts, over the block's rows.
struct Transform {
  Transform(const Shape& spectrum, const Shape& image)
      : h(image.h),
        w(image.w),
        k(spectrum.w),
        planes(image.n * image.c),
        row_blocks((h + kLanes - 1) / kLanes),
        column_blocks((k + kLanes - 1) / kLanes),
        columns(h),
        rows(k - 1) {
    for (int64_t kx = 0; kx < k; ++kx) {
      const double angle = std::numbers::pi * static_cast<double>(kx) / static_cast<double>(k - 1);
      turns.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
    }
  }

  [[nodiscard]] int64_t plane_vectors() const { return row_blocks * k * 2; }
  [[nodiscard]] int64_t line_vectors() const {  // of one part at work: a block and what its plan works in
    return std::max(4 * row_blocks * kLanes, 4 * (k - 1));
  }
  [[nodiscard]] int64_t workspace_bytes(int threads) const {
    return (planes * plane_vectors() + threads * line_vectors()) * static_cast<int64_t>(sizeof(Vector));
  }
  [[nodiscard]] int64_t constant_bytes() const { return std::ssize(turns) * int64_t{sizeof(Turn)}; }

  struct Turn {
    float cosine, sine;  // of 2 pi kx / W'
  };

  int64_t h, w, k, planes, row_blocks, column_blocks;
  FourierPlan columns, rows;  // rows: of half the length, of pairs of real numbers
  std::vector<Turn> turns;
};

// kLanes x kLanes numbers, transposed.
void transpose(const Vector* from, float* to, int64_t to_pitch, int64_t to_rows, int64_t to_columns) {
  const auto* numbers = reinterpret_cast<const float*>(from);
  for (int64_t row = 0; row < to_rows; ++row)
    for (int64_t column = 0; column < to_columns; ++column)
      to[row * to_pitch + column] = numbers[column * kLanes + row];
}

class FourierPassesTask : public Task {
 public:
  FourierPassesTask(Transform transform, const Parallel& parallel) : t_(std::move(transform)), parallel_(parallel) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    src_ = reinterpret_cast<const float*>(operands[0]);
    dst_ = reinterpret_cast<float*>(operands[1]);
    between_ = reinterpret_cast<Vector*>(workspace);
  }

 protected:
  // f(plane, block, line) for every block of every plane; `line` is memory of the thread that calls.
  template <class F>
  void each_block(int64_t blocks, const F& f) const {
    const int64_t parts = parallel_.threads(), count = t_.planes * blocks;
    parallel_.spread(parts, [&](int64_t part) {
      Vector* line = between_ + t_.planes * t_.plane_vectors() + part * t_.line_vectors();
      for (int64_t i = count * part / parts; i < count * (part + 1) / parts; ++i) f(i / blocks, i % blocks, line);
    });
  }
  [[nodiscard]] Vector* rows_between(int64_t plane, int64_t row_block) const {
    return between_ + plane * t_.plane_vectors() + row_block * t_.k * 2;
  }

  Transform t_;
  Parallel parallel_;
  const float* src_ = nullptr;
  float* dst_ = nullptr;
  Vector* between_ = nullptr;
};

class InverseFourierTask final : public FourierPassesTask {
 public:
  using FourierPassesTask::FourierPassesTask;

  void run() override {
    each_block(t_.column_blocks, [&](int64_t plane, int64_t block, Vector* line) { columns(plane, block, line); });
    each_block(t_.row_blocks, [&](int64_t plane, int64_t block, Vector* line) { rows(plane, block, line); });
  }

 private:
  void columns(int64_t plane, int64_t block, Vector* line) const {
    const int64_t kx = block * kLanes, count = std::min(kLanes, t_.k - kx), h = t_.h;
    Vector *re = line, *im = line + t_.row_blocks * kLanes;
    const float* spectrum = src_ + plane * 2 * h * t_.k + kx;
    for (int64_t ky = 0; ky < h; ++ky) {
      const float *real = spectrum + ky * t_.k, *imaginary = real + h * t_.k;
      if (count == kLanes) {
        re[ky] = vector_at(real);
        im[ky] = vector_at(imaginary);
      } else {
        re[ky] = im[ky] = Vector{};
        std::copy_n(real, count, reinterpret_cast<float*>(re + ky));
        std::copy_n(imaginary, count, reinterpret_cast<float*>(im + ky));
      }
    }
    std::fill(re + h, im, Vector{});
    std::fill(im + h, im + t_.row_blocks * kLanes, Vector{});
    t_.columns.run(im, re, line + 2 * t_.row_blocks * kLanes);
    for (int64_t row_block = 0; row_block < t_.row_blocks; ++row_block) {
      auto* to = reinterpret_cast<float*>(rows_between(plane, row_block) + kx * 2);
      transpose(re + row_block * kLanes, to, 2 * kLanes, count, kLanes);
      transpose(im + row_block * kLanes, to + kLanes, 2 * kLanes, count, kLanes);
    }
  }

  // With W' = 2 M the even and the odd pixels are the real and the imaginary parts of one transform of length M, of
  // Z[k] = E + i O, E = X[k] + conj X[M - k], O = (X[k] - conj X[M - k]) exp(2 pi i k / W').
  void rows(int64_t plane, int64_t block, Vector* line) const {
    const int64_t m = t_.k - 1, first = block * kLanes, count = std::min(kLanes, t_.h - first);
    Vector *re = line, *im = line + m;
    const Vector* x = rows_between(plane, block);
    for (int64_t kx = 0; kx < m; ++kx) {
      const Vector edge{};
      const Vector *near = x + 2 * kx, *far = x + 2 * (m - kx);
      const Vector near_im = kx == 0 ? edge : near[1], far_im = kx == 0 ? edge : far[1];
      const Vector even_re = near[0] + far[0], even_im = near_im - far_im;
      const Vector left_re = near[0] - far[0], left_im = near_im + far_im;
      const Transform::Turn turn = t_.turns[static_cast<size_t>(kx)];
      const Vector odd_re = left_re * turn.cosine - left_im * turn.sine,
                   odd_im = left_im * turn.cosine + left_re * turn.sine;
      re[kx] = even_re - odd_im;
      im[kx] = even_im + odd_re;
    }
    t_.rows.run(im, re, line + 2 * m);
    float* image = dst_ + (plane * t_.h + first) * t_.w;
    const auto *even = reinterpret_cast<const float*>(re), *odd = reinterpret_cast<const float*>(im);
    for (int64_t row = 0; row < count; ++row, image += t_.w) {
      for (int64_t pair = 0; pair < t_.w / 2; ++pair) {
        image[2 * pair] = even[pair * kLanes + row];
        image[2 * pair + 1] = odd[pair * kLanes + row];
      }
      if (t_.w % 2 == 1) image[t_.w - 1] = even[t_.w / 2 * kLanes + row];
    }
  }
};

// The transpose: m(kx) times the Fourier transform of the gradient.
class InverseFourierBackwardTask final : public FourierPassesTask {
 public:
  using FourierPassesTask::FourierPassesTask;

  void run() override {
    each_block(t_.row_blocks, [&](int64_t plane, int64_t block, Vector* line) { rows(plane, block, line); });
    each_block(t_.column_blocks, [&](int64_t plane, int64_t block, Vector* line) { columns(plane, block, line); });
  }

 private:
  // Of z[j] = x[2 j] + i x[2 j + 1] the transform Z has length M; X[k] = E + O exp(-2 pi i k / W'),
  // 2 E = Z[k] + conj Z[M - k], 2 i O = Z[k] - conj Z[M - k].
  void rows(int64_t plane, int64_t block, Vector* line) const {
    const int64_t m = t_.k - 1, first = block * kLanes, count = std::min(kLanes, t_.h - first);
    Vector *re = line, *im = line + m;
    std::fill_n(line, 2 * m, Vector{});
    const float* image = src_ + (plane * t_.h + first) * t_.w;
    auto *even = reinterpret_cast<float*>(re), *odd = reinterpret_cast<float*>(im);
    for (int64_t row = 0; row < count; ++row, image += t_.w) {
      for (int64_t pair = 0; pair < t_.w / 2; ++pair) {
        even[pair * kLanes + row] = image[2 * pair];
        odd[pair * kLanes + row] = image[2 * pair + 1];
      }
      if (t_.w % 2 == 1) even[t_.w / 2 * kLanes + row] = image[t_.w - 1];
    }
    t_.rows.run(re, im, line + 2 * m);
    Vector* x = rows_between(plane, block);
    for (int64_t kx = 0; kx <= m; ++kx) {
      const int64_t near = kx == m ? 0 : kx, far = kx == 0 ? 0 : m - kx;
      const Vector even_re = re[near] + re[far], even_im = im[near] - im[far];
      const Vector odd_re = im[near] + im[far], odd_im = re[far] - re[near];
      const Transform::Turn turn = t_.turns[static_cast<size_t>(kx)];
      const float scale = kx == 0 || kx == m ? 0.5F : 1.F;  // m(kx) / 2
      x[2 * kx] = (even_re + odd_re * turn.cosine + odd_im * turn.sine) * scale;
      x[2 * kx + 1] = (even_im + odd_im * turn.cosine - odd_re * turn.sine) * scale;
    }
  }

  void columns(int64_t plane, int64_t block, Vector* line) const {
    const int64_t kx = block * kLanes, count = std::min(kLanes, t_.k - kx), h = t_.h;
    Vector *re = line, *im = line + t_.row_blocks * kLanes;
    for (int64_t row_block = 0; row_block < t_.row_blocks; ++row_block) {
      const Vector* x = rows_between(plane, row_block) + kx * 2;
      const int64_t row = row_block * kLanes;
      for (int64_t column = 0; column < count; ++column) {
        const auto *real = reinterpret_cast<const float*>(x + 2 * column), *imaginary = real + kLanes;
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          reinterpret_cast<float*>(re + row + lane)[column] = real[lane];
          reinterpret_cast<float*>(im + row + lane)[column] = imaginary[lane];
        }
      }
    }
    t_.columns.run(re, im, line + 2 * t_.row_blocks * kLanes);
    float* spectrum = dst_ + plane * 2 * h * t_.k + kx;
    for (int64_t ky = 0; ky < h; ++ky) {
      float *real = spectrum + ky * t_.k, *imaginary = real + h * t_.k;
      if (count == kLanes) {
        vector_at(real) = re[ky];
        vector_at(imaginary) = im[ky];
      } else {
        std::copy_n(reinterpret_cast<const float*>(re + ky), count, real);
        std::copy_n(reinterpret_cast<const float*>(im + ky), count, imaginary);
      }
    }
  }
};

template <class FourierTask>
PlannedTask plan(const Shape& spectrum, const Shape& image, const Parallel& parallel) {
  Transform transform(spectrum, image);
  PlannedTask planned;
  planned.implementation = "passes";
  planned.attempts = {{planned.implementation, ""}};
  planned.workspace_bytes = transform.workspace_bytes(parallel.threads());
  planned.constant_bytes = transform.constant_bytes();
  planned.task = std::make_unique<FourierTask>(std::move(transform), parallel);
  return planned;
}

}  // namespace

std::string refuse_fourier_passes(const Shape& spectrum) {
  const int64_t h = spectrum.h / 2, m = spectrum.w - 1;
  if (h < 1 || m < 1) return "nothing to divide";
  if (!FourierPlan::can(h)) return fmt::format("{} rows have a prime factor above 13", h);
  if (!FourierPlan::can(m)) return fmt::format("{} columns have a prime factor above 13", 2 * m);
  return "";
}

PlannedTask plan_fourier_passes(const InverseFourierProblem& problem, const Parallel& parallel) {
  return plan<InverseFourierTask>(problem.spectrum, problem.image, parallel);
}

PlannedTask plan_fourier_passes(const InverseFourierBackwardProblem& problem, const Parallel& parallel) {
  return plan<InverseFourierBackwardTask>(problem.spectrum, problem.image, parallel);
}

}  // namespace phosphene
