// phosphene render: a config, or one line's worth of one, to pictures.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/default_folder.h"
#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/config/overrides.h"
#include "experiment/config/parse_config.h"
#include "experiment/run/run.h"
#include "runtime/error.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

struct RenderOptions {
  std::string model, out;
  std::vector<std::string> configs;  // at most one
  std::vector<std::string> channels, neurons, classes, overrides;
  std::string shard = "1/1";
  int workers = 0;
  double checkpoint_seconds = 60;
  DeviceOptions device;
  bool dry_run = false;
};

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int64_t to_number(const std::string& flag, const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!is_number(text) || error != std::errc{}) fail(flag, "'{}' is not a number", text);
  return number;
}

// I/N, counted from 1.
Shard shard_of(const std::string& text) {
  constexpr int64_t kMost = 1'000'000;
  const size_t slash = text.find('/');
  const std::string part = text.substr(0, slash);
  const std::string parts = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (!is_number(part) || !is_number(parts)) fail("--shard", "expected I/N, as in 3/12, got {}", printable(text));
  const Shard shard{to_number("--shard", part) - 1, to_number("--shard", parts)};
  if (shard.count < 1 || shard.count > kMost || shard.index < 0 || shard.index >= shard.count)
    fail("--shard", "expected a part from 1/{0} to {0}/{0}, got {1}", std::clamp<int64_t>(shard.count, 1, kMost),
         printable(text));
  return shard;
}

constexpr std::string_view kAllUnits = ":all";

// LAYER:UNIT, split at the last colon: a layer's name may hold one (mixed4a:pre).
Json unit_term(const std::string& flag, const std::string& kind, const std::string& text) {
  const size_t colon = text.rfind(':');
  if (text.size() > kAllUnits.size() && text.ends_with(kAllUnits))
    fail(flag, "'{}' draws a whole layer, and stands alone or with other whole layers", text);
  if (colon == std::string::npos || colon == 0 || !is_number(text.substr(colon + 1)))
    fail(flag, "'{}' is not of the form LAYER:UNIT, as in mixed4a:97, or LAYER:all", text);
  return {{kind, {{"layer", text.substr(0, colon)}, {"unit", to_number(flag, text.substr(colon + 1))}}}};
}

Json class_term(const std::string& text) {
  if (is_number(text)) return {{"class", {{"index", to_number("--class", text)}}}};
  return {{"class", {{"label", text}}}};
}

// One picture for each --channel, --neuron and --class.
std::vector<Json> terms_of(const RenderOptions& options) {
  std::vector<Json> terms;
  const auto add = [&](const char* option, const std::string& text, Json term) {
    if (std::find(terms.begin(), terms.end(), term) != terms.end())
      fail(option, "'{}' is given twice; --set /images=2 draws two pictures of one unit", text);
    terms.push_back(std::move(term));
  };
  for (const std::string& text : options.channels) add("--channel", text, unit_term("--channel", "channel", text));
  for (const std::string& text : options.neurons) add("--neuron", text, unit_term("--neuron", "neuron", text));
  for (const std::string& text : options.classes) add("--class", text, class_term(text));
  return terms;
}

// Every unit of one layer or of several: --channel LAYER:all, or --neuron.
Json layers_config(const std::string& model, const std::string& kind, const std::vector<std::string>& texts) {
  Json layers = Json::array();
  for (const std::string& text : texts) layers.push_back(text.substr(0, text.size() - kAllUnits.size()));
  const std::string pointer = "/objective/0/" + kind;
  Json sweep = Json::object();
  if (layers.size() > 1) sweep[pointer + "/layer"] = layers;
  sweep[pointer + "/unit"] = "all";
  const Json first = {{"layer", layers[0]}, {"unit", 0}};
  return {{"version", 1}, {"model", model}, {"objective", Json::array({{{kind, first}}})}, {"sweep", sweep}};
}

bool are_whole_layers(const std::vector<std::string>& texts) {
  return !texts.empty() && std::all_of(texts.begin(), texts.end(), [](const std::string& text) {
    return text.size() > kAllUnits.size() && text.ends_with(kAllUnits);
  });
}

Json one_line_config(const RenderOptions& options) {
  const size_t units = options.channels.size() + options.neurons.size() + options.classes.size();
  for (const auto& [kind, texts] : {std::pair("channel", &options.channels), std::pair("neuron", &options.neurons)})
    if (!options.model.empty() && are_whole_layers(*texts) && texts->size() == units)
      return layers_config(options.model, kind, *texts);
  const std::vector<Json> terms = terms_of(options);
  if (options.model.empty() || terms.empty())
    fail("render", "give a CONFIG.json, or --model with --channel, --neuron or --class");
  Json config = {{"version", 1}, {"model", options.model}, {"objective", Json::array({terms.front()})}};
  if (terms.size() > 1) config["sweep"] = {{"/objective/0", terms}};
  return config;
}

// The name of runs/NAME, where pictures go when --out does not say.
std::string name_of(const RenderOptions& options) {
  std::string name = std::filesystem::path(options.model).stem().string();
  for (const std::vector<std::string>* units : {&options.channels, &options.neurons, &options.classes})
    for (const std::string& unit : *units) name += "-" + unit;
  return name;
}

// What stands alone is a config. A second value behind an option is often meant to be one more of its kind.
void check_configs(const RenderOptions& options) {
  const std::pair<const char*, const std::vector<std::string>*> repeatable[] = {
      {"--channel", &options.channels}, {"--neuron", &options.neurons}, {"--class", &options.classes}};
  for (const auto& [flag, values] : repeatable) {
    if (values->empty() || options.configs.empty() || options.configs.front().ends_with(".json")) continue;
    fail(flag, "takes one value each time: repeat it, as in {} {} {} {}", flag, printable(values->back()), flag,
         printable(options.configs.front()));
  }
  if (options.configs.size() > 1)
    fail("render", "expected one config, got {} and {}", printable(options.configs[0]), printable(options.configs[1]));
}

// Reads the config, and makes `out` the default folder if it is none.
Config config_of(const RenderOptions& options, std::string& out) {
  const bool one_line =
      !options.model.empty() || !options.channels.empty() || !options.neurons.empty() || !options.classes.empty();
  check_configs(options);
  if (options.configs.empty()) {
    Json json = one_line_config(options);
    apply_overrides(json, options.overrides, ".", {"/model"});
    if (out.empty()) out = default_run_folder(name_of(options), json);
    return parse_config(json, "command line", ".");
  }
  if (one_line) fail("render", "a config says model and units itself: use --set to change it");
  if (out.empty()) out = default_folder(std::filesystem::path(options.configs.front()).stem().string());
  return load_config(options.configs.front(), options.overrides);
}

// Why an image was stopped is told when it happens. The last of these waits: where it is the only one, the error that ends the command
// says it, and once is enough.
class RenderProgress final : public TerminalProgress {
 public:
  RenderProgress() = default;
  RenderProgress(const RenderProgress&) = delete;
  RenderProgress& operator=(const RenderProgress&) = delete;
  ~RenderProgress() override { tell(); }

  void on_status(const std::string& line, double eta_seconds) override {
    if (Clock::now() - since_ > std::chrono::seconds(2)) tell();  // the run goes on without it
    TerminalProgress::on_status(line, eta_seconds);
  }
  void on_message(const std::string& line) override {
    tell();
    waiting_ = line;
    since_ = Clock::now();
  }
  void tell() {
    if (!waiting_.empty()) TerminalProgress::on_message(waiting_);
    waiting_.clear();
  }
  // The stopped images; throws if there are any.
  void finish(const std::string& folder, const std::vector<std::string>& stopped) {
    if (stopped.size() == 1 && waiting_ == stopped.front()) {
      waiting_.clear();
      fail(folder, "an image has no result: {}", stopped.front());
    }
    tell();
    if (stopped.size() == 1) fail(folder, "an image has no result, for the reason above");
    if (!stopped.empty()) fail(folder, "{} images have no result, for the reasons above", stopped.size());
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string waiting_;
  Clock::time_point since_;
};

void render(const RenderOptions& options) {
  RunOptions run_options;
  run_options.out = options.out;
  const Config config = config_of(options, run_options.out);
  RenderProgress progress;
  run_options.device = options.device;
  run_options.stop = &stop_flag;
  run_options.progress = &progress;
  run_options.workers = options.workers;
  run_options.shard = shard_of(options.shard);
  run_options.checkpoint_seconds = options.checkpoint_seconds;
  if (options.dry_run) {
    for (const std::string& fact : describe_run(config, run_options)) print_result("{}\n", fact);
    return;
  }
  const RunResult result = run(config, run_options);
  if (result.interrupted) {
    progress.tell();
    note(fmt::format("stopped with {} images finished; the same command continues", result.finished + result.skipped));
    return;
  }
  if (result.elsewhere > 0)
    progress.on_message(
        fmt::format("{} images are still under way in other processes, of which `phosphene status {}` "
                    "tells; should one of them die, this command continues its work",
                    result.elsewhere, printable(run_options.out)));
  print_result("{}\n", printable(result.report, result.report.size()));
  progress.finish(run_options.out, result.stopped);
}

}  // namespace

void add_render(CLI::App& command) {
  auto options = std::make_shared<RenderOptions>();
  add_details(command,
              "A config file says everything (see configs/); for a quick look name a model and a unit. The run folder "
              "holds pictures, records and report.html, whose path is printed last. A run that was stopped, by Ctrl-C "
              "or otherwise, is continued by the same command. The same command given again while it runs, in another "
              "terminal or on another machine that shares the folder, helps.");
  value(command.add_option("config", options->configs, "a config; `phosphene schema --markdown` lists all its keys"),
        kConfig)
      ->expected(0, 1 << 20);
  value(command.add_option("--out", options->out,
                           "run folder (default: runs/NAME, where NAME is the config's without .json, or the model's "
                           "with the units, as in runs/googlenet-mixed4a_97)"),
        kFolder);
  value(command.add_option("--set", options->overrides,
                           "change a key of the config, by its JSON pointer, as in /size=160 or /objective/0/weight=-1 "
                           "(repeatable); `phosphene schema --markdown` lists the keys"),
        "/KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  value(command.add_option("--model", options->model, fmt::format("without a config: {}", kModelSentence)), kModel);
  value(command.add_option("--channel", options->channels, "a picture of a channel, as in mixed4a:97 (repeatable)"),
        kUnit)
      ->allow_extra_args(false);
  value(command.add_option("--neuron", options->neurons, "the same at the centre of the map (repeatable)"), kUnit)
      ->allow_extra_args(false);
  value(command.add_option("--class", options->classes, "a class's logit, by its index or its label (repeatable)"),
        "CLASS")
      ->allow_extra_args(false);
  whole_number(
      command.add_option("--workers", options->workers,
                         "pictures are made by so many workers beside each other, each on its part of the CPU's "
                         "threads (default: one per thread, or per picture if these are fewer); changes no picture"),
      1, 1024);
  value(command.add_option("--shard", options->shard,
                           "make this part of the pictures only, as in 3/12 for the third of twelve; without it all "
                           "processes on a run folder divide the work as it comes"),
        "I/N");
  number(command
             .add_option("--checkpoint", options->checkpoint_seconds,
                         "seconds between the checkpoints of pictures under way, from which a run continues; 0 for "
                         "none, not even at Ctrl-C")
             ->capture_default_str(),
         0);
  add_device_options(command, options->device);
  command.add_flag("--dry-run", options->dry_run, "check and describe the run, write nothing");
  command.footer(
      "Example:\n  phosphene render --model googlenet --channel mixed4a:97 --set /steps=256\n"
      "  phosphene render configs/demo.json --out runs/demo");
  command.callback([options] { render(*options); });
}

}  // namespace phosphene
