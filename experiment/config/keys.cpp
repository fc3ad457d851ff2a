#include "experiment/config/keys.h"

#include <algorithm>

#include "experiment/config/optimiser.h"
#include "experiment/config/phases.h"
#include "experiment/config/size.h"
#include "experiment/config/sweep_keys.h"
#include "experiment/image/parameterization_list.h"
#include "experiment/objective/term_list.h"

namespace phosphene {
namespace {

// ---- of settings ----

// A key whose reader sees what was read before it.
template <class T>
Key<T> raw_key(const char* name, FormatPtr format, const char* sentence,
               std::function<void(const JsonReader&, T&)> read) {
  return {{name, sentence, std::move(format), "", "", false, false, 0}, std::move(read)};
}

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
      "initial", file("photo.jpg"),
      "Where to start from: a photograph (PNG or JPEG), which the parameters then change, or a safetensors "
      "file with `re` and `im`, or with `pixels`. By default the start is random.",
      [](const NamedFile& initial, Settings& settings) { settings.image.initial = initial; });
}

// ---- of a run ----

Key<Config> words_key(const char* name, const char* sentence, const char* example) {
  return key_read_by<Config>(name, text(example), sentence, [](const std::string& /*words*/, Config& /*config*/) {})
      .data();
}

Key<Config> save_key() {
  return key_read_by<Config>(
             "save",
             list(word<bool Config::*>({{"image", &Config::save_image},
                                        {"spectrum", &Config::save_spectrum},
                                        {"power_spectrum", &Config::save_power_spectrum}}),
                  0),
             "Results beside the PNG: the image and the spectrum that was optimised as float32, in "
             "`floats/NAME.safetensors`; `power_spectrum` is that of luminance, with its slope, in the record and "
             "the report.",
             [](const std::vector<bool Config::*>& outputs, Config& config) {
               for (bool Config::*output : outputs) config.*output = true;
             })
      .by_default("[]")
      .scope(kOfTheRun)
      .example(R"(["image", "power_spectrum"])");
}

Key<Config> snapshots_key() {
  return raw_key<Config>("snapshots", list(integer(0, kMaxSteps), 0).format,
                         "Steps after which the picture is also saved, counted over all phases.",
                         [](const JsonReader& reader, Config& config) {
                           const int64_t steps = config.steps_of_all_phases();
                           config.snapshots = list(integer(0, steps), 0).read(reader);
                           std::sort(config.snapshots.begin(), config.snapshots.end());
                           config.snapshots.erase(std::unique(config.snapshots.begin(), config.snapshots.end()),
                                                  config.snapshots.end());
                         })
      .by_default("[]")
      .example("[0, 128]");
}

std::vector<KeyDescription> all_descriptions() {
  std::vector<KeyDescription> all;
  for (const Key<Config>& key : heading_keys()) all.push_back(key.description);
  for (const Key<Settings>& key : settings_keys()) all.push_back(key.description);
  for (const Key<Config>& key : run_keys()) all.push_back(key.description);
  return all;
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

const std::vector<Key<Config>>& heading_keys() {
  static const std::vector<Key<Config>> keys = {
      key_read_by<Config>("version", integer(1, 1), "The version of this format.",
                          [](int64_t /*version*/, Config& /*config*/) {})
          .by_default("1")
          .data()
          .scope(kOfTheRun),
      words_key("title", "A heading for the report; none by default.", "Dogs or cats"),
      words_key("description", "What to look for in the pictures, for the report; nothing by default.",
                "Look at the snouts."),
      key("model", &Config::model, file("googlenet"),
          "A model file, relative to this one, or the name of one in `$PHOSPHENE_MODELS`, `./models` or "
          "`~/.cache/phosphene`.")
          .required()
          .scope(kOfTheRun),
  };
  return keys;
}

const std::vector<Key<Config>>& run_keys() {
  static const std::vector<Key<Config>> keys = {
      raw_key<Config>(
          "phases", phases_format(),
          "What is done with the pictures afterwards, in turn: keys that replace those of the phase before. While "
          "parameterization, colour and size stay, the optimisation goes on with its moments and steps (without "
          "the moments, when the kind of optimizer changes); otherwise the finished picture is changed from "
          "there, by parameters that start at 0.",
          [](const JsonReader& reader, Config& config) { read_phases(reader, config); })
          .by_default("[]")
          .example(phases_format()->example()),
      snapshots_key(),
      key("batch", &Config::batch, integer(1, kMaxImages),
          "Largest number of images computed at a time. Does not change any picture. Default: chosen by memory.")
          .without_default()
          .scope(kOfTheRun)
          .example("8"),
      save_key(),
      raw_key<Config>("sweep", sweep_format(),
                      "One job for each combination of values. Keys are JSON pointers to what this file holds, such as "
                      "`/objective/0/channel/unit`, or `variants`.",
                      [](const JsonReader& reader, Config& config) { read_sweep(reader, config); })
          .by_default("{}")
          .example(sweep_format()->example())
          .scope(kOfTheRun),
  };
  return keys;
}

const ObjectFormat& config_format() {
  static const ObjectFormat format("A config for `phosphene render`. Only `model` and `objective` are required.",
                                   all_descriptions());
  return format;
}

std::vector<std::string> keys_in_scope(int scope) {
  std::vector<std::string> names;
  for (const KeyDescription& key : config_format().keys())
    if ((key.scopes & scope) != 0) names.push_back(key.name);
  return names;
}

}  // namespace phosphene
