// libcufft.so.12 without a GPU: batched two-dimensional transforms between real and half-complex values, unnormalised, as sums in
// double precision. A complex-to-real transform reads what defines a Hermitian spectrum and nothing else, and destroys its input.
#include <cufft.h>

#include <cmath>
#include <complex>
#include <limits>
#include <map>
#include <memory>
#include <numbers>
#include <vector>

#include "tests/cuda_sim/sim.h"

namespace phosphene::sim {
namespace {

using Complex = std::complex<double>;

constexpr size_t kWorkBytes = 4096;

// Where number (row, column) of a batch's entry lies.
struct Layout {
  int64_t pitch, stride, distance;
  [[nodiscard]] int64_t at(int64_t entry, int64_t row, int64_t column) const {
    return entry * distance + (row * pitch + column) * stride;
  }
};

struct Plan {
  int64_t rows = 0, columns = 0, batch = 0;
  cufftType type{};
  bool basic = true;  // no layout was given
  Layout real{}, half{};
  bool made = false, allocates = true;
  void* work = nullptr;
  cudaStream_t stream = nullptr;

  [[nodiscard]] int64_t kept() const { return columns / 2 + 1; }
};

std::map<cufftHandle, Plan>& plans() {
  static auto* plans = new std::map<cufftHandle, Plan>;
  return *plans;
}

// `out` has as many numbers as `in`.
void transform(const std::vector<Complex>& in, int sign, std::vector<Complex>& out) {
  const size_t n = in.size();
  std::vector<Complex> turns(n);
  for (size_t i = 0; i < n; ++i)
    turns[i] = std::polar(1.0, sign * 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n));
  for (size_t k = 0; k < n; ++k) {
    Complex sum = 0;
    for (size_t i = 0, turn = 0; i < n; ++i, turn = (turn + k) % n) sum += in[i] * turns[turn];
    out[k] = sum;
  }
}

// Rows of `columns` numbers each.
void transform_columns(std::vector<Complex>& values, int64_t rows, int64_t columns, int sign) {
  std::vector<Complex> in(static_cast<size_t>(rows)), out(in);
  for (int64_t x = 0; x < columns; ++x) {
    for (int64_t y = 0; y < rows; ++y) in[static_cast<size_t>(y)] = values[static_cast<size_t>(y * columns + x)];
    transform(in, sign, out);
    for (int64_t y = 0; y < rows; ++y) values[static_cast<size_t>(y * columns + x)] = out[static_cast<size_t>(y)];
  }
}

void to_half(const Plan& plan, int64_t entry, const float* real, cufftComplex* half) {
  const auto columns = static_cast<size_t>(plan.columns), kept = static_cast<size_t>(plan.kept());
  std::vector<Complex> row(columns), out(columns), spectrum;
  for (int64_t y = 0; y < plan.rows; ++y) {
    for (int64_t x = 0; x < plan.columns; ++x) row[static_cast<size_t>(x)] = real[plan.real.at(entry, y, x)];
    transform(row, -1, out);
    spectrum.insert(spectrum.end(), out.begin(), out.begin() + static_cast<ptrdiff_t>(kept));
  }
  transform_columns(spectrum, plan.rows, plan.kept(), -1);
  for (int64_t y = 0; y < plan.rows; ++y) {
    for (int64_t x = 0; x < plan.kept(); ++x) {
      const Complex& value = spectrum[static_cast<size_t>(y * plan.kept() + x)];
      half[plan.half.at(entry, y, x)] = {static_cast<float>(value.real()), static_cast<float>(value.imag())};
    }
  }
}

// Number (row, column) of the Hermitian spectrum that the upper half of the input's own columns stands for.
Complex hermitian(const Plan& plan, int64_t entry, int64_t row, int64_t column, const cufftComplex* half) {
  const bool own = column == 0 || 2 * column == plan.columns;  // conjugates of themselves
  const int64_t mirror = (plan.rows - row) % plan.rows;
  const cufftComplex& value = half[plan.half.at(entry, own ? std::min(row, mirror) : row, column)];
  if (!own) return {value.x, value.y};
  return {value.x, row == mirror ? 0.0F : row < mirror ? value.y : -value.y};
}

void to_real(const Plan& plan, int64_t entry, cufftComplex* half, float* real) {
  std::vector<Complex> spectrum;
  for (int64_t y = 0; y < plan.rows; ++y)
    for (int64_t x = 0; x < plan.kept(); ++x) spectrum.push_back(hermitian(plan, entry, y, x, half));
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  for (int64_t y = 0; y < plan.rows; ++y)
    for (int64_t x = 0; x < plan.kept(); ++x) half[plan.half.at(entry, y, x)] = {kNaN, kNaN};
  transform_columns(spectrum, plan.rows, plan.kept(), 1);
  std::vector<Complex> row(static_cast<size_t>(plan.columns)), out(row);
  for (int64_t y = 0; y < plan.rows; ++y) {
    for (int64_t x = 0; x < plan.columns; ++x) {
      const bool stored = x < plan.kept();
      const Complex& value = spectrum[static_cast<size_t>(y * plan.kept() + (stored ? x : plan.columns - x))];
      row[static_cast<size_t>(x)] = stored ? value : std::conj(value);
    }
    transform(row, 1, out);
    for (int64_t x = 0; x < plan.columns; ++x)
      real[plan.real.at(entry, y, x)] = static_cast<float>(out[static_cast<size_t>(x)].real());
  }
}

template <class From, class To>
cufftResult execute(cufftHandle handle, cufftType type, From* from, To* to, Layout Plan::*from_layout,
                    Layout Plan::*to_layout, void (*entry_transform)(const Plan&, int64_t, From*, To*)) {
  const auto found = plans().find(handle);
  if (found == plans().end() || !found->second.made || found->second.type != type) return CUFFT_INVALID_PLAN;
  Plan plan = found->second;
  if (plan.work == nullptr) return CUFFT_NO_WORKSPACE;
  if (reinterpret_cast<uintptr_t>(from) % sizeof(cufftComplex) != 0 ||
      reinterpret_cast<uintptr_t>(to) % sizeof(cufftComplex) != 0)
    return CUFFT_UNALIGNED_DATA;
  if (plan.basic && static_cast<const void*>(from) == to) plan.real = {2 * plan.kept(), 1, 2 * plan.kept() * plan.rows};
  const auto run = [=] {
    const auto bytes = [&](const Layout& layout, const Layout& real, size_t size) {
      const int64_t width = &layout == &real ? plan.columns : plan.kept();
      return static_cast<size_t>(layout.at(plan.batch - 1, plan.rows - 1, width - 1) + 1) * size;
    };
    spoil_workspace(plan.work, kWorkBytes);
    require_device(from, bytes(plan.*from_layout, plan.real, sizeof(From)), "the input");
    require_device(to, bytes(plan.*to_layout, plan.real, sizeof(To)), "the output");
    for (int64_t entry = 0; entry < plan.batch; ++entry) entry_transform(plan, entry, from, to);
  };
  return enqueue(plan.stream, "a Fourier transform", run) == cudaSuccess ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

cufftResult make(Plan& plan, const int* n, const int* inembed, int istride, int idist, const int* onembed, int ostride,
                 int odist, cufftType type, int batch, size_t* work_bytes) {
  if (n[0] < 1 || n[1] < 1 || batch < 1) return CUFFT_INVALID_SIZE;
  if (type != CUFFT_R2C && type != CUFFT_C2R) return CUFFT_NOT_IMPLEMENTED;
  plan.rows = n[0];
  plan.columns = n[1];
  plan.batch = batch;
  plan.type = type;
  plan.basic = inembed == nullptr || onembed == nullptr;
  plan.real = {plan.columns, 1, plan.rows * plan.columns};
  plan.half = {plan.kept(), 1, plan.rows * plan.kept()};
  if (!plan.basic) {
    const Layout in{inembed[1], istride, idist}, out{onembed[1], ostride, odist};
    plan.real = type == CUFFT_R2C ? in : out;
    plan.half = type == CUFFT_R2C ? out : in;
  }
  if (plan.allocates && cudaMalloc(&plan.work, kWorkBytes) != cudaSuccess) return CUFFT_ALLOC_FAILED;
  plan.made = true;
  *work_bytes = kWorkBytes;
  return CUFFT_SUCCESS;
}

// Null for a plan that there is not.
Plan* plan_at(cufftHandle handle) {
  const auto found = plans().find(handle);
  return found == plans().end() ? nullptr : &found->second;
}

}  // namespace
}  // namespace phosphene::sim

using namespace phosphene::sim;  // NOLINT: the rest is C

extern "C" {

cufftResult cufftCreate(cufftHandle* handle) {
  static cufftHandle last = 0;
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess) return CUFFT_INTERNAL_ERROR;
  plans()[*handle = ++last] = {};
  return CUFFT_SUCCESS;
}
cufftResult cufftDestroy(cufftHandle handle) {
  Plan* plan = plan_at(handle);
  if (plan == nullptr) return CUFFT_INVALID_PLAN;
  if (plan->allocates) cudaFree(plan->work);
  plans().erase(handle);
  return CUFFT_SUCCESS;
}
cufftResult cufftSetAutoAllocation(cufftHandle handle, int automatic) {
  Plan* plan = plan_at(handle);
  if (plan == nullptr || plan->made) return CUFFT_INVALID_PLAN;
  plan->allocates = automatic != 0;
  return CUFFT_SUCCESS;
}
cufftResult cufftMakePlanMany(cufftHandle handle, int rank, int* n, int* inembed, int istride, int idist, int* onembed,
                              int ostride, int odist, cufftType type, int batch, size_t* work_bytes) {
  Plan* plan = plan_at(handle);
  if (plan == nullptr || plan->made) return CUFFT_INVALID_PLAN;
  if (rank != 2) return CUFFT_NOT_IMPLEMENTED;
  return make(*plan, n, inembed, istride, idist, onembed, ostride, odist, type, batch, work_bytes);
}
cufftResult cufftGetSize(cufftHandle handle, size_t* work_bytes) {
  const Plan* plan = plan_at(handle);
  if (plan == nullptr || !plan->made) return CUFFT_INVALID_PLAN;
  *work_bytes = kWorkBytes;
  return CUFFT_SUCCESS;
}
cufftResult cufftSetWorkArea(cufftHandle handle, void* work) {
  Plan* plan = plan_at(handle);
  if (plan == nullptr || !plan->made) return CUFFT_INVALID_PLAN;
  if (plan->allocates) cudaFree(plan->work);
  plan->allocates = false;
  plan->work = work;
  return CUFFT_SUCCESS;
}
cufftResult cufftSetStream(cufftHandle handle, cudaStream_t stream) {
  Plan* plan = plan_at(handle);
  if (plan == nullptr) return CUFFT_INVALID_PLAN;
  plan->stream = stream;
  return CUFFT_SUCCESS;
}
cufftResult cufftExecR2C(cufftHandle handle, cufftReal* in, cufftComplex* out) {
  return execute<cufftReal, cufftComplex>(
      handle, CUFFT_R2C, in, out, &Plan::real, &Plan::half,
      [](const Plan& plan, int64_t entry, cufftReal* from, cufftComplex* to) { to_half(plan, entry, from, to); });
}
cufftResult cufftExecC2R(cufftHandle handle, cufftComplex* in, cufftReal* out) {
  return execute<cufftComplex, cufftReal>(handle, CUFFT_C2R, in, out, &Plan::half, &Plan::real, to_real);
}
}
