#include "experiment/objective/term.h"

#include <algorithm>

#include "runtime/error.h"

namespace phosphene {

std::string Term::name() const {
  const std::vector<LayerRead> layers = reads();
  const std::string layer = layers.empty() || layers.front().layer.empty() ? "class" : layers.front().layer;
  return fmt::format("{}{}_{}", weight < 0 ? "minus_" : "", layer, short_name());
}

float Term::weight_for(const BatchImage& image) const {
  const bool applies = images.empty() || std::find(images.begin(), images.end(), image.image) != images.end();
  if (!applies) return 0;
  return static_cast<float>(share(image, images.empty() ? image.images : std::ssize(images)));
}

const Term& Objective::leading() const {
  const auto term = std::find_if(terms.begin(), terms.end(), [](const TermPtr& any) { return any->leads(); });
  if (term == terms.end()) fail_internal("objective", "no term makes a picture");
  return **term;
}

ValueId TermContext::layer(const std::string& layer, const std::string& place) const {
  return at_place(place, [&] { return network.value(layer.empty() ? model.logits() : layer); });
}

ReferencePhotos& TermContext::photographs(const std::string& place) const {
  if (references == nullptr) fail(place, "there is no image here to compare with a photograph");
  return *references;
}

std::pair<int32_t, int32_t> Position::within(const Shape& map, int64_t height, int64_t width, const std::string& layer,
                                             const std::string& place, const char* of) const {
  const bool one = height == 1 && width == 1;  // of the four in the middle of an even map, a neuron is the last
  const int64_t r = row.value_or(one ? map.h / 2 : (map.h - height) / 2);
  const int64_t c = column.value_or(one ? map.w / 2 : (map.w - width) / 2);
  if (r + height > map.h || c + width > map.w) {
    fail(place, "position ({}, {}){} lies outside '{}', which has {} rows and {} columns", r, c, of, layer, map.h,
         map.w);
  }
  return {static_cast<int32_t>(r), static_cast<int32_t>(c)};
}

Value<std::string> layer_name() { return text("inception_4a/output"); }
Value<int64_t> unit_number() { return integer(0, kMaxUnits); }
Value<int64_t> map_position() { return integer(0, 1 << 14); }
Value<int64_t> cosine_power() { return integer(0, 2); }

}  // namespace phosphene
