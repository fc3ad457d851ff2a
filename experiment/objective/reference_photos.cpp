#include "experiment/objective/reference_photos.h"

#include "experiment/photos/find_photograph.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "runtime/error.h"

namespace phosphene {

ReferencePhotos::ReferencePhotos(Graph& graph, const Model& model, const Shape& image,
                                 std::function<ValueId(ValueId)> see)
    : graph_(graph), model_(model), image_(image), see_(std::move(see)) {}

ValueId ReferencePhotos::photograph(const NamedFile& photo, const std::string& place) {
  require_photographs(model_, place);
  Reference& reference = references_[photo.name];
  if (reference.planar == kNoValue) {
    reference.path = find_photograph(photo, place);
    reference.state = "photograph " + photo.name;
    reference.planar = graph_.state(reference.state, {image_, Layout::planar, DType::f32});
  }
  return reference.planar;
}

ValueId ReferencePhotos::value(const NamedFile& photo, const std::string& layer, const std::string& place) {
  const ValueId planar = photograph(photo, place);
  Reference& reference = references_[photo.name];
  if (reference.network == nullptr)
    reference.network = std::make_unique<ModelGraph>(model_, graph_, see_(planar), GradientRules{}, photo.name + " ");
  return reference.network->value(layer);
}

std::map<std::string, std::string> ReferencePhotos::files() const {
  std::map<std::string, std::string> files;
  for (const auto& [name, reference] : references_) files[reference.state] = reference.path;
  return files;
}

void write_photographs(const std::map<std::string, std::string>& files, const Shape& image, States& states) {
  for (const auto& [state, path] : files) {
    const HostTensor one = resize_and_crop(read_photo(path), image.h, image.w);
    std::vector<float> all;
    for (int64_t n = 0; n < image.n; ++n) all.insert(all.end(), one.data.begin(), one.data.end());
    states.write(state, all);
  }
}

}  // namespace phosphene
