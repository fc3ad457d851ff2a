// The responses of a layer's units to photographs: a network at a few fixed sizes, forward only.
#pragma once

#include <memory>

#include "experiment/examples/example_selection.h"
#include "experiment/photos/photo_tiles.h"
#include "layers/network/receptive_field.h"
#include "loaders/model/model.h"
#include "runtime/program.h"

namespace phosphene {

class UnitResponses {
 public:
  // At scale s a tile has s times the size that the model was trained at. Throws, naming layer, unit or scale, for what does not
  // exist or does not fit; plans nothing yet. `model` must outlive it.
  UnitResponses(const Model& model, const std::string& layer, const std::string& units, std::vector<double> scales);

  // Plans a program per scale. The backend must outlive this.
  void plan(Backend& backend);

  [[nodiscard]] std::vector<Responses> to(const Photo& photo);  // one for each unit

  // The receptive field of the response, in pixels of the photograph.
  [[nodiscard]] Box crop(size_t unit, const Example& example) const;

  [[nodiscard]] const std::vector<int64_t>& units() const { return units_; }
  [[nodiscard]] const std::vector<double>& scales() const { return scales_; }
  [[nodiscard]] const std::string& layer() const { return layer_; }  // by the name the model has for it
  // Of a layer's map at a scale, so that what a file says can be checked.
  [[nodiscard]] const Shape& map(size_t scale) const { return sizes_[scale].map; }
  // A number that depends on every weight the layer depends on, and on the preprocessing: another number, another network.
  [[nodiscard]] uint64_t fingerprint() const;

 private:
  struct Size {  // of the network
    int64_t height = 0, width = 0;
    Graph graph;
    ValueId input = kNoValue, value = kNoValue;
    Shape map;
    std::vector<ReceptiveField> fields;  // by unit; SAME paddings depend on the size
    std::unique_ptr<States> states;
    std::unique_ptr<Program> program;
  };
  [[nodiscard]] Size size_at(double scale) const;
  void find_fields(Size& size) const;
  void add(const std::vector<float>& map, const Shape& shape, Response at, std::vector<Responses>& responses) const;

  const Model& model_;
  std::string layer_;
  std::vector<int64_t> units_;
  std::vector<double> scales_;
  std::vector<Size> sizes_;  // by scale
};

}  // namespace phosphene
