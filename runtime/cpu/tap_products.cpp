#include "runtime/cpu/tap_products.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "runtime/launches/operands.h"

namespace phosphene {
namespace {

// Vectors that stay in registers beside a product\'s two factors.
constexpr int kMaxSums = kVectorLanes == 16 ? 24 : 12;

#ifdef __AVX2__
__m256 load_eight(const float* at) { return _mm256_loadu_ps(at); }
__m256 load_eight(const Bfloat16* at) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
#endif

// The positions of the bits set in a byte, lowest first, one byte each.
constexpr std::array<uint64_t, 256> kSetBits = [] {
  std::array<uint64_t, 256> positions{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    int found = 0;
    for (unsigned bit = 0; bit < 8; ++bit)
      if ((byte >> bit & 1U) != 0) positions[byte] |= uint64_t{bit} << 8 * found++;
  }
  return positions;
}();

// sums[v] = sum over the entries [begin, end) of value * weights[channel][v], for kSums vectors v.
template <int kSums>
void entry_products(const Entries& entries, int64_t begin, int64_t end, const float* weights, float* to) {
  Vector sums[kSums] = {};
  for (int64_t i = begin; i < end; ++i) {
    const float* row = weights + entries.channels[i] * int64_t{kSums * kVectorLanes};
    const Vector value = entries.values[i] - Vector{};
#pragma GCC unroll 32
    for (int v = 0; v < kSums; ++v) sums[v] += value * vector_at(row + v * kVectorLanes);
  }
#pragma GCC unroll 32
  for (int v = 0; v < kSums; ++v) vector_at(to + v * kVectorLanes) = sums[v];
}

constexpr int64_t kNumbersPerLine = 64 / sizeof(float);  // of a cache

// How many positions share a load of the weights where every channel is multiplied.
constexpr int positions_together(int sums) { return std::clamp(kMaxSums / sums, 1, Taps::kMaxTogether); }

// The same for all of k_count channels of positions_together(kSums) neighbours, whose gradients lie k_count apart and sums pitch.
template <int kSums>
void channel_products(const float* gradient, int64_t k_count, const float* weights, float* to, int64_t pitch) {
  constexpr int kPositions = positions_together(kSums);
  Vector sums[kPositions][kSums] = {};
  // The next neighbours: it takes a fifth off 3 x 3 windows of 64 channels.
  for (int64_t i = 0; i < kPositions * k_count; i += kNumbersPerLine)
    __builtin_prefetch(gradient + kPositions * k_count + i);
  for (int64_t k = 0; k < k_count; ++k, weights += kSums * kVectorLanes) {
#pragma GCC unroll 8
    for (int position = 0; position < kPositions; ++position) {
      const Vector value = gradient[position * k_count + k] - Vector{};
#pragma GCC unroll 32
      for (int v = 0; v < kSums; ++v) sums[position][v] += value * vector_at(weights + v * kVectorLanes);
    }
  }
#pragma GCC unroll 8
  for (int position = 0; position < kPositions; ++position)
#pragma GCC unroll 32
    for (int v = 0; v < kSums; ++v) vector_at(to + position * pitch + v * kVectorLanes) = sums[position][v];
}

struct Products {
  decltype(&entry_products<1>) entries;
  decltype(&channel_products<1>) channels;
};

template <size_t... kSums>
constexpr std::array<Products, sizeof...(kSums)> table_of(std::index_sequence<kSums...> /*each*/) {
  return {Products{&entry_products<static_cast<int>(kSums) + 1>, &channel_products<static_cast<int>(kSums) + 1>}...};
}
constexpr auto kProducts = table_of(std::make_index_sequence<kMaxSums>{});  // [v - 1] for v vectors

float stored(float number, DType storage) {
  with_storage(storage, [&number](auto narrowed) {
    narrow(number, narrowed);
    number = widen(narrowed);
  });
  return number;
}

const Products& products_of(const Taps::Panel& panel) { return kProducts[static_cast<size_t>(panel.vectors - 1)]; }

}  // namespace

template <class Storage>
int64_t Entries::add(const Storage* gradient, int64_t k_count, int64_t listed) const {
  int64_t k = 0;
#ifdef __AVX2__
  for (; k + 8 <= k_count; k += 8) {
    const __m256 eight = load_eight(gradient + k);
    const auto nonzero = static_cast<unsigned>(
        _mm256_movemask_ps(_mm256_cmp_ps(eight, _mm256_setzero_ps(), _CMP_NEQ_UQ)));  // NaN counts
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

template int64_t Entries::add(const float*, int64_t, int64_t) const;
template int64_t Entries::add(const Bfloat16*, int64_t, int64_t) const;

Taps::Taps(const ConvolutionBackwardProblem& problem, PackedWeights& packed)
    : r_(problem.window.r),
      row_(problem.window.s * problem.src.c),
      k_count_(problem.dst.c),
      vectors_(round_up(r_ * row_, kVectorLanes) / kVectorLanes) {
  const int64_t count = (vectors_ + kMaxSums - 1) / kMaxSums;
  for (int64_t panel = 0; panel < count; ++panel) {
    const int64_t first = vectors_ * panel / count;
    panels_.push_back({first, vectors_ * (panel + 1) / count - first});
  }
  const std::string form = fmt::format("taps, {} of {}x{}x{}, {} bytes each", k_count_, problem.src.c, r_,
                                       problem.window.s, size_of(problem.storage));
  const int64_t bytes = k_count_ * vectors_ * int64_t{sizeof(Vector)};
  weights_ = packed.get(problem.weights, form, bytes, [&](std::byte* to) {
    std::memset(to, 0, static_cast<size_t>(bytes));
    for (const Panel& panel : panels_) pack(problem, panel, reinterpret_cast<Vector*>(to));
  });
  const auto tail = static_cast<int>(row_ % kVectorLanes);
  for (int lane = 0; lane < kVectorLanes; ++lane) last_of_row_[lane] = tail == 0 || lane < tail ? -1 : 0;
}

void Taps::pack(const ConvolutionBackwardProblem& problem, const Panel& panel, Vector* weights) const {
  const int64_t c_count = problem.src.c, s_count = problem.window.s, numbers = panel.vectors * kVectorLanes;
  auto* packed = reinterpret_cast<float*>(weights + panel.first * k_count_);
  for (int64_t k = 0; k < k_count_; ++k) {
    for (int64_t i = 0; i < numbers && panel.first * kVectorLanes + i < r_ * row_; ++i) {
      const int64_t tap = panel.first * kVectorLanes + i;
      const int64_t y = tap / row_, s = tap % row_ / c_count, c = tap % c_count;
      packed[k * numbers + i] =
          stored(problem.weights.data[((k * c_count + c) * r_ + y) * s_count + s], problem.storage);
    }
  }
}

void Taps::multiply_entries(const Panel& panel, const Entries& entries, int64_t begin, int64_t end, float* sums) const {
  products_of(panel).entries(entries, begin, end, weights_of(panel), sums + panel.first * kVectorLanes);
}

void Taps::multiply_all(const Panel& panel, const float* gradient, float* sums) const {
  products_of(panel).channels(gradient, k_count_, weights_of(panel), sums + panel.first * kVectorLanes, pitch());
}

int64_t Taps::positions_together(const Panel& panel) {
  return phosphene::positions_together(static_cast<int>(panel.vectors));
}

void Taps::add(const float* sums, float* const* rows, int64_t offset) const {
  for (int64_t y = 0; y < r_; ++y, sums += row_) {
    float* to = rows[y] + offset;
    int64_t x = 0;
    for (; x + kVectorLanes < row_; x += kVectorLanes) vector_at(to + x) += vector_at(sums + x);
    const Vector last = vector_at(sums + x);
    vector_at(to + x) += reinterpret_cast<Vector>(reinterpret_cast<WordVector>(last) & last_of_row_);
  }
}

}  // namespace phosphene
