// Lists of random transforms, and the ops that turn one into a matrix per image and step (kernels/transform_draw.h).
#pragma once

#include <string>
#include <vector>

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

struct TransformList {
  std::vector<TransformStep> steps;
  std::vector<float> choices;  // what the steps' scales and rotations choose from
  bool shared = false;         // one draw for all images of a job
  Outside outside = Outside::constant;

  // Appends a scale or rotation that chooses among `numbers`.
  void add_choice(TransformKind kind, const std::vector<float>& numbers);
};

// Presets, for an image of h x w pixels:
//   distill  pad 16; jitter 16; scale {1, .975, 1.025, .95, 1.05}; rotate {-5 .. 5}; jitter 8; crop to h x w (Olah et al. 2017)
//   lucid    pad 12; jitter 8; scale {.9, .92 .. 1.1}; rotate {-10 .. 10} and five zeros more; jitter 4 (Lucid's default list)
//   none     nothing
// Throws for an unknown preset, with the nearest name.
TransformList transform_preset(const std::string& name, int64_t h, int64_t w);
std::vector<std::string> transform_presets();

// Appends the drawn matrices, N x 6: keys is a state of DrawKeys (info: draw_keys(n)), step the step number (i64, one).
ValueId append_transform_draw(Graph& graph, const TransformList& list, ValueId keys, ValueId step, int64_t image_h,
                              int64_t image_w, int64_t network_h, int64_t network_w);

// The same from recorded matrices: T x images x 6 numbers, `images` 1 (for all) or n.
ValueId append_transform_replay(Graph& graph, std::vector<double> recorded, int64_t images, int64_t n, ValueId step);

TensorInfo draw_keys(int64_t n);  // one DrawKey per image, as bytes
TensorInfo step_number();         // one int64

}  // namespace phosphene
