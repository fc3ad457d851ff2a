#include "experiment/config/phases.h"

namespace phosphene {
namespace {

constexpr size_t kMaxPhases = 64;

const std::vector<std::string> kOfAPhase = {"steps",      "size",      "parameterization", "colour",
                                            "transforms", "objective", "optimizer",        "gradients"};

bool same(const Config& a, const Config& b, const std::string& key) {
  return a.json.value(key, Json()) == b.json.value(key, Json());
}

CarryOver carry_over_of(const Config& phase, const Config& before) {
  for (const char* key : {"parameterization", "colour", "size"}) {
    if (!same(phase, before, key)) return CarryOver::picture;
  }
  return phase.optimiser.kind == before.optimiser.kind ? CarryOver::optimisation : CarryOver::parameters;
}

void check_carry_over(const JsonReader& reader, const Config& phase) {
  if (phase.carry_over != CarryOver::picture) return;
  if (phase.transparency)
    reader.refuse("with 'transparency' a phase goes on with the parameterization, colour and size of the first");
  const bool of_a_network =
      phase.parameterization == Parameterization::cppn || phase.parameterization == Parameterization::prior;
  if (of_a_network)
    reader.refuse("a CPPN or a prior cannot take a picture over: it is the first phase, or goes on with its own");
}

Config parse_phase(const JsonReader& reader, const Config& before) {
  if (reader.has("transparency")) reader.at("transparency").refuse("it is the same in all phases");
  reader.only(kOfAPhase);
  if (reader.json().empty()) reader.refuse("an empty phase: nothing would change");
  Json json = before.json;
  if (!before.starts_from_photo()) json.erase("initial");  // read once, by the first phase
  for (const auto& [key, value] : reader.json().items()) json[key] = value;
  Config phase = parse_settings(JsonReader(json, reader.file(), reader.pointer()), before.directory);
  phase.carry_over = carry_over_of(phase, before);
  check_carry_over(reader, phase);
  if (phase.changes_a_picture()) start_at_the_picture(phase);
  return phase;
}

// A schedule runs over the whole optimisation, whose steps are counted through.
void number_steps(Config& config) {
  std::vector<Config*> phases = {&config};
  for (Config& phase : config.later_phases) phases.push_back(&phase);
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

void parse_phases(const JsonReader& reader, Config& config) {
  reader.must_be_array();
  if (reader.size() > kMaxPhases) reader.refuse("{} phases; at most {} are possible", reader.size(), kMaxPhases);
  Config before = config;
  for (const char* key : {"phases", "snapshots", "sweep"}) before.json.erase(key);
  for (size_t i = 0; i < reader.size(); ++i) {
    before = parse_phase(reader.at(i), before);
    config.later_phases.push_back(before);
  }
  number_steps(config);
}

void start_at_the_picture(Config& config) {
  const Json given = config.json.value("parameterization", Json::object());
  if (given.empty() || !given.front().contains("sd")) config.sd = 0;
}

}  // namespace phosphene
