// The photographs that objectives compare an image with: each goes through the transforms and the network beside the image, in the same
// graph and with the same draws. Nothing passes back to it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "loaders/json_reader.h"
#include "loaders/model/model_graph.h"
#include "runtime/states.h"

namespace phosphene {

class ReferencePhotos {
 public:
  // `see`: appends what turns planar images into the network's input. `image`: N C H W.
  ReferencePhotos(Graph& graph, const Model& model, const Shape& image, std::function<ValueId(ValueId)> see);

  // The photograph itself, planar in [0, 1], once for each image. Throws, with the place, where there is none.
  ValueId photograph(const NamedFile& photo, const std::string& place);

  // The value of a layer for the photograph; photographs of one name share one pass.
  ValueId value(const NamedFile& photo, const std::string& layer, const std::string& place);

  // The files of the photographs, by the state that each is written to.
  [[nodiscard]] std::map<std::string, std::string> files() const;

 private:
  struct Reference {
    std::string path, state;
    ValueId planar = kNoValue;
    std::unique_ptr<ModelGraph> network;
  };

  Graph& graph_;
  const Model& model_;
  Shape image_;
  std::function<ValueId(ValueId)> see_;
  std::map<std::string, Reference> references_;
};

// Writes each photograph to its state, once for each image.
void write_photographs(const std::map<std::string, std::string>& files, const Shape& image, States& states);

}  // namespace phosphene
