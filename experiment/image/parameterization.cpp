#include "experiment/image/parameterization.h"

#include "layers/network/add.h"
#include "runtime/error.h"

namespace phosphene {

void ImageParameters::add_parameter(const TensorInfo& info, bool of_group) {
  const size_t index = parameters_.size();
  parameters_.push_back({index == 0 ? kParameterState : fmt::format("{} {}", kParameterState, index), info, of_group});
}

std::vector<float> ImageParameters::read_start(const std::string& path,
                                               std::span<const BatchImage> /*batch_images*/) const {
  fail_internal("image", "the parameters cannot start from '{}'", path);
}

std::shared_ptr<const Parameterization> Parameterization::starting_at_the_picture() const {
  fail_internal("image", "'{}' cannot change a picture", kind());
}

ValueId append_change(Graph& graph, ValueId picture, std::vector<ValueId> made) {
  if (picture != kNoValue) made.insert(made.begin(), picture);
  return append_sum(graph, std::move(made), "image");
}

}  // namespace phosphene
