// A layer's maps for photographs: of chosen units, and of directions, which are projections of all the layer's channels at each
// position. Directions are computed by the network's program itself, as a convolution of one pixel behind the layer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "layers/network/receptive_field.h"
#include "loaders/model/model.h"
#include "runtime/program.h"

namespace phosphene {

class LayerMaps {
 public:
  // For pictures of height x width pixels. `units`: as experiment/examples/unit_list.h reads them. Throws, naming layer or unit, for
  // what does not exist, and for a layer that has a single position. `model` must outlive it.
  LayerMaps(const Model& model, const std::string& layer, const std::string& units, int64_t height, int64_t width);

  // Adds directions behind the units: rows of so many numbers as the layer has channels.
  void add_directions(std::vector<float> rows);

  // Plans the program, for `batch` photographs at a time. The backend must outlive this. Directions that float32 does not hold, or
  // whose projections it does not, show as activations that are not finite.
  void plan(Backend& backend, int64_t batch);

  // Of each photograph (planar 1 x 3 x height x width in [0, 1]): positions x rows, units first. The same numbers, whatever other
  // photographs are in the call, of which there are `batch` at most.
  [[nodiscard]] std::vector<std::vector<float>> of(std::span<const HostTensor* const> photographs);

  [[nodiscard]] size_t batch() const { return static_cast<size_t>(batch_); }
  [[nodiscard]] const std::string& layer() const { return layer_; }
  [[nodiscard]] const std::vector<int64_t>& units() const { return units_; }
  [[nodiscard]] int64_t channels() const { return map_.c; }
  [[nodiscard]] size_t rows() const { return units_.size() + directions_; }
  [[nodiscard]] int64_t height() const { return height_; }  // of pictures
  [[nodiscard]] int64_t width() const { return width_; }
  [[nodiscard]] int64_t map_height() const { return map_.h; }
  [[nodiscard]] int64_t map_width() const { return map_.w; }
  [[nodiscard]] const ReceptiveField& field() const { return field_; }  // of all branches together
  [[nodiscard]] uint64_t fingerprint() const { return fingerprint_; }   // experiment/examples/network_fingerprint.h

 private:
  const Model& model_;
  std::string layer_;
  std::vector<int64_t> units_;
  int64_t height_, width_, batch_ = 0;
  Shape map_;  // of one photograph
  ReceptiveField field_;
  uint64_t fingerprint_ = 0;
  size_t directions_ = 0;
  std::vector<float> direction_rows_;
  ValueId value_ = kNoValue, projected_ = kNoValue;
  std::unique_ptr<States> states_;
  std::unique_ptr<Program> program_;
};

}  // namespace phosphene
