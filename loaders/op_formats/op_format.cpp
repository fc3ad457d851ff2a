#include "loaders/op_formats/op_format.h"

#include <nlohmann/json.hpp>

namespace phosphene {
void LayerWriter::tensor(const char* key, const Weights& weights) {
  if (weights.data == nullptr) return;
  tensors.push_back({layer + "/" + key, weights.shape, {weights.data, static_cast<size_t>(weights.elements())}});
  json[key] = tensors.back().name;
}

Weights LayerReader::tensor(const char* key) const {
  if (!json.has(key)) return {};
  Weights weights = file.weights(json.at(key).text());
  if (weights.elements() == 0) json.at(key).refuse("is a tensor without numbers");
  return weights;
}

Weights LayerReader::required_tensor(const char* key) const {
  if (!json.has(key)) json.refuse("the key '{}' is missing", key);
  return tensor(key);
}

const std::vector<OpFormat>& op_formats() {
  static const std::vector<OpFormat> formats = [] {
    std::vector<OpFormat> all;
    for (const std::span<const OpFormat> some :
         {formats_of_convolutions::formats(), formats_of_poolings::formats(), formats_of_activations::formats(),
          formats_of_arithmetic::formats(), formats_of_rearrangements::formats()})
      all.insert(all.end(), some.begin(), some.end());
    return all;
  }();
  return formats;
}

Json window_json(const WindowAttributes& window) {
  Json json = {{"size", {window.r, window.s}},
               {"stride", {window.stride_h, window.stride_w}},
               {"pad", {window.pad_top, window.pad_left, window.pad_bottom, window.pad_right}},
               {"rule", window.same   ? "same"
                        : window.ceil ? "ceil"
                                      : "floor"}};
  if (window.dilation_h != 1 || window.dilation_w != 1) json["dilation"] = {window.dilation_h, window.dilation_w};
  return json;
}

WindowAttributes read_window(const JsonReader& layer) {
  constexpr int64_t kMaxSide = 1 << 16;
  const JsonReader json = layer.at("window");
  json.must_be_object();
  json.only({"size", "stride", "pad", "rule", "dilation"});
  const std::vector<int64_t> size = json.at("size").integers(2, 1, kMaxSide),
                             stride = json.at("stride").integers(2, 1, kMaxSide),
                             pad = json.at("pad").integers(4, 0, kMaxSide);
  const std::string rule = json.at("rule").word({"floor", "ceil", "same"});
  std::vector<int64_t> dilation = {1, 1};
  if (json.has("dilation")) dilation = json.at("dilation").integers(2, 1, kMaxSide);
  return {size[0], size[1], stride[0],      stride[1],      pad[0],      pad[1],
          pad[2],  pad[3],  rule == "same", rule == "ceil", dilation[0], dilation[1]};
}

}  // namespace phosphene
