#include "experiment/config/keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiment/config/optimiser.h"
#include "experiment/config/phases.h"
#include "experiment/config/sweep_keys.h"

namespace phosphene {
namespace {

std::vector<std::string> keys_of_the_run() { return keys_in_scope(kOfTheRun); }

Key<Config> words_key(const char* name, const char* sentence, const char* example) {
  return key_read_by<Config>(name, text(example), sentence, [](const std::string& /*words*/, Config& /*config*/) {})
      .data();
}

void read_version(const JsonReader& reader, Config& /*config*/) {
  if (reader.is_number() && reader.json() != 1)
    reader.refuse("expected 1, got {} (this program knows version 1)", reader.json().dump());
  (void)reader.integer(1, 1);
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

const std::vector<Key<Config>>& heading_keys() {
  static const std::vector<Key<Config>> keys = {
      words_key(kSchemaKey, "The address of this format's schema, for editors, which is not read; none by default.",
                "config.schema.json"),
      raw_key<Config>("version", integer(1, 1).format, "The version of this format.", read_version)
          .by_default("1")
          .data()
          .scope(kOfTheRun),
      words_key("title", "A heading for the report; none by default.", "Dogs or cats"),
      words_key("description", "What to look for in the pictures, for the report; nothing by default.",
                "Look at the snouts."),
      key("model", &Config::model, file("googlenet", FileKind::model),
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
      raw_key<Config>("sweep", sweep_format(&keys_of_the_run),
                      "One job for each combination of values. Keys are JSON pointers to what this file holds, such as "
                      "`/objective/0/channel/unit`, or `zip`, or `variants`.",
                      [](const JsonReader& reader, Config& config) {
                        config.sweep = read_sweep(reader);
                        check_sweep(reader, keys_of_the_run(), *config.json);
                      })
          .by_default("{}")
          .example(sweep_format(&keys_of_the_run)->example())
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
