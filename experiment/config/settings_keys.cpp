#include "experiment/config/settings_keys.h"

#include <algorithm>

#include "experiment/config/optimiser.h"
#include "experiment/config/size.h"
#include "experiment/image/parameterization_list.h"
#include "experiment/objective/term_list.h"

namespace phosphene {
namespace {

Key<Settings> images_key() {
  Key<Settings> made =
      key_read_by<Settings>("images", integer(1, kMaxImages),
                            "Number of images rendered together for one objective. The objective averages over them.",
                            [](int64_t images, Settings& settings) { settings.image.images = images; });
  made.description.default_value = std::to_string(ImageSettings{}.images);
  return made;
}

Key<Settings> size_key() {
  return key_read_by<Settings>(
             "size", size_value(),
             "Size in pixels: a number for a square, or `[height, width]`. Default: the size the model was trained at.",
             [](const Size& size, Settings& settings) {
               settings.image.height = size.height;
               settings.image.width = size.width;
             })
      .scope(kOfAPhase)
      .example("224");
}

Key<Settings> parameterization_key() {
  const Value<ParameterizationPtr> value = parameterization_value();
  Key<Settings> made =
      raw_key<Settings>("parameterization", value.format, "The parameters that gradient ascent changes.",
                        [value](const JsonReader& reader, Settings& settings) {
                          settings.image.parameterization = value.read(reader);
                          settings.image.parameterization->check_group(settings.image.images, reader.place());
                        });
  made.description.default_value = fmt::format("{{\"{}\": {{}}}}", default_parameterization()->kind());
  return std::move(made).scope(kOfAPhase);
}

Key<Settings> colour_key() {
  const Value<ColourSpace> value = colour_value();
  return raw_key<Settings>(
             "colour", value.format,
             "How three channels become colours. They are decorrelated by default (plain for a CPPN); clipped "
             "ones are decorrelated too, and clipped to `[0, 1]` where the others have a sigmoid.",
             [value](const JsonReader& reader, Settings& settings) {
               settings.image.colour = value.read(reader);
               if (settings.image.parameterization->draws_own_colours())
                 reader.refuse("'colour' does not apply: a generator draws final colours");
             })
      .scope(kOfAPhase);
}

Key<Settings> transparency_key() {
  const Value<Transparency> value = transparency_value();
  return raw_key<Settings>(
      "transparency", value.format,
      "An alpha channel; images are opaque by default. A transparent image is seen by the network over another random "
      "image at each step. Pictures are saved with alpha; penalties read the colours alone, `mean_alpha` the alpha "
      "channel.",
      [value](const JsonReader& reader, Settings& settings) { settings.image.transparency = value.read(reader); });
}

Key<Settings> objective_key() {
  return raw_key<Settings>("objective", objective_format(), "The terms, whose sum is maximised.",
                           [](const JsonReader& reader, Settings& settings) {
                             settings.objective = read_objective(reader, settings.image.images);
                           })
      .required()
      .scope(kOfAPhase);
}

Key<Settings> optimizer_key() {
  return key_read_by<Settings>("optimizer", optimiser_value(),
                               "The optimiser: how the parameters follow their gradients.",
                               [](WrittenOptimiser optimiser, Settings& settings) {
                                 optimiser.scale_default_rate(settings.image.parameterization->optimiser_rate_factor());
                                 settings.optimiser = optimiser.attributes;
                               })
      .by_default(R"({"adam": {}})")
      .scope(kOfAPhase);
}

Key<Settings> gradients_key() {
  const Object<GradientRules> rules(
      "",
      {key("relu", &GradientRules::relu,
           word<ReluGradient>({{"plain", ReluGradient::plain},
                               {"redirected", ReluGradient::redirected},
                               {"linear", ReluGradient::linear}}),
           "Redirected ReLUs let a silent unit wake: use them for the first steps, and a phase with plain ones for the "
           "rest. Linear ones pass everything."),
       key("max_pooling", &GradientRules::smooth_max_pooling, word<bool>({{"plain", false}, {"average", true}}),
           "An average spreads the gradient of a maximum over its window.")});
  return key("gradients", &Settings::gradients, rules.value(), "Replacements for gradients in the network.")
      .by_default("{}")
      .scope(kOfAPhase)
      .example(R"({"relu": "redirected"})");
}

// Photographs are for all parameterizations that can change a picture, files for spectra and pixels.
Key<Settings> initial_key() {
  return key_read_by<Settings>(
      "initial", file("photo.jpg", FileKind::start),
      "Where to start from: a photograph (PNG or JPEG), which the parameters then change, or a safetensors "
      "file with `re` and `im`, or with `pixels`. By default the start is random.",
      [](const NamedFile& initial, Settings& settings) { settings.image.initial = initial; });
}

void check_alpha(const Settings& settings) {
  if (settings.image.transparency) return;
  for (const TermPtr& term : settings.objective.terms) {
    if (term->reads_alpha())
      fail(term->place, "the image has no alpha channel: add \"transparency\": {{}} to the config");
  }
}

const KeyDescription& description_of(const std::string& name) {
  const std::vector<Key<Settings>>& keys = settings_keys();
  const auto key =
      std::find_if(keys.begin(), keys.end(), [&](const Key<Settings>& one) { return one.description.name == name; });
  if (key == keys.end()) fail_internal(name, "there is no such key");
  return key->description;
}

}  // namespace

const std::vector<Key<Settings>>& settings_keys() {
  static const std::vector<Key<Settings>> keys = {
      images_key(),
      size_key(),
      parameterization_key(),
      colour_key(),
      transparency_key(),
      key("transforms", &Settings::transforms, transforms_value(),
          "Random transforms of the image at each step, before the network sees it. `distill` is the article's list, "
          "`lucid` Lucid's default, `none` nothing.")
          .by_default("\"distill\"")
          .scope(kOfAPhase),
      objective_key(),
      key("steps", &Settings::steps, integer(1, kMaxSteps), "Updates of the image.").scope(kOfAPhase),
      optimizer_key(),
      gradients_key(),
      key("seed", &Settings::seed, seed_number(), "The seed of every random draw.").data(),
      key("precision", &Settings::precision, word<DType>({{"f32", DType::f32}, {"bf16", DType::bf16}}),
          "The precision of the network's activations, gradients and weights; sums, the image and the optimiser are "
          "always f32. bf16 needs a GPU, or a CPU with AVX512-BF16 or AMX-BF16."),
      initial_key(),
  };
  return keys;
}

std::vector<std::string> keys_of_a_phase() {
  std::vector<std::string> names;
  for (const Key<Settings>& key : settings_keys())
    if ((key.description.scopes & kOfAPhase) != 0) names.push_back(key.description.name);
  return names;
}

const Format& settings_format(const std::string& name) { return *description_of(name).format; }
const std::string& settings_default(const std::string& name) { return description_of(name).default_value; }

Settings read_settings(const JsonReader& reader) {
  Settings settings;
  settings.image.file = reader.file();
  read_keys(settings_keys(), reader, settings);
  settings.optimisation_steps = settings.steps;
  settings.optimiser.adam.schedule.steps = settings.optimiser.momentum.schedule.steps = settings.steps;
  check_image(reader, settings.image);
  check_alpha(settings);
  if (settings.image.starts_from_photo()) start_at_the_picture(settings.image);
  return settings;
}

}  // namespace phosphene
