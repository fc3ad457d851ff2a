#include "loaders/import/resize_rule.h"

#include <cmath>
#include <tuple>
#include <utility>

#include "layers/network/resize.h"

namespace phosphene::source {
namespace {

// The factors of four dimensions, or of those that `axes` names.
std::vector<double> factors_of(Translation& node) {
  const Weights scales = node.weights(2);
  return {scales.data, scales.data + scales.elements()};
}

// The numbers of rows and columns among those of all dimensions; the others must change nothing.
template <class T>
std::pair<T, T> of_rows_and_columns(Translation& node, const std::vector<T>& given, T first, T second) {
  std::vector<int64_t> axes = node.attributes().integers("axes", -4, 3);
  if (axes.empty()) axes = {0, 1, 2, 3};
  if (given.size() != axes.size()) node.refuse("has {} scales or sizes for {} axes", given.size(), axes.size());
  std::vector<T> of_each{first, second, T{}, T{}};
  for (size_t i = 0; i < axes.size(); ++i) of_each[node.dimension(axes[i], 4)] = given[i];
  if (of_each[0] != first || of_each[1] != second) node.refuse("resizes images or channels");
  return {of_each[2], of_each[3]};
}

ResizeCoordinates coordinates_of(Translation& node) {
  const std::string rule = node.attributes().word(
      "coordinate_transformation_mode", "half_pixel",
      {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"});
  if (rule == "pytorch_half_pixel") return ResizeCoordinates::pytorch_half_pixel;
  if (rule == "align_corners") return ResizeCoordinates::align_corners;
  if (rule == "asymmetric") return ResizeCoordinates::asymmetric;
  if (rule == "tf_half_pixel_for_nn") return ResizeCoordinates::tf_half_pixel_for_nn;
  return ResizeCoordinates::half_pixel;
}

ResizeRounding rounding_of(Translation& node) {
  const std::string rule = node.attributes().word("nearest_mode", "round_prefer_floor",
                                                  {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"});
  if (rule == "floor") return ResizeRounding::floor;
  if (rule == "ceil") return ResizeRounding::ceil;
  if (rule == "round_prefer_ceil") return ResizeRounding::round_prefer_ceil;
  return ResizeRounding::round_prefer_floor;
}

// Where the last element lies that corners are aligned with: ONNX does not say whether at the size that comes out or at the product of size
// and scale, and programs differ.
void refuse_open_corners(Translation& node, const ResizeAttributes& attributes, const Shape& src) {
  if (attributes.coordinates != ResizeCoordinates::align_corners) return;
  for (const double size :
       {attributes.factor_h * static_cast<double>(src.h), attributes.factor_w * static_cast<double>(src.w)}) {
    if (size != std::floor(size))
      node.refuse("align_corners with a scale that gives {} rows or columns is not supported: give sizes", size);
  }
}

}  // namespace

void resize(Translation& node) {
  const Value src = node.image(0);
  ResizeAttributes attributes;
  attributes.mode = node.attributes().word("mode", "nearest", {"nearest", "linear"}) == "nearest" ? ResizeMode::nearest
                                                                                                  : ResizeMode::linear;
  attributes.coordinates = coordinates_of(node);
  attributes.rounding = rounding_of(node);
  attributes.step = ResizeStep::quotient;
  if (node.attributes().flag("antialias", false)) node.refuse("antialias is not supported");
  node.attributes().flag("exclude_outside", false);  // of the cubic mode
  node.attributes().ignore({"cubic_coeff_a", "extrapolation_value"});
  node.attributes().word("keep_aspect_ratio_policy", "stretch", {"stretch"});
  static_cast<void>(node.has(1));  // the region of the mode tf_crop_and_resize
  const bool by_size = node.has(3) && node.constant(3).elements() > 0;
  if (!by_size) {
    std::tie(attributes.factor_h, attributes.factor_w) = of_rows_and_columns(node, factors_of(node), 1.0, 1.0);
    refuse_open_corners(node, attributes, src.shape);
  } else {
    // Whole factors leave the size free; the places are the same.
    std::tie(attributes.rows, attributes.columns) =
        of_rows_and_columns(node, node.integers(3), src.shape.n, src.shape.c);
    if (attributes.rows % src.shape.h == 0 && attributes.columns % src.shape.w == 0) {
      const int64_t factor_h = attributes.rows / src.shape.h, factor_w = attributes.columns / src.shape.w;
      attributes.factor_h = static_cast<double>(factor_h);
      attributes.factor_w = static_cast<double>(factor_w);
      attributes.rows = attributes.columns = 0;
    }
  }
  node.result(node.append(std::make_shared<Resize>(attributes), {src}));
}

}  // namespace phosphene::source
