#include "experiment/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "experiment/json_reader.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kMostPixels = 1 << 14;  // a side of the image
constexpr int64_t kMostImages = 1024;     // of a group
constexpr int64_t kMostSteps = 1'000'000;
constexpr int64_t kMostUnits = 1 << 24;
constexpr size_t kMostJobs = 1'000'000;
constexpr double kAny = 1e30;

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
    step.height = static_cast<int32_t>((pair ? body.at(0) : body).integer(1, kMostPixels));
    step.width = static_cast<int32_t>((pair ? body.at(1) : body).integer(1, kMostPixels));
  } else {
    step.kind = kind == "pad" ? TransformKind::pad : TransformKind::jitter;
    step.amount = static_cast<int32_t>(body.integer(0, kMostPixels));
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

// ---- the rest ----

void parse_size(const JsonReader& reader, Config& config) {
  if (reader.json().is_array()) {
    if (reader.size() != 2) reader.refuse("a size, or [height, width], is meant");
    config.height = reader.at(0).integer(1, kMostPixels);
    config.width = reader.at(1).integer(1, kMostPixels);
  } else {
    config.height = config.width = reader.integer(1, kMostPixels);
  }
}

void parse_parameterization(const JsonReader& reader, Config& config) {
  const std::string kind = reader.kind({"fourier", "pixel"});
  const JsonReader body = reader.at(kind);
  config.parameterization = kind == "fourier" ? Parameterization::fourier : Parameterization::pixel;
  if (kind == "fourier") {
    body.only({"decay_power", "sd"});
    if (body.has("decay_power")) config.decay_power = body.at("decay_power").number(0, 10);
  } else {
    body.only({"sd"});
  }
  if (body.has("sd")) config.sd = body.at("sd").number(0, 100);
}

void parse_optimizer(const JsonReader& reader, AdamAttributes& adam) {
  const JsonReader body = reader.at(reader.kind({"adam"}));
  body.only({"learning_rate", "beta1", "beta2", "epsilon", "epsilon_form"});
  constexpr double kBelowOne = 1 - 1e-9;
  if (body.has("learning_rate")) adam.learning_rate = body.at("learning_rate").number(1e-12, 1e6);
  if (body.has("beta1")) adam.beta1 = body.at("beta1").number(0, kBelowOne);
  if (body.has("beta2")) adam.beta2 = body.at("beta2").number(0, kBelowOne);
  if (body.has("epsilon")) adam.epsilon = body.at("epsilon").number(1e-30, 1e3);
  if (body.has("epsilon_form")) {
    adam.epsilon_form = body.at("epsilon_form").word({"torch", "tf1"}) == "tf1" ? AdamEpsilon::tf1 : AdamEpsilon::torch;
  }
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
    const int64_t first = range.at(0).integer(-kMostUnits, kMostUnits),
                  end = range.at(1).integer(-kMostUnits, kMostUnits);
    const int64_t step = range.size() == 3 ? range.at(2).integer(1, kMostUnits) : 1;
    if (static_cast<size_t>(std::max<int64_t>(0, end - first) / step) > kMostJobs)
      range.refuse("more than {} jobs", kMostJobs);
    for (int64_t value = first; value < end; value += step) values.emplace_back(value);
  }
  if (values.empty()) reader.refuse("no value to sweep over");
  return values;
}

void parse_sweep(const JsonReader& reader, Config& config) {
  reader.must_be_object();
  size_t jobs = 1;
  for (const auto& [pointer, axis] : reader.json().items()) {
    const JsonReader values = reader.at(pointer);
    if (pointer.empty() || pointer[0] != '/')
      values.refuse("a JSON pointer such as /objective/0/channel/unit is meant");
    const Json::json_pointer at(pointer);
    const Json::json_pointer above = at.parent_pointer();  // a key that is left to its default may be swept over
    if (!config.json.contains(at) && !(config.json.contains(above) && config.json[above].is_object())) {
      values.refuse("the config has nothing there; write a value to sweep over");
    }
    config.sweep.emplace_back(pointer, parse_axis(values));
    jobs *= config.sweep.back().second.size();
    if (jobs > kMostJobs) values.refuse("more than {} jobs", kMostJobs);
  }
}

void parse_outputs(const JsonReader& reader, Config& config) {
  reader.must_be_array();
  for (size_t i = 0; i < reader.size(); ++i) {
    if (reader.at(i).word({"image", "spectrum"}) == "image") {
      config.save_image = true;
    } else {
      config.save_spectrum = true;
    }
  }
}

void parse_snapshots(const JsonReader& reader, Config& config) {
  reader.must_be_array();
  for (size_t i = 0; i < reader.size(); ++i) config.snapshots.push_back(reader.at(i).integer(0, config.steps));
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
  return *std::find_if(config.objective.begin(), config.objective.end(), [](const Term& term) { return term.leads(); });
}

std::string resolve_path(const Config& config, const std::string& path) {
  return (std::filesystem::path(config.directory) / path).string();
}

Config parse_config(const Json& json, const std::string& file, const std::string& directory) {
  Config config;
  config.file = file;
  config.directory = directory;
  config.json = json;
  const JsonReader reader(json, file);
  reader.only({"version", "model", "images", "size", "parameterization", "colour", "transforms", "objective",
               "optimizer", "steps", "snapshots", "seed", "precision", "initial", "batch", "save", "sweep"});
  if (reader.has("version")) (void)reader.at("version").integer(1, 1);
  config.model = reader.at("model").text();
  if (reader.has("images")) config.images = reader.at("images").integer(1, kMostImages);
  if (reader.has("size")) parse_size(reader.at("size"), config);
  if (reader.has("parameterization")) parse_parameterization(reader.at("parameterization"), config);
  if (reader.has("colour")) {
    config.colour =
        reader.at("colour").word({"decorrelated", "plain"}) == "plain" ? ColourSpace::plain : ColourSpace::decorrelated;
  }
  if (reader.has("transforms")) parse_transforms(reader.at("transforms"), config.transforms);
  config.objective = parse_terms(reader.at("objective"), config.images);
  if (reader.has("optimizer")) parse_optimizer(reader.at("optimizer"), config.adam);
  if (reader.has("steps")) config.steps = reader.at("steps").integer(1, kMostSteps);
  if (reader.has("snapshots")) parse_snapshots(reader.at("snapshots"), config);
  if (reader.has("seed")) config.seed = static_cast<uint64_t>(reader.at("seed").integer(0, int64_t{1} << 53));
  if (reader.has("precision"))
    config.precision = reader.at("precision").word({"f32", "bf16"}) == "bf16" ? DType::bf16 : DType::f32;
  if (reader.has("initial")) config.initial = reader.at("initial").text();
  if (reader.has("batch")) config.batch = reader.at("batch").integer(1, kMostImages);
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
