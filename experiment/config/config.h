// An experiment's configuration: strict JSON in, checked structs out. Every error names the file, the JSON pointer and the nearest
// valid name. configs/schema/config.schema.json says the same for editors; a test holds the two together.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiment/objective/term_list.h"
#include "layers/image/cppn.h"
#include "layers/image/fourier_image.h"
#include "layers/optimiser/ascent.h"
#include "layers/transform/transform_list.h"
#include "loaders/model/model_graph.h"

namespace phosphene {

enum class Parameterization { fourier, pixel, laplacian_pyramid, shared, cppn, prior };
// automatic: decorrelated for three channels, but plain for a CPPN. clipped: decorrelated and clipped instead of squashed.
enum class ColourSpace { automatic, decorrelated, plain, clipped };

// A tensor of low resolution that the images of a group share.
struct SharedLevel {
  int64_t images = 1;   // tensors: interpolated between the images of the group where there are fewer
  int64_t divisor = 2;  // of the image's size
  bool offset = false;  // shifted by half of what it is enlarged by
};

// What a phase takes over from the one before it: nothing (it is the first), the picture that it then changes, its parameters, or these and
// the optimiser's moments and steps.
enum class CarryOver { nothing, picture, parameters, optimisation };

// The code of a generator (loaders/model/generator.h), which is in front of the network.
struct PriorParameterization {
  std::string generator = "prior_generator";
  double norm = 8;    // the most that a position's vector may have
  std::string photo;  // whose code is the start; "": the mean of all codes
};

// An image with an alpha channel, seen over another random Fourier image at each step.
struct Transparency {
  bool gamma = true;  // composed in linear light
  double background_sd = 0.2, background_decay_power = 1.5;
};

struct Transforms {
  std::string preset = "distill";  // or "" with `list`, or `replay`
  TransformList list;              // `shared` and `outside` count for presets too
  std::string replay;              // recorded matrices, a file
};

struct Config {
  std::string model;
  int64_t images = 1;
  int64_t height = 0, width = 0;  // 0: what the model was trained at
  Parameterization parameterization = Parameterization::fourier;
  double decay_power = 1, sd = 0.01;
  int64_t pyramid_levels = 4;
  std::vector<SharedLevel> shared_levels;
  CppnParameterization cppn;
  PriorParameterization prior;
  ColourSpace colour = ColourSpace::automatic;
  std::optional<Transparency> transparency;
  Transforms transforms;
  std::vector<Term> objective;
  OptimiserAttributes optimiser;
  int64_t steps = 512;
  std::vector<int64_t> snapshots;
  uint64_t seed = 0;
  GradientRules gradients;
  DType precision = DType::f32;  // of the network's activations, gradients and weights: f32 or bf16
  std::string initial;           // start: a photograph, or a safetensors file with `re` and `im` (or `pixels`)
  int64_t batch = 0;             // images packed into one program at the most; 0: automatic
  bool save_image = false;       // also as float32
  bool save_spectrum = false;
  bool save_power_spectrum = false;  // in the record and the report

  std::string file;       // where it was read from, for errors
  std::string directory;  // what paths in it are relative to
  Json json;              // as given, overrides applied, defaults not filled in; without "sweep"
  // Axes of a sweep: JSON pointer -> values, in the order given.
  std::vector<std::pair<std::string, std::vector<Json>>> sweep;

  std::vector<Config> later_phases;  // what follows: whole configs without later phases of their own
  CarryOver carry_over = CarryOver::nothing;
  // The optimisation that this phase is a part of: the step that the phase starts at, and the steps of all its phases.
  int64_t first_step = 0, optimisation_steps = 512;

  [[nodiscard]] size_t phases() const { return 1 + later_phases.size(); }
  [[nodiscard]] const Config& phase(size_t index) const { return index == 0 ? *this : later_phases.at(index - 1); }
  [[nodiscard]] int64_t steps_of_all_phases() const;
  [[nodiscard]] bool starts_from_photo() const { return !initial.empty() && !initial.ends_with(".safetensors"); }
  // The parameters change a picture that was there before.
  [[nodiscard]] bool changes_a_picture() const { return carry_over == CarryOver::picture || starts_from_photo(); }
  // Named settings of a sweep: name -> keys that take the place of the config's, in the order given.
  std::vector<std::pair<std::string, Json>> variants;
  std::string variant;  // which of them this is, or ""
};

// A path in a config, relative to the config's folder.
std::string resolve_path(const Config& config, const std::string& path);

// Checks everything that can be checked without the model. `file` and `directory` as in Config.
Config parse_config(const Json& json, const std::string& file, const std::string& directory);

// Applies "/json/pointer=value" (value JSON, or a plain string).
void apply_override(Json& json, const std::string& text);

// Reads a file; the overrides are applied before parsing.
Config load_config(const std::string& path, const std::vector<std::string>& overrides = {});

// The first term that makes a picture; an objective always has one. Of a product, its first factor.
const Term& leading_term(const Config& config);

// A list of terms from a file: what `probe --objective` reads.
std::vector<Term> load_objective(const std::string& path, int64_t images);

// Reads JSON; a syntax error says line and column, a key given twice is an error.
Json read_json(const std::string& path);

}  // namespace phosphene
