// The terms of an objective as a config writes them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "kernels/parameters.h"

namespace phosphene {

using Json = nlohmann::ordered_json;

enum class TermKind {
  channel,
  neuron,
  class_logit,
  probability,
  direction,
  tensor_direction,
  layer,
  diversity,
  alignment,
  caricature,
  inversion,
  style,
  product,
  penalty,
};

// How a term's weight runs over the images of its group: an interpolation is a falling and a rising term.
enum class Ramp { none, falling, rising };

// Where the numbers of a direction come from: one for each channel of a layer, or of a tensor direction for each channel and position of a
// patch.
struct DirectionSource {
  std::vector<float> numbers;
  std::string file;                    // FILE#TENSOR; of a patch, channels x height x width
  std::optional<uint64_t> seed;        // drawn
  std::string photo;                   // what the layer makes of it
  std::optional<int64_t> row, column;  // there: the centre by default
  int64_t height = 1, width = 1;       // the patch there
};

// One term of the objective: weight * what its kind says (feature visualization, Olah et al. 2017). Averages run over the `images`
// of the config: the weight of a channel, neuron, direction, layer and of diversity in Lucid's form is divided by their number, that
// of a class, an interpolation, an alignment, a caricature, an inversion, a style, a product or a penalty is not.
struct Term {
  TermKind kind = TermKind::channel;
  std::string layer;                   // empty for a class: the model's logits; and for a penalty
  std::optional<int64_t> unit;         // channel, neuron: the channel; class: its index
  std::string label;                   // class, when given by name
  std::optional<int64_t> row, column;  // neuron, direction: the position; a neuron's default is the centre
  bool whole_map = true;               // direction: the mean over the map, unless "at" names a position
  int32_t power = 0;                   // directions, caricature
  DirectionSource vector;              // directions
  Ramp ramp = Ramp::none;              // channel
  double decay = 2;                    // alignment
  std::string photo;                   // caricature, inversion, style: the reference; input difference, "": the start
  StyleForm style_form = StyleForm::l1;
  bool pooled = false;        // style: the images of the group have one Gram matrix
  std::vector<Term> factors;  // product: the two
  bool per_image = true;      // diversity: Lucid's 1 / B
  PenaltyKind penalty = PenaltyKind::total_variation;
  double constant = 0.5;  // penalties L1, L2 and boundary complexity: what the distance is taken from
  int64_t border = 16;    // boundary complexity: pixels
  bool of_alpha = false;  // the penalty L1 of the alpha channel, over its pixels: their mean
  double weight = 1;
  std::vector<int64_t> images;  // which images of the group; empty: all
  std::string place;            // "FILE: /objective/0/channel": where it stands, for errors

  // Reads other images of the group than its own.
  [[nodiscard]] bool couples() const { return kind == TermKind::diversity || kind == TermKind::alignment || pooled; }
  // Compares the image with a photograph that goes through the same transforms.
  [[nodiscard]] bool refers() const {
    return kind == TermKind::caricature || kind == TermKind::inversion || kind == TermKind::style;
  }
  // Makes a picture by itself; the others shape it.
  [[nodiscard]] bool leads() const {
    return kind != TermKind::penalty && kind != TermKind::diversity && kind != TermKind::alignment;
  }
  [[nodiscard]] bool of_a_class() const { return kind == TermKind::class_logit || kind == TermKind::probability; }
};

class JsonReader;

// A list of terms for a group of `images`; some that a config writes as one are two.
std::vector<Term> parse_terms(const JsonReader& reader, int64_t images);

}  // namespace phosphene
