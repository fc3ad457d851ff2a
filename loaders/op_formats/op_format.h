// How the layers of a model file (loaders/model_file.h) are written: a row for each op, in files by subject.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "layers/network/window.h"
#include "loaders/json_reader.h"
#include "loaders/model/model.h"
#include "loaders/safetensors.h"

namespace phosphene {

// One layer while it is written: its attributes, and its tensors under names that begin with its own.
struct LayerWriter {
  std::string layer;
  Json& json;
  std::vector<NamedTensor>& tensors;

  void tensor(const char* key, const Weights& weights);  // nothing where there are none
};

// One layer while it is read.
struct LayerReader {
  const JsonReader& json;
  const Safetensors& file;

  [[nodiscard]] Weights tensor(const char* key) const;           // none without the key
  [[nodiscard]] Weights required_tensor(const char* key) const;  // throws without it
};

struct OpFormat {
  std::string name;               // "convolution"
  std::vector<std::string> keys;  // of a layer, beside name, op and inputs
  size_t least_inputs = 1, most_inputs = 1;
  bool (*is)(const Op&);
  void (*write)(LayerWriter&, const Op&);
  std::shared_ptr<const Op> (*read)(const LayerReader&);
};

// The format of an op of this class, with functions that take and give it as what it is.
template <class T>
bool is_op(const Op& op) {
  return dynamic_cast<const T*>(&op) != nullptr;
}
template <class T, void (*kWrite)(LayerWriter&, const T&)>
void write_as(LayerWriter& writer, const Op& op) {
  kWrite(writer, dynamic_cast<const T&>(op));
}
template <class T>
void write_nothing(LayerWriter& /*writer*/, const T& /*op*/) {}
template <class T>
std::shared_ptr<const Op> read_plain(const LayerReader& /*reader*/) {
  return std::make_shared<T>();
}

// Each file has a namespace of its own: a build may compile several as one.
namespace formats_of_activations {
std::span<const OpFormat> formats();
}
namespace formats_of_arithmetic {
std::span<const OpFormat> formats();
}
namespace formats_of_convolutions {
std::span<const OpFormat> formats();  // and linear layers
}
namespace formats_of_poolings {
std::span<const OpFormat> formats();
}
namespace formats_of_rearrangements {
std::span<const OpFormat> formats();
}

// All of them.
const std::vector<OpFormat>& op_formats();

// The words of an enum, in the order of its values.
using Words = std::vector<std::string>;
template <class Enum>
const std::string& word_of(const Words& words, Enum value) {
  return words.at(static_cast<size_t>(value));
}
template <class Enum>
Enum read_word(const JsonReader& layer, const char* key, const Words& words) {
  const std::string word = layer.at(key).word(words);
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) - words.begin());
}

Json window_json(const WindowAttributes& window);
WindowAttributes read_window(const JsonReader& layer);  // of the key "window"

}  // namespace phosphene
