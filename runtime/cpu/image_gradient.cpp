#include "runtime/cpu/image_gradient.h"

#include <fmt/format.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/host_device.h"
#include "runtime/cpu/vector.h"
#include "runtime/launches/operands.h"

namespace phosphene {
namespace {

constexpr int64_t kMostChannels = 4;
constexpr int kMostSums =
    kVectorLanes == 16 ? 24 : 12;  // vectors that stay in registers beside a product's two factors

#ifdef __AVX2__
__m256 load_eight(const float* at) { return _mm256_loadu_ps(at); }
__m256 load_eight(const Bfloat16* at) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
#endif

// The channels of positions whose gradient is not zero, one behind the other.
struct Entries {
  float* values;
  int32_t* channels;

  static int64_t bytes(int64_t most) { return (most + kSlack) * int64_t{sizeof(float) + sizeof(int32_t)}; }
  static constexpr int64_t kSlack = 8;  // scribbled on behind the last one

  Entries(std::byte* memory, int64_t most)
      : values(reinterpret_cast<float*>(memory)), channels(reinterpret_cast<int32_t*>(values + most + kSlack)) {}

  // Adds those of k_count channels at `listed` and returns the number then. Without a branch, as none could be predicted.
  template <class Storage>
  [[nodiscard]] int64_t add(const Storage* gradient, int64_t k_count, int64_t listed) const {
    int64_t k = 0;
#ifdef __AVX2__
    for (; k + 8 <= k_count; k += 8) {
      const __m256 eight = load_eight(gradient + k);
      const auto nonzero = static_cast<unsigned>(
          _mm256_movemask_ps(_mm256_cmp_ps(eight, _mm256_setzero_ps(), _CMP_NEQ_UQ)));  // what is no number counts
      const __m256i which = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(kSetBits[nonzero])));
      _mm256_storeu_ps(values + listed, _mm256_permutevar8x32_ps(eight, which));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(channels + listed),
                          _mm256_add_epi32(which, _mm256_set1_epi32(static_cast<int>(k))));
      listed += std::popcount(nonzero);
    }
#endif
    for (; k < k_count; ++k) {
      values[listed] = widen(gradient[k]);
      channels[listed] = static_cast<int32_t>(k);
      listed += widen(gradient[k]) != 0.F ? 1 : 0;
    }
    return listed;
  }

 private:
  // The positions of the bits that are set in a byte, the lowest first, a byte each.
  static constexpr std::array<uint64_t, 256> kSetBits = [] {
    std::array<uint64_t, 256> positions{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      int found = 0;
      for (unsigned bit = 0; bit < 8; ++bit)
        if ((byte >> bit & 1U) != 0) positions[byte] |= uint64_t{bit} << 8 * found++;
    }
    return positions;
  }();
};

// rows[v][offset ..] += sum over the entries [begin, end) of value * weights[channel][v], for kSums vectors v.
template <int kSums>
void add_products(const Entries& entries, int64_t begin, int64_t end, const float* weights, float* const* rows,
                  int64_t offset) {
  Vector sums[kSums] = {};
  for (int64_t i = begin; i < end; ++i) {
    const float* row = weights + entries.channels[i] * int64_t{kSums * kVectorLanes};
    const Vector value = entries.values[i] - Vector{};
#pragma GCC unroll 32
    for (int v = 0; v < kSums; ++v) sums[v] += value * vector_at(row + v * kVectorLanes);
  }
#pragma GCC unroll 32
  for (int v = 0; v < kSums; ++v) vector_at(rows[v] + offset) += sums[v];
}

using AddProducts = decltype(&add_products<1>);

template <size_t... kSums>
constexpr std::array<AddProducts, sizeof...(kSums)> table_of(std::index_sequence<kSums...> /*each*/) {
  return {&add_products<static_cast<int>(kSums) + 1>...};
}
constexpr auto kAddProducts = table_of(std::make_index_sequence<kMostSums>{});  // [v - 1] for v vectors

struct Panel {
  int64_t first, vectors;
};

// Of one position all taps, (r, s, c) in this order, each row of taps filled up to whole vectors with zeros, and divided into
// panels; the weights, rounded to the problem's storage, as [panel][k][vector].
struct Taps {
  explicit Taps(const ConvolutionBackwardProblem& problem)
      : r(problem.window.r),
        k_count(problem.dst.c),
        row_vectors(round_up(problem.window.s * problem.src.c, kVectorLanes) / kVectorLanes),
        vectors(r * row_vectors),
        weights(static_cast<size_t>(k_count * vectors)) {
    const int64_t count = (vectors + kMostSums - 1) / kMostSums;
    for (int64_t panel = 0; panel < count; ++panel) {
      const int64_t first = vectors * panel / count;
      panels.push_back({first, vectors * (panel + 1) / count - first});
    }
    for (const Panel& panel : panels) pack(problem, panel);
  }

  [[nodiscard]] const float* weights_of(const Panel& panel) const {
    return reinterpret_cast<const float*>(weights.data() + panel.first * k_count);
  }

  int64_t r, k_count, row_vectors, vectors;
  std::vector<Panel> panels;
  std::vector<Vector> weights;

 private:
  static float stored(float number, DType storage) {
    with_storage(storage, [&number](auto narrowed) {
      narrow(number, narrowed);
      number = widen(narrowed);
    });
    return number;
  }
  void pack(const ConvolutionBackwardProblem& problem, const Panel& panel) {
    const int64_t c_count = problem.src.c, s_count = problem.window.s;
    auto* packed = reinterpret_cast<float*>(weights.data() + panel.first * k_count);
    for (int64_t k = 0; k < k_count; ++k) {
      for (int64_t i = 0; i < panel.vectors * kVectorLanes; ++i) {
        const int64_t row = (panel.first * kVectorLanes + i) / (row_vectors * kVectorLanes);
        const int64_t sc = (panel.first * kVectorLanes + i) % (row_vectors * kVectorLanes);
        const int64_t s = sc / c_count, c = sc % c_count;
        if (s < s_count)
          packed[k * panel.vectors * kVectorLanes + i] =
              stored(problem.weights.data[((k * c_count + c) * r + row) * s_count + s], problem.storage);
      }
    }
  }
};

// The rows of grad_src that windows are being added to, one behind the other in a ring, with the padding beside them.
class OpenRows {
 public:
  OpenRows(const ConvolutionBackwardProblem& problem, const Taps& taps)
      : count_(std::max(taps.r, problem.window.stride_h)),
        pitch_(round_up(
            std::max((problem.dst.w - 1) * problem.window.stride_w * problem.src.c + taps.row_vectors * kVectorLanes,
                     (problem.window.pad_left + problem.src.w) * problem.src.c),
            kVectorLanes)) {}

  [[nodiscard]] int64_t bytes() const { return count_ * pitch_ * static_cast<int64_t>(sizeof(float)); }
  [[nodiscard]] int64_t count() const { return count_; }
  void use(float* memory) {
    memory_ = memory;
    std::memset(memory, 0, static_cast<size_t>(bytes()));
  }
  [[nodiscard]] float* at(int64_t row) const { return memory_ + (row % count_) * pitch_; }
  void clear(int64_t row) const { std::memset(at(row), 0, static_cast<size_t>(pitch_) * sizeof(float)); }

 private:
  int64_t count_, pitch_;
  float* memory_ = nullptr;
};

template <class Storage>
class ImageGradientTask final : public Task {
 public:
  ImageGradientTask(const ConvolutionBackwardProblem& problem, const Parallel& parallel)
      : src_(problem.src),
        dst_(problem.dst),
        window_(problem.window),
        taps_(problem),
        open_(problem, taps_),
        parallel_(parallel) {}

  [[nodiscard]] int64_t workspace_bytes() const { return parallel_.threads() * bytes_each(); }
  [[nodiscard]] int64_t constant_bytes() const { return std::ssize(taps_.weights) * int64_t{sizeof(Vector)}; }

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    grad_dst_ = reinterpret_cast<const Storage*>(operands[0]);
    grad_src_ = reinterpret_cast<Storage*>(operands[1]);
    workspace_ = workspace;
  }

  // Threads share the rows of grad_src; windows that reach over a boundary are computed on both sides.
  void run() override {
    const int64_t rows = src_.n * src_.h, parts = parallel_.threads();
    parallel_.spread(parts, [&](int64_t part) {
      std::byte* workspace = workspace_ + part * bytes_each();
      for (int64_t row = rows * part / parts, last = rows * (part + 1) / parts; row < last;) {
        const int64_t n = row / src_.h, end = std::min(last, (n + 1) * src_.h);
        write_rows(n, row - n * src_.h, end - n * src_.h, workspace);
        row = end;
      }
    });
  }

 private:
  [[nodiscard]] int64_t bytes_each() const {
    return round_up(open_.bytes() + taps_.vectors * int64_t{sizeof(float*)} + dst_.w * int64_t{sizeof(int64_t)} +
                        Entries::bytes(dst_.w * dst_.c),
                    64);
  }

  // Rows [first, last) of image n. Rows are counted from the uppermost one of the padding on.
  void write_rows(int64_t n, int64_t first, int64_t last, std::byte* workspace) const {
    OpenRows open = open_;
    open.use(reinterpret_cast<float*>(workspace));
    auto** rows = reinterpret_cast<float**>(workspace + open.bytes());
    auto* ends = reinterpret_cast<int64_t*>(rows + taps_.vectors);

    const int64_t top = first + window_.pad_top, end = last + window_.pad_top;
    const int64_t first_p = std::max<int64_t>(0, (top - taps_.r + window_.stride_h) / window_.stride_h);
    int64_t next = first_p * window_.stride_h;  // the first row that is open
    const auto close_until = [&](int64_t row) {
      for (; next < row; ++next) {
        if (next >= top && next < end) copy_row(open.at(next), n, next - window_.pad_top);
        open.clear(next);
      }
    };
    for (int64_t row = top; row < std::min(next, end); ++row)
      copy_row(open.at(row), n, row - window_.pad_top);  // no window's
    for (int64_t p = first_p; p < dst_.h && p * window_.stride_h < end; ++p) {
      close_until(p * window_.stride_h);
      for (int64_t v = 0; v < taps_.vectors; ++v)
        rows[v] = open.at(next + v / taps_.row_vectors) + v % taps_.row_vectors * kVectorLanes;
      add_row(grad_dst_ + (n * dst_.h + p) * dst_.w * dst_.c, rows, ends);
    }
    close_until(end);
  }

  // Adds the windows of one row of the gradient, one panel of taps at a time: its weights then stay in the first cache.
  void add_row(const Storage* gradient, float* const* rows, int64_t* ends) const {
    const Entries entries(reinterpret_cast<std::byte*>(ends + dst_.w), dst_.w * dst_.c);
    for (int64_t q = 0; q < dst_.w; ++q) ends[q] = entries.add(gradient + q * dst_.c, dst_.c, q == 0 ? 0 : ends[q - 1]);
    for (const Panel& panel : taps_.panels) {
      const AddProducts add = kAddProducts[static_cast<size_t>(panel.vectors - 1)];
      for (int64_t q = 0, begin = 0; q < dst_.w; begin = ends[q++]) {
        if (begin < ends[q])
          add(entries, begin, ends[q], taps_.weights_of(panel), rows + panel.first, q * window_.stride_w * src_.c);
      }
    }
  }

  void copy_row(const float* row, int64_t n, int64_t u) const {
    const float* PHOSPHENE_RESTRICT from = row + window_.pad_left * src_.c;
    Storage* PHOSPHENE_RESTRICT to = grad_src_ + (n * src_.h + u) * src_.w * src_.c;
    for (int64_t i = 0; i < src_.w * src_.c; ++i) narrow(from[i], to[i]);
  }

  Shape src_, dst_;
  Window window_;
  Taps taps_;
  OpenRows open_;
  Parallel parallel_;
  const Storage* grad_dst_ = nullptr;
  Storage* grad_src_ = nullptr;
  std::byte* workspace_ = nullptr;
};

}  // namespace

std::string refuse_image_gradient(const ConvolutionBackwardProblem& problem) {
  if (problem.groups != 1) return "there are groups";
  if (problem.addend) return "it adds to nothing";
  if (problem.src.c > kMostChannels) return fmt::format("the source has more than {} channels", kMostChannels);
  return "";
}

PlannedTask plan_image_gradient(const ConvolutionBackwardProblem& problem, const Parallel& parallel) {
  PlannedTask planned;
  planned.implementation = "image";
  planned.considerations = {{planned.implementation, ""}};
  with_storage(problem.storage, [&](auto storage) {
    auto task = std::make_unique<ImageGradientTask<decltype(storage)>>(problem, parallel);
    planned.workspace_bytes = task->workspace_bytes();
    planned.constant_bytes = task->constant_bytes();
    planned.task = std::move(task);
  });
  return planned;
}

}  // namespace phosphene
