#include "experiment/photos/jpeg_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <numbers>

#include <jpeglib.h>  // needs cstdio

namespace phosphene {
namespace {

constexpr int kSide = DCTSIZE;
constexpr float kDarkest = -128, kBrightest = 127 + 31;

using Row [[gnu::vector_size(kSide * sizeof(float))]] = float;
using Block = std::array<Row, kSide>;

// [u][x]: C(u) / 2 cos((2 x + 1) u pi / 16), C(0) = 1 / sqrt 2 (ITU-T T.81, A.3.3).
Block make_cosines(bool absolute) {
  Block cosines{};
  for (size_t u = 0; u < kSide; ++u) {
    for (size_t x = 0; x < kSide; ++x) {
      const double scale = u == 0 ? 0.5 / std::numbers::sqrt2 : 0.5;
      const double value = scale * std::cos(static_cast<double>((2 * x + 1) * u) * std::numbers::pi / 16);
      cosines[u][x] = static_cast<float>(absolute ? std::abs(value) : value);
    }
  }
  return cosines;
}

// [y][x]: sum over u, v of src[u][v] cosines[u][y] cosines[v][x].
Block transformed(const Block& src, const Block& cosines) {
  Block columns{}, dst{};
  for (size_t u = 0; u < kSide; ++u)
    for (size_t y = 0; y < kSide; ++y) columns[y] += cosines[u][y] * src[u];
  for (size_t v = 0; v < kSide; ++v)
    for (size_t y = 0; y < kSide; ++y) dst[y] += columns[y][v] * cosines[v];
  return dst;
}

// What the blocks of one component may be.
class BlockBounds {
 public:
  explicit BlockBounds(const JQUANT_TBL& table) : cosines_(make_cosines(false)) {
    for (size_t i = 0; i < DCTSIZE2; ++i) steps_[i / kSide][i % kSide] = static_cast<float>(table.quantval[i]);
    Block half = steps_;
    for (Row& row : half) row /= 2;
    rounding_ = transformed(half, make_cosines(true));
    for (const Row& row : rounding_)
      for (size_t x = 0; x < kSide; ++x) least_rounding_ = std::min(least_rounding_, row[x]);
  }

  [[nodiscard]] bool holds(const JCOEF* block) const {
    const float mean = static_cast<float>(block[0]) * steps_[0][0] / 8, mean_rounding = steps_[0][0] / 4;
    if (mean < kDarkest - mean_rounding || mean > kBrightest + mean_rounding) return false;
    if (block[1] != 0 && std::all_of(block + 2, block + DCTSIZE2, [&](JCOEF c) { return c == block[1]; })) return false;
    Block coefficients;
    Row sums{};
    for (size_t u = 0; u < kSide; ++u) {
      for (size_t v = 0; v < kSide; ++v) coefficients[u][v] = static_cast<float>(block[u * kSide + v]);
      coefficients[u] *= steps_[u];
      sums += coefficients[u] < 0 ? -coefficients[u] : coefficients[u];
    }
    float sum = -8 * std::abs(mean);  // of the others, of whose basis functions none exceeds 1/4
    for (size_t v = 0; v < kSide; ++v) sum += sums[v];
    if (std::abs(mean) + sum / 4 <= 128 + least_rounding_) return true;  // as most blocks
    const Block samples = transformed(coefficients, cosines_);
    bool inside = true;
    for (size_t y = 0; y < kSide; ++y) {
      const auto outside = (samples[y] < kDarkest - rounding_[y]) | (samples[y] > kBrightest + rounding_[y]);
      for (size_t x = 0; x < kSide; ++x) inside = inside && outside[x] == 0;
    }
    return inside;
  }

 private:
  Block cosines_, steps_{}, rounding_{};
  float least_rounding_ = 1e9F;
};

// As in jpeg_file.cpp: nothing with a destructor between the library's calls.
class CoefficientReader {
 public:
  explicit CoefficientReader(std::span<const std::byte> file) : file_(file) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) {
      std::longjmp(static_cast<CoefficientReader*>(jpeg->client_data)->jump_, 1);
    };
    errors_.emit_message = [](j_common_ptr, int) {};
    jpeg_create_decompress(&jpeg_);
  }
  CoefficientReader(const CoefficientReader&) = delete;
  CoefficientReader& operator=(const CoefficientReader&) = delete;
  ~CoefficientReader() { jpeg_destroy_decompress(&jpeg_); }

  bool is_plausible() {
    if (setjmp(jump_) != 0) return false;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(file_.data()), file_.size());
    jpeg_read_header(&jpeg_, TRUE);
    jvirt_barray_ptr* arrays = jpeg_read_coefficients(&jpeg_);
    for (int component = 0; component < jpeg_.num_components; ++component)
      if (!is_plausible(jpeg_.comp_info[component], arrays[component])) return false;
    return true;
  }

 private:
  bool is_plausible(const jpeg_component_info& component, jvirt_barray_ptr array) {
    const BlockBounds bounds(*component.quant_table);
    for (JDIMENSION y = 0; y < component.height_in_blocks; ++y) {
      const JBLOCKARRAY rows =
          jpeg_.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&jpeg_), array, y, 1, FALSE);
      for (JDIMENSION x = 0; x < component.width_in_blocks; ++x)
        if (!bounds.holds(rows[0][x])) return false;
    }
    return true;
  }

  std::span<const std::byte> file_;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
};

}  // namespace

bool blocks_are_plausible(std::span<const std::byte> file) { return CoefficientReader(file).is_plausible(); }

}  // namespace phosphene
