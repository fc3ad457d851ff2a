// Tensors of low resolution, enlarged bilinearly to images before colour: the levels of a Laplacian pyramid, and
// tensors that the images of a group share, which aligns them (A. Mordvintsev et al., "Differentiable Image
// Parameterizations", Distill 2018). kernels/upsample.h has the formula.
#pragma once

#include <span>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"
#include "runtime/problems/image.h"

namespace phosphene {

struct UpsampleLevelShape {
  int64_t tensors = 1;  // for each group; fewer than its images are interpolated between them
  int64_t divisor = 1;  // of the image's rows and columns, rounded down, at least one each
  // Elements that the enlarged level is shifted by, along images of a group, rows and columns; mirrored in front.
  int64_t offset_images = 0, offset_rows = 0, offset_columns = 0;
};

// Planar: tensors x C x h x w for images of this shape in groups of `group`. Offsets are the half of what the axes grow by.
TensorInfo level_info(const Shape& image, int64_t group, const UpsampleLevelShape& level);
UpsampleLevelShape with_half_offsets(const Shape& image, int64_t group, UpsampleLevelShape level);

// The op from a level to the images, and the same appended to a graph: the images (planar, of shape `image`) that the
// parameter `level` of level_info() is enlarged to.
std::shared_ptr<const Op> make_upsample(const UpsampleProblem& problem);
std::shared_ptr<const Op> make_upsample(const Shape& image, int64_t group, const UpsampleLevelShape& level);
ValueId append_upsampled(Graph& graph, const Shape& image, int64_t group, const UpsampleLevelShape& level,
                         ValueId parameter);

// N(0, sd^2) for every number of level `index`; one key for each group, whose job the numbers are a function of.
std::vector<float> initial_level(const TensorInfo& info, std::span<const DrawKey> keys, DrawPurpose purpose,
                                 uint32_t index, double sd);

}  // namespace phosphene
