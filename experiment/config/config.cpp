#include "experiment/config/config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "experiment/config/phases.h"
#include "experiment/objective/limits.h"
#include "loaders/json_reader.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxImages = 1024;  // of a group
constexpr int64_t kMaxSteps = 1'000'000;
constexpr size_t kMaxJobs = 1'000'000;

// ---- transforms ----

void parse_spread(const JsonReader& reader, TransformKind kind, double least, double most, TransformList& list) {
  const auto add_range = [&](const JsonReader& range) {
    const std::vector<float> ends = range.numbers(least, most);
    if (ends.size() != 2 || !(ends[0] <= ends[1])) range.refuse("two numbers, the smaller first, are meant");
    TransformStep step;
    step.kind = kind;
    step.low = ends[0];
    step.high = ends[1];
    list.steps.push_back(step);
  };
  if (reader.json().is_array()) {
    // A list of scales is a choice, a pair of degrees is a range.
    if (kind == TransformKind::rotate) {
      add_range(reader);
    } else {
      list.add_choice(kind, reader.numbers(least, most));
    }
  } else if (reader.kind({"choices", "range"}) == "range") {
    add_range(reader.at("range"));
  } else {
    list.add_choice(kind, reader.at("choices").numbers(least, most));
  }
}

void parse_transform(const JsonReader& reader, TransformList& list) {
  const std::string kind = reader.kind({"pad", "jitter", "scale", "rotate", "crop"});
  const JsonReader body = reader.at(kind);
  if (kind == "scale") return parse_spread(body, TransformKind::scale, 0.05, 20, list);
  if (kind == "rotate") return parse_spread(body, TransformKind::rotate, -360, 360, list);
  TransformStep step;
  if (kind == "crop") {
    step.kind = TransformKind::crop;
    const bool pair = body.json().is_array();
    if (pair && body.size() != 2) body.refuse("a size, or [height, width], is meant");
    step.height = static_cast<int32_t>((pair ? body.at(0) : body).integer(1, kMaxSide));
    step.width = static_cast<int32_t>((pair ? body.at(1) : body).integer(1, kMaxSide));
  } else {
    step.kind = kind == "pad" ? TransformKind::pad : TransformKind::jitter;
    step.amount = static_cast<int32_t>(body.integer(0, kMaxSide));
  }
  list.steps.push_back(step);
}

void parse_transform_list(const JsonReader& reader, Transforms& transforms) {
  if (reader.json().is_string()) {
    transforms.preset = reader.word(transform_presets());
    return;
  }
  reader.must_be_array();
  transforms.preset.clear();
  if (reader.size() > kTransformSteps)
    reader.refuse("{} steps; at most {} are possible", reader.size(), kTransformSteps);
  for (size_t i = 0; i < reader.size(); ++i) parse_transform(reader.at(i), transforms.list);
}

void parse_transforms(const JsonReader& reader, Transforms& transforms) {
  if (!reader.json().is_object()) return parse_transform_list(reader, transforms);
  if (reader.kind({"list", "replay"}, {"shared", "outside"}) == "replay") {
    transforms.preset.clear();
    transforms.replay = reader.at("replay").text();
    if (reader.has("shared")) reader.at("shared").refuse("recorded transforms say themselves what is shared");
  } else {
    parse_transform_list(reader.at("list"), transforms);
  }
  if (reader.has("shared")) transforms.list.shared = reader.at("shared").boolean();
  if (reader.has("outside")) {
    transforms.list.outside =
        reader.at("outside").word({"constant", "reflect"}) == "reflect" ? Outside::reflect : Outside::constant;
  }
}

// ---- image ----

void parse_size(const JsonReader& reader, Config& config) {
  if (reader.json().is_array()) {
    if (reader.size() != 2) reader.refuse("a size, or [height, width], is meant");
    config.height = reader.at(0).integer(1, kMaxSide);
    config.width = reader.at(1).integer(1, kMaxSide);
  } else {
    config.height = config.width = reader.integer(1, kMaxSide);
  }
}

// The article's levels, as far as the group has images for them ("Differentiable Image Parameterizations", its notebook
// on aligned interpolation: 64 to 8 pixels for images of 128).
std::vector<SharedLevel> default_levels(int64_t images) {
  std::vector<SharedLevel> levels = {{1, 2}, {1, 4}, {1, 8}, {2, 8}, {1, 16}, {2, 16}};
  std::erase_if(levels, [images](const SharedLevel& level) { return level.images > images; });
  return levels;
}

std::vector<SharedLevel> parse_levels(const JsonReader& reader, int64_t images) {
  reader.must_be_array();
  if (reader.size() == 0) reader.refuse("an empty list: nothing would be shared");
  std::vector<SharedLevel> levels;
  for (size_t i = 0; i < reader.size(); ++i) {
    const JsonReader one = reader.at(i);
    one.only({"images", "divisor", "offset"});
    SharedLevel level;
    if (one.has("images")) level.images = one.at("images").integer(1, images);
    level.divisor = one.at("divisor").integer(1, kMaxSide);
    if (one.has("offset")) level.offset = one.at("offset").boolean();
    levels.push_back(level);
  }
  return levels;
}

void parse_cppn(const JsonReader& body, Config& config) {
  body.only({"layers", "channels", "activation"});
  if (body.has("layers")) config.cppn.layers = body.at("layers").integer(1, 64);
  if (body.has("channels")) config.cppn.channels = body.at("channels").integer(1, 256);
  if (body.has("activation"))
    config.cppn.unbiased = body.at("activation").word({"composite", "unbiased"}) == "unbiased";
}

void parse_prior(const JsonReader& body, Config& config) {
  body.only({"generator", "sd", "norm", "from"});
  if (body.has("generator")) config.prior.generator = body.at("generator").text();
  if (body.has("norm")) config.prior.norm = body.at("norm").number(1e-3, 1e6);
  if (body.has("from")) config.prior.photo = body.at("from").text();
  config.sd = body.has("sd") ? body.at("sd").number(0, 100) : body.has("from") ? 0 : 0.3;
}

const std::map<std::string, Parameterization> kParameterizations = {
    {"fourier", Parameterization::fourier},
    {"pixel", Parameterization::pixel},
    {"laplacian_pyramid", Parameterization::laplacian_pyramid},
    {"shared", Parameterization::shared},
    {"cppn", Parameterization::cppn},
    {"prior", Parameterization::prior}};

void parse_parameterization(const JsonReader& reader, Config& config) {
  std::vector<std::string> kinds;
  for (const auto& [name, parameterization] : kParameterizations) kinds.push_back(name);
  const std::string kind = reader.kind(kinds);
  const JsonReader body = reader.at(kind);
  config.parameterization = kParameterizations.at(kind);
  if (config.parameterization == Parameterization::cppn) return parse_cppn(body, config);
  if (config.parameterization == Parameterization::prior) return parse_prior(body, config);
  std::vector<std::string> keys = {"sd"};
  if (kind == "fourier" || kind == "shared") keys.emplace_back("decay_power");
  if (kind == "laplacian_pyramid" || kind == "shared") keys.emplace_back("levels");
  body.only(keys);
  if (body.has("sd")) config.sd = body.at("sd").number(0, 100);
  if (body.has("decay_power")) config.decay_power = body.at("decay_power").number(0, 10);
  if (kind == "shared") {
    config.shared_levels =
        body.has("levels") ? parse_levels(body.at("levels"), config.images) : default_levels(config.images);
  } else if (body.has("levels")) {
    config.pyramid_levels = body.at("levels").integer(1, 14);
  }
}

Transparency parse_transparency(const JsonReader& reader, const Config& config) {
  reader.only({"gamma", "background"});
  if (config.parameterization == Parameterization::cppn || config.parameterization == Parameterization::prior)
    reader.refuse("a CPPN or a prior draws no alpha channel");
  Transparency transparency;
  if (reader.has("gamma")) transparency.gamma = reader.at("gamma").boolean();
  if (!reader.has("background")) return transparency;
  const JsonReader background = reader.at("background");
  background.only({"sd", "decay_power"});
  if (background.has("sd")) transparency.background_sd = background.at("sd").number(0, 100);
  if (background.has("decay_power")) transparency.background_decay_power = background.at("decay_power").number(0, 10);
  return transparency;
}

void check_alpha(const JsonReader& reader, const Config& config) {
  for (const Term& term : config.objective) {
    if (term.of_alpha && !config.transparency)
      fail(term.place, "the image has no alpha channel: add \"transparency\": {{}} to the config");
  }
  if (config.transparency && config.starts_from_photo())
    reader.at("transparency").refuse("a photograph has no alpha channel to start from ('initial')");
}

ColourSpace parse_colour(const JsonReader& reader) {
  const std::string word = reader.word({"decorrelated", "plain", "clipped"});
  return word == "plain" ? ColourSpace::plain : word == "clipped" ? ColourSpace::clipped : ColourSpace::decorrelated;
}

// ---- optimiser ----

constexpr double kBelowOne = 1 - 1e-9;

LearningRateSchedule parse_schedule(const JsonReader& body, int64_t steps) {
  LearningRateSchedule schedule;
  schedule.steps = steps;
  if (body.has("warmup")) schedule.warmup = body.at("warmup").integer(0, kMaxSteps);
  if (!body.has("schedule")) return schedule;
  const JsonReader reader = body.at("schedule");
  if (reader.json().is_string()) {
    (void)reader.word({"constant"});
  } else if (reader.kind({"exponential", "cosine"}) == "exponential") {
    const JsonReader exponential = reader.at("exponential");
    exponential.only({"decay", "every"});
    schedule.shape = ScheduleShape::exponential;
    schedule.decay = exponential.at("decay").number(1e-6, 1);
    if (exponential.has("every")) schedule.every = exponential.at("every").integer(1, kMaxSteps);
  } else {
    const JsonReader cosine = reader.at("cosine");
    cosine.only({"to"});
    schedule.shape = ScheduleShape::cosine;
    if (cosine.has("to")) schedule.to = cosine.at("to").number(0, 1);
  }
  return schedule;
}

void parse_adam(const JsonReader& body, AdamAttributes& adam) {
  if (body.has("beta1")) adam.beta1 = body.at("beta1").number(0, kBelowOne);
  if (body.has("beta2")) adam.beta2 = body.at("beta2").number(0, kBelowOne);
  if (body.has("epsilon")) adam.epsilon = body.at("epsilon").number(1e-30, 1e3);
  if (body.has("epsilon_form")) {
    adam.epsilon_form = body.at("epsilon_form").word({"torch", "tf1"}) == "tf1" ? AdamEpsilon::tf1 : AdamEpsilon::torch;
  }
}

constexpr double kCppnRate = 0.1;  // of the rate of an image

struct OptimiserDefaults {
  OptimiserKind kind;
  double learning_rate, momentum;
  std::vector<std::string> keys;  // beside learning_rate, schedule and warmup
};

// Adam's rate is the article's; the others were chosen by eye for pictures as strong as Adam's after 128 steps of the
// Fourier image (docs/numerics.md has what was seen).
const std::map<std::string, OptimiserDefaults> kOptimisers = {
    {"adam", {OptimiserKind::adam, 0.05, 0, {"clip_norm", "beta1", "beta2", "epsilon", "epsilon_form"}}},
    {"nadam", {OptimiserKind::nadam, 0.05, 0, {"clip_norm", "beta1", "beta2", "epsilon"}}},
    {"sgd", {OptimiserKind::sgd, 0.02, 0.9, {"clip_norm", "momentum"}}},
    {"sign", {OptimiserKind::sign, 0.03, 0, {"clip_norm", "momentum"}}},
    {"steepest", {OptimiserKind::steepest, 3, 0, {"momentum"}}}};

void parse_optimizer(const JsonReader& reader, int64_t steps, OptimiserAttributes& optimiser) {
  std::vector<std::string> kinds;
  for (const auto& [name, defaults] : kOptimisers) kinds.push_back(name);
  const std::string kind = reader.kind(kinds);
  const OptimiserDefaults& defaults = kOptimisers.at(kind);
  const JsonReader body = reader.at(kind);
  std::vector<std::string> keys = {"learning_rate", "schedule", "warmup"};
  keys.insert(keys.end(), defaults.keys.begin(), defaults.keys.end());
  body.only(keys);
  optimiser.kind = defaults.kind;
  const double rate = body.has("learning_rate") ? body.at("learning_rate").number(1e-12, 1e6) : defaults.learning_rate;
  optimiser.adam.learning_rate = optimiser.momentum.learning_rate = rate;
  optimiser.adam.schedule = optimiser.momentum.schedule = parse_schedule(body, steps);
  optimiser.adam.nesterov = optimiser.kind == OptimiserKind::nadam;
  optimiser.momentum.sign = optimiser.kind == OptimiserKind::sign;
  optimiser.momentum.momentum = body.has("momentum") ? body.at("momentum").number(0, kBelowOne) : defaults.momentum;
  if (body.has("clip_norm")) optimiser.clip_norm = body.at("clip_norm").number(1e-12, 1e12);
  parse_adam(body, optimiser.adam);
}

// ---- the rest ----

GradientRules parse_gradients(const JsonReader& reader) {
  reader.only({"relu", "max_pooling"});
  GradientRules rules;
  if (reader.has("relu")) {
    const std::string word = reader.at("relu").word({"plain", "redirected", "linear"});
    rules.relu = word == "redirected" ? ReluGradient::redirected
                 : word == "linear"   ? ReluGradient::linear
                                      : ReluGradient::plain;
  }
  if (reader.has("max_pooling"))
    rules.smooth_max_pooling = reader.at("max_pooling").word({"plain", "average"}) == "average";
  return rules;
}

std::vector<Json> parse_axis(const JsonReader& reader) {
  std::vector<Json> values;
  if (reader.json().is_array()) {
    values.assign(reader.json().begin(), reader.json().end());
  } else {
    reader.only({"range"});
    const JsonReader range = reader.at("range");
    range.must_be_array();
    if (range.size() != 2 && range.size() != 3) range.refuse("[first, end] or [first, end, step] is meant");
    const int64_t first = range.at(0).integer(-kMaxUnits, kMaxUnits), end = range.at(1).integer(-kMaxUnits, kMaxUnits);
    const int64_t step = range.size() == 3 ? range.at(2).integer(1, kMaxUnits) : 1;
    if (static_cast<size_t>(std::max<int64_t>(0, end - first) / step) > kMaxJobs)
      range.refuse("more than {} jobs", kMaxJobs);
    for (int64_t value = first; value < end; value += step) values.emplace_back(value);
  }
  if (values.empty()) reader.refuse("no value to sweep over");
  return values;
}

// What a run has once cannot vary within it.
constexpr std::array kOfTheRun = {"version", "model", "batch", "save", "sweep"};

void parse_variants(const JsonReader& reader, Config& config) {
  reader.must_be_object();
  for (const auto& [name, keys] : reader.json().items()) {
    const JsonReader variant = reader.at(name);
    variant.must_be_object();
    if (name.empty()) variant.refuse("a variant without a name");
    for (const char* key : kOfTheRun)
      if (variant.has(key)) variant.refuse("'{}' is the same for the whole run", key);
    config.variants.emplace_back(name, keys);
  }
  if (config.variants.empty()) reader.refuse("no variant");
}

void parse_sweep(const JsonReader& reader, Config& config) {
  reader.must_be_object();
  size_t jobs = 1;
  for (const auto& [pointer, axis] : reader.json().items()) {
    const JsonReader values = reader.at(pointer);
    if (pointer == "variants") {
      parse_variants(values, config);
      jobs *= config.variants.size();
      continue;
    }
    if (pointer.empty() || pointer[0] != '/')
      values.refuse("a JSON pointer such as /objective/0/channel/unit, or 'variants', is meant");
    const std::string key = pointer.substr(1, pointer.find('/', 1) - 1);
    if (std::find(kOfTheRun.begin(), kOfTheRun.end(), key) != kOfTheRun.end())
      values.refuse("'{}' is the whole run's: it cannot differ between jobs", key);
    const Json::json_pointer at(pointer);
    const Json::json_pointer above = at.parent_pointer();  // a key that is left to its default may be swept over
    if (!config.json.contains(at) && !(config.json.contains(above) && config.json[above].is_object())) {
      values.refuse("the config has nothing there; write a value to sweep over");
    }
    config.sweep.emplace_back(pointer, parse_axis(values));
    jobs *= config.sweep.back().second.size();
    if (jobs > kMaxJobs) values.refuse("more than {} jobs", kMaxJobs);
  }
}

void parse_initial(const JsonReader& reader, Config& config) {
  config.initial = reader.text();
  const bool of_pixels =
      config.parameterization == Parameterization::fourier || config.parameterization == Parameterization::pixel;
  if (config.starts_from_photo()) {
    if (config.parameterization == Parameterization::cppn) reader.refuse("a CPPN cannot start from a photograph");
  } else if (!of_pixels) {
    reader.refuse("only spectra and pixels can be started from a file");
  }
}

void parse_outputs(const JsonReader& reader, Config& config) {
  reader.must_be_array();
  for (size_t i = 0; i < reader.size(); ++i) {
    const std::string word = reader.at(i).word({"image", "spectrum", "power_spectrum"});
    if (word == "image") {
      config.save_image = true;
    } else if (word == "power_spectrum") {
      config.save_power_spectrum = true;
    } else {
      if (config.phase(config.phases() - 1).parameterization != Parameterization::fourier)
        reader.at(i).refuse("only the Fourier parameterization has a spectrum to save");
      config.save_spectrum = true;
    }
  }
}

void parse_snapshots(const JsonReader& reader, Config& config) {
  reader.must_be_array();
  for (size_t i = 0; i < reader.size(); ++i)
    config.snapshots.push_back(reader.at(i).integer(0, config.steps_of_all_phases()));
  std::sort(config.snapshots.begin(), config.snapshots.end());
  config.snapshots.erase(std::unique(config.snapshots.begin(), config.snapshots.end()), config.snapshots.end());
}

// Refuses a key that is given twice: the library would silently take the last.
class UniqueKeys {
 public:
  explicit UniqueKeys(std::string file) : file_(std::move(file)) {}

  bool operator()(int /*depth*/, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second) {
      fail(file_, "the key '{}' is given twice in one object", parsed.get<std::string>());
    }
    return true;
  }

 private:
  std::string file_;
  std::vector<std::set<std::string>> open_;
};

// "line 3, column 7" of a byte offset.
std::string line_and_column(const std::string& text, size_t byte) {
  const size_t end = std::min(byte > 0 ? byte - 1 : 0, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(end), '\n');
  const size_t start = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  return fmt::format("line {}, column {}", line, end - (start == std::string::npos ? 0 : start + 1) + 1);
}

}  // namespace

void apply_override(Json& json, const std::string& text) {
  const size_t equals = text.find('=');
  const std::string where = fmt::format("--set {}", text);
  if (equals == std::string::npos || text[0] != '/') fail(where, "/json/pointer=value is meant");
  const std::string value = text.substr(equals + 1);
  Json parsed = Json::parse(value, nullptr, false);
  if (parsed.is_discarded()) parsed = value;
  try {
    json[Json::json_pointer(text.substr(0, equals))] = parsed;
  } catch (const nlohmann::json::exception& error) {
    fail(where, "no such place in the config ({})", error.what());
  }
}

const Term& leading_term(const Config& config) {
  const Term& term =
      *std::find_if(config.objective.begin(), config.objective.end(), [](const Term& any) { return any.leads(); });
  return term.factors.empty() ? term : term.factors.front();
}

std::string resolve_path(const Config& config, const std::string& path) {
  return (std::filesystem::path(config.directory) / path).string();
}

int64_t Config::steps_of_all_phases() const {
  int64_t sum = steps;
  for (const Config& phase : later_phases) sum += phase.steps;
  return sum;
}

Config parse_settings(const JsonReader& reader, const std::string& directory) {
  const Json& json = reader.json();
  Config config;
  config.file = reader.file();
  config.directory = directory;
  config.json = json;
  config.model = reader.at("model").text();
  if (reader.has("images")) config.images = reader.at("images").integer(1, kMaxImages);
  if (reader.has("size")) parse_size(reader.at("size"), config);
  if (reader.has("parameterization")) parse_parameterization(reader.at("parameterization"), config);
  if (reader.has("colour")) {
    config.colour = parse_colour(reader.at("colour"));
    if (config.parameterization == Parameterization::prior)
      reader.at("colour").refuse("a generator draws colours as they are");
  }
  if (reader.has("transparency")) config.transparency = parse_transparency(reader.at("transparency"), config);
  if (reader.has("transforms")) parse_transforms(reader.at("transforms"), config.transforms);
  config.objective = parse_terms(reader.at("objective"), config.images);
  if (reader.has("steps")) config.steps = reader.at("steps").integer(1, kMaxSteps);
  config.optimisation_steps = config.steps;
  if (reader.has("optimizer")) parse_optimizer(reader.at("optimizer"), config.steps, config.optimiser);
  const bool rate_given = reader.has("optimizer") && json["optimizer"].front().contains("learning_rate");
  if (config.parameterization == Parameterization::cppn && !rate_given) {
    // The article's for a CPPN: weights change an image more than as many coefficients do.
    config.optimiser.adam.learning_rate *= kCppnRate;
    config.optimiser.momentum.learning_rate *= kCppnRate;
  }
  if (reader.has("gradients")) config.gradients = parse_gradients(reader.at("gradients"));
  if (reader.has("seed")) config.seed = static_cast<uint64_t>(reader.at("seed").integer(0, int64_t{1} << 53));
  if (reader.has("precision"))
    config.precision = reader.at("precision").word({"f32", "bf16"}) == "bf16" ? DType::bf16 : DType::f32;
  if (reader.has("initial")) parse_initial(reader.at("initial"), config);
  check_alpha(reader, config);
  return config;
}

Config parse_config(const Json& json, const std::string& file, const std::string& directory) {
  const JsonReader reader(json, file);
  reader.only({"version",     "title",      "description", "model",     "images", "size",      "parameterization",
               "colour",      "transforms", "objective",   "optimizer", "steps",  "snapshots", "seed",
               "precision",   "initial",    "batch",       "save",      "sweep",  "phases",    "gradients",
               "transparency"});
  if (reader.has("version")) (void)reader.at("version").integer(1, 1);
  for (const char* words : {"title", "description"})
    if (reader.has(words)) (void)reader.at(words).text();
  Config config = parse_settings(reader, directory);
  if (config.starts_from_photo()) start_at_the_picture(config);
  if (reader.has("phases")) parse_phases(reader.at("phases"), config);
  if (reader.has("snapshots")) parse_snapshots(reader.at("snapshots"), config);
  if (reader.has("batch")) config.batch = reader.at("batch").integer(1, kMaxImages);
  if (reader.has("save")) parse_outputs(reader.at("save"), config);
  if (reader.has("sweep")) {
    config.json.erase("sweep");
    parse_sweep(reader.at("sweep"), config);
  }
  return config;
}

Json read_json(const std::string& path) {
  std::ifstream stream(path);
  if (!stream)
    fail(path, "cannot be opened ({})",
         std::filesystem::exists(path) ? "no permission, or no file" : "there is no such file");
  std::ostringstream text;
  text << stream.rdbuf();
  try {
    return Json::parse(text.str(), UniqueKeys(path));
  } catch (const Json::parse_error& error) {
    const std::string what = error.what();
    const size_t start = what.find("syntax error");
    const size_t detail = what.find(" - ", start == std::string::npos ? 0 : start);
    fail(path, "{}: no valid JSON: {}", line_and_column(text.str(), error.byte),
         detail == std::string::npos ? "syntax error" : what.substr(detail + 3));
  }
}

std::vector<Term> load_objective(const std::string& path, int64_t images) {
  const Json json = read_json(path);
  if (!json.is_object()) return parse_terms(JsonReader(json, path), images);
  const JsonReader reader(json, path);
  return parse_terms(reader.only({"objective"}).at("objective"), images);
}

Config load_config(const std::string& path, const std::vector<std::string>& overrides) {
  Json json = read_json(path);
  for (const std::string& text : overrides) apply_override(json, text);
  return parse_config(json, path, std::filesystem::path(path).parent_path().string());
}

}  // namespace phosphene
