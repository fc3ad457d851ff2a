#include "experiment/config/phases.h"

#include <nlohmann/json.hpp>

#include "experiment/config/settings_keys.h"

namespace phosphene {
namespace {

constexpr size_t kMaxPhases = 64;

// A list of objects with the keys of a phase. No key of it is data: jobs of one program have the same phases.
class PhasesFormat final : public Format {
 public:
  [[nodiscard]] bool accepts(const JsonReader& value) const override { return value.is_array(); }
  [[nodiscard]] Json schema() const override {
    Json properties = Json::object();
    for (const std::string& key : keys_of_a_phase()) properties[key] = {{"$ref", "#/properties/" + key}};
    return {{"type", "array"},
            {"maxItems", kMaxPhases},
            {"items",
             {{"type", "object"}, {"minProperties", 1}, {"additionalProperties", false}, {"properties", properties}}}};
  }
  void visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const override {
    if (!value.is_array()) return;
    for (size_t i = 0; i < value.size(); ++i) {
      if (!value[i].is_object()) continue;
      const std::string phase = pointer_to(pointer, std::to_string(i));
      for (const std::string& key : keys_of_a_phase())
        if (value[i].contains(key)) settings_format(key).visit_files(value[i][key], pointer_to(phase, key), visit);
    }
  }
  [[nodiscard]] std::string words() const override { return "a list of objects with some of the keys of a phase"; }
  [[nodiscard]] std::string example() const override { return R"([{"steps": 128, "transforms": "none"}])"; }
};

// Decorrelated colours are the default of all but a CPPN; a model of other than three channels refuses them when they are written.
ColourSpace meaning(const ImageSettings& image) {
  if (image.colour != ColourSpace::automatic) return image.colour;
  return image.parameterization->plain_by_default() ? ColourSpace::plain : ColourSpace::decorrelated;
}

bool same_parameterization(Json a, Json b) {
  for (Json* json : {&a, &b}) {
    if (json->is_null()) *json = Json::parse(settings_default("parameterization"));
    settings_format("parameterization").add_defaults(*json);
  }
  return a == b;
}

struct Phase {
  Json json;  // of the config with the keys of all phases so far
  Settings settings;
};

CarryOver carry_over_of(const Phase& phase, const Phase& before) {
  const ImageSettings &now = phase.settings.image, &then = before.settings.image;
  const bool same_image = now.height == then.height && now.width == then.width && meaning(now) == meaning(then) &&
                          same_parameterization(phase.json.value("parameterization", Json()),
                                                before.json.value("parameterization", Json()));
  if (!same_image) return CarryOver::picture;
  return phase.settings.optimiser.kind == before.settings.optimiser.kind ? CarryOver::optimisation
                                                                         : CarryOver::parameters;
}

void check_carry_over(const JsonReader& reader, const Settings& phase) {
  if (phase.carry_over != CarryOver::picture) return;
  if (phase.image.transparency)
    reader.refuse("with 'transparency', a phase cannot change the parameterization, colour or size");
  if (!phase.image.parameterization->takes_a_picture())
    reader.refuse("a CPPN or a prior cannot continue from another parameterization's picture; make it the first phase");
}

Phase read_phase(const JsonReader& reader, const Phase& before) {
  if (reader.is_object() && reader.has("transparency"))
    reader.at("transparency").refuse("it cannot differ between phases");
  reader.only(keys_of_a_phase());
  if (reader.size() == 0) reader.refuse("an empty phase: nothing would change");
  Phase phase;
  phase.json = before.json;
  if (!before.settings.image.starts_from_photo()) phase.json.erase("initial");  // read once, by the first phase
  for (const auto& [key, value] : reader.json().items()) phase.json[key] = value;
  phase.settings = read_settings(reader.instead(phase.json));
  phase.settings.carry_over = carry_over_of(phase, before);
  phase.settings.image.takes_over = phase.settings.carry_over == CarryOver::picture;
  check_carry_over(reader, phase.settings);
  if (phase.settings.image.takes_over) start_at_the_picture(phase.settings.image);
  return phase;
}

// A schedule runs over the whole optimisation, whose steps are counted through.
void number_steps(Config& config) {
  std::vector<Settings*> phases = {&config};
  for (Settings& phase : config.later_phases) phases.push_back(&phase);
  for (size_t first = 0, end = 0; first < phases.size(); first = end) {
    int64_t steps = 0;
    do {
      phases[end]->first_step = steps;
      steps += phases[end]->steps;
    } while (++end < phases.size() && phases[end]->carry_over == CarryOver::optimisation);
    for (size_t i = first; i < end; ++i) {
      OptimiserAttributes& optimiser = phases[i]->optimiser;
      phases[i]->optimisation_steps = optimiser.adam.schedule.steps = optimiser.momentum.schedule.steps = steps;
    }
  }
}

}  // namespace

FormatPtr phases_format() {
  static const FormatPtr format = std::make_shared<PhasesFormat>();
  return format;
}

void read_phases(const JsonReader& reader, Config& config) {
  reader.must_be_array();
  if (reader.size() > kMaxPhases) reader.refuse("expected at most {} phases, got {}", kMaxPhases, reader.size());
  Phase before{*config.json, config};
  for (const char* key : {"phases", "snapshots", "sweep"}) before.json.erase(key);
  for (size_t i = 0; i < reader.size(); ++i) {
    before = read_phase(reader.at(i), before);
    config.later_phases.push_back(before.settings);
  }
  number_steps(config);
}

}  // namespace phosphene
