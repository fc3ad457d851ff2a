// What a run keeps of its images in the run folder.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "experiment/run/run_folder.h"
#include "experiment/run/run_image.h"
#include "loaders/model/model.h"
#include "runtime/tensor.h"

namespace phosphene {

// The picture (C x H x W in [0, 1], of this shape) of an image after `step` steps.
void write_snapshot(const RunFolder& folder, const RunImage& image, int64_t step, std::span<const float> picture,
                    const Shape& shape);

// What a finished image leaves.
struct ImageResult {
  std::span<const float> picture;   // C x H x W in [0, 1]; of a transparent one alpha is the last channel
  Shape shape;                      // C, H and W
  std::span<const float> spectrum;  // C x 2H x K, where the config saves it
  std::vector<float> curve;         // the objective of each step
};

// Whether all that is kept of a job's images is there and whole, or they were given up. What somebody removed or cut short by hand is
// made again.
bool is_finished(const RunFolder& folder, const Job& job);

// Writes the picture, the floats that the config asks for and, last, the record: with it the image is finished.
void write_result(const RunFolder& folder, const RunImage& image, const ImageResult& result, const Model& model);

}  // namespace phosphene
