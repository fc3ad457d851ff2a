// What pages say of a picture, made of its record and its run's config: the one place for the words of captions, alternative texts and
// axes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loaders/json.h"

namespace phosphene {

// A unit that a picture is of. What a layer computes before its activation (LAYER:pre) are the same units.
struct PictureUnit {
  std::string layer;              // without ":pre"
  std::optional<int64_t> number;  // a class may be known by its label alone
  std::string label;              // of a class, "" where it is not known
  // positive, negative: the channel driven up or down; neuron; class; diverse: of a set; joint: with other units
  std::string role;

  // LAYER:UNIT
  [[nodiscard]] std::string key() const { return layer + ":" + (number ? std::to_string(*number) : label); }
};

struct Caption {
  std::string heading;  // "channel 97", "macaw", or the name of a variant
  std::string subject;  // what the picture is of, whatever its variant is called
  std::string words;  // all else: "inception_4a/output before its activation · diversity 100 · image 2 of 4 · seed 3"
  std::string kind;   // of the first term that makes the picture: "channel"
  std::vector<PictureUnit> units;
};

// `config`: the run's, with its sweep.
Caption caption_of(const Json& record, const Json& config);

// For a page's data: a list of {layer, unit, role} and, of a class, label.
Json units_json(const std::vector<PictureUnit>& units);

// A layer's name without ":pre".
std::string without_pre(const std::string& layer);

}  // namespace phosphene
