#include "cli/one_step.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/device_option.h"
#include "cli/option_values.h"
#include "experiment/config/jobs.h"
#include "experiment/config/parse_config.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// Pages of libraries, stacks and the heap that running touches and planning does not: 0.9 to 1.6 MB on the CPU.
constexpr int64_t kTouchedByRunning = 1'200'000;

std::string deepest_map(const Model& model) {
  Graph graph;
  ModelGraph network(model, graph, graph.state(Model::kInput, {{1, model.channels, model.height, model.width}}));
  std::string deepest;
  for (const Layer& layer : model.layers) {
    const Shape& shape = graph.shape(network.value(layer.name));
    if (shape.h > 1 && shape.w > 1) deepest = layer.name;
  }
  if (deepest.empty()) fail(model.name, "no layer of it has a map");
  return deepest;
}

// The layer as the user wrote it. Checked here, where the flag is known.
const std::string& layer_named(const Model& model, const std::string& layer) {
  at_place("--layer", [&] { return model.resolve(layer); });
  return layer;
}

// Channel 0 of the layer; everything but layer, size, batch and precision is a config's default.
Config channel_config(const Model& model, const OneStepOptions& options) {
  const std::string layer = options.layer.empty() ? deepest_map(model) : layer_named(model, options.layer);
  Json json = {{"version", 1},
               {"model", model.name},
               {"images", std::max<int64_t>(1, options.batch)},
               {"objective", Json::array({{{"channel", {{"layer", layer}, {"unit", 0}}}}})}};
  if (!options.precision.empty()) json["precision"] = options.precision;
  if (options.size > 0) json["size"] = options.size;
  return parse_config(json, "", ".");
}

Config experiment_config(const OneStepOptions& options) {
  if (!options.layer.empty()) fail("--layer", "{} says itself what is drawn", options.subject);
  std::vector<std::string> overrides;
  if (options.size > 0) overrides.push_back(fmt::format("/size={}", options.size));
  if (!options.precision.empty()) overrides.push_back("/precision=" + options.precision);
  return Jobs(load_config(options.subject, overrides)).at(0).config;
}

}  // namespace

bool is_experiment(const std::string& subject) { return subject.ends_with(".json"); }

void add_one_step_options(CLI::App& command, OneStepOptions& options) {
  value(command.add_option(
            "model", options.subject,
            fmt::format("{}; or an experiment's .json, of which the first job's step is used", kModelSentence)),
        kModel)
      ->required();
  value(command.add_option("--layer", options.layer,
                           "of a model: the layer whose channel 0 is drawn (default: the deepest with a map)"),
        kLayer);
  whole_number(command.add_option("--size", options.size,
                                  "side of the image (default: the experiment's, or what the model was trained at)"),
               1, 1 << 14);
  whole_number(command.add_option("--batch", options.batch, "images at a time (default: the experiment's, or 1)"), 1,
               1024);
  add_precision_option(command, options.precision);
  add_device_options(command, options.device);
}

Model model_of(const OneStepOptions& options) {
  if (!is_experiment(options.subject)) return load_model(find_model(options.subject));
  const Config config = load_config(options.subject);
  return load_model(find_model(config.model.name, config.model.folder));
}

OneStepSubject::OneStepSubject(const OneStepOptions& options)
    : model(model_of(options)),
      config(is_experiment(options.subject) ? experiment_config(options) : channel_config(model, options)) {
  const int64_t group = config.image.images, batch = options.batch > 0 ? options.batch : group;
  if (batch % group != 0)
    fail("--batch", "{} images; those of a job of {} belong together: {}", batch, options.subject, group);
  image = input_shape(model, config.image, batch);
  for (int64_t i = 0; i < batch; ++i) {
    images.push_back(batch_image(config, i % group));
    images.back().seed += static_cast<uint64_t>(i / group);  // further jobs differ by their draws
  }
}

std::string OneStepSubject::description() const {
  const Term& term = config.objective.leading();
  const std::string subject = config.file.empty()
                                  ? fmt::format("channel {}:{}", term.reads().front().layer, term.unit().value_or(0))
                                  : config.file;
  return fmt::format("{}, {} x {}, batch {}, {}", subject, image.h, image.w, image.n,
                     config.precision == DType::bf16 ? "bf16" : "f32");
}

OneStep::OneStep(const OneStepSubject& subject, std::unique_ptr<Backend> backend)
    : precision_(subject.config.precision), backend_(std::move(backend)), step_(subject.placed([&] {
        return std::make_unique<StepProgram>(subject.model, subject.config, subject.image.n, *backend_);
      })) {
  const MemoryUse memory = backend_->memory();
  const int64_t step_bytes = memory.used + step_->bytes_to_take() + kTouchedByRunning;
  predicted_memory_ = {std::max(memory.peak, step_bytes), std::max(memory.peak, step_bytes + step_->bytes_to_show())};
}

}  // namespace phosphene
