// A map at another size, nearest or bilinear (formulas: kernels/resize.h), by the rules that exporters write into files:
//   torch.nn.functional.interpolate       coordinates          rounding      step
//     nearest                             asymmetric           floor         product
//     nearest-exact                       tf_half_pixel_for_nn floor         product
//     bilinear                            half_pixel                         product
//     bilinear, align_corners             align_corners                      product
//   ONNX Resize                           as its attributes say              quotient
//   Keras UpSampling2D                    tf_half_pixel_for_nn floor, or half_pixel
#pragma once

#include "runtime/graph.h"
#include "runtime/problems/rearrange.h"

namespace phosphene {

enum class ResizeMode : uint8_t { nearest, linear };

// Where element p of an axis of `out` lies among those of the source, of `in`; s = out / in, or the factor. Names are ONNX's.
enum class ResizeCoordinates : uint8_t {
  half_pixel,            // (p + 0.5) / s - 0.5
  pytorch_half_pixel,    // the same; 0 where out = 1
  align_corners,         // p (in - 1) / (out - 1); 0 where out = 1
  asymmetric,            // p / s
  tf_half_pixel_for_nn,  // (p + 0.5) / s
};

// Which element is the nearest to a place between two; the last two differ in the middle, to within 1e-6.
enum class ResizeRounding : uint8_t { floor, ceil, round_prefer_floor, round_prefer_ceil };

// Whether places are divided by float(s), as ONNX Runtime does, or multiplied with float(1 / s), as PyTorch does. They differ in the
// last bit, which can decide which element is the nearest; and in what `factor` makes of a size, by which ONNX multiplies in float32.
enum class ResizeStep : uint8_t { quotient, product };

struct ResizeAttributes {
  ResizeMode mode = ResizeMode::nearest;
  ResizeCoordinates coordinates = ResizeCoordinates::half_pixel;
  ResizeRounding rounding = ResizeRounding::round_prefer_floor;  // of nearest
  ResizeStep step = ResizeStep::quotient;
  int64_t rows = 0, columns = 0;      // of dst, or both 0:
  double factor_h = 0, factor_w = 0;  // dst = floor(src factor)

  bool operator==(const ResizeAttributes&) const = default;
};

class Resize final : public Op {
 public:
  // Throws unless there is a size or a pair of positive factors.
  explicit Resize(const ResizeAttributes& attributes);

  [[nodiscard]] std::string_view kind() const override { return "resize"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] const ResizeAttributes& attributes() const { return attributes_; }

 private:
  [[nodiscard]] int64_t resized(int64_t in, int64_t fixed, double factor) const;
  [[nodiscard]] ResizedAxis axis(int64_t in, int64_t out, double factor) const;

  ResizeAttributes attributes_;
};

}  // namespace phosphene
