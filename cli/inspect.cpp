// phosphene inspect: the layers of a model, and the plan of one step.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/columns.h"
#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/layer_list.h"
#include "cli/one_step.h"
#include "cli/roofline.h"
#include "cli/streams.h"
#include "loaders/json_text.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct InspectOptions {
  OneStepOptions of;  // the plan
  bool json = false, explain = false, roofline = false;
};

Json to_json(const Model& model, const std::vector<ListedLayer>& rows) {
  Json layers = Json::array();
  for (const ListedLayer& row : rows) {
    Json layer = {{"name", row.name},
                  {"kind", row.kind},
                  {"shape", {row.shape.n, row.shape.c, row.shape.h, row.shape.w}},
                  {"parameters", row.parameters},
                  {"flops", row.flops},
                  {"sees", row.sees},
                  {"stride", row.stride},
                  {"ends_block", row.ends_block}};
    for (const ListedBranch& branch : row.branches)
      layer["branches"].push_back({{"from", branch.from}, {"first", branch.first}, {"count", branch.count}});
    layers.push_back(std::move(layer));
  }
  return {{"name", model.name},
          {"input", {1, model.channels, model.height, model.width}},
          {"preprocessing",
           {{"scale", model.preprocessing.scale},
            {"mean", model.preprocessing.mean},
            {"order", model.preprocessing.order},
            {"source", model.preprocessing_source}}},
          {"labels", model.labels.size()},
          {"aliases", model.aliases},
          {"layers", layers}};
}

// In people's words: the others are said as they are.
std::string kind_in_words(const std::string& kind) { return kind == "accumulate" ? "sum" : kind; }

void print_table(const Model& model, const std::vector<ListedLayer>& rows) {
  size_t width = 5, kind_width = 18;
  int64_t parameters = 0;
  double total = 0;
  for (const ListedLayer& row : rows) {
    width = std::max(width, columns_of(printable(row.name, kWholeName)));
    kind_width = std::max(kind_width, row.kind.size());
  }
  print_result("  {:<{}}  {:<{}} {:>16} {:>11} {:>8} {:>5} {:>6}\n", "layer", width, "kind", kind_width,
               "N x C x H x W", "parameters", "MFLOP", "sees", "stride");
  for (const ListedLayer& row : rows) {
    print_result("{} {}  {:<{}} {:>16} {:>11} {:>8.1f} {:>5} {:>6}\n", row.ends_block ? '*' : ' ',
                 padded(printable(row.name, kWholeName), width), kind_in_words(row.kind), kind_width,
                 to_string(row.shape), row.parameters, row.flops * 1e-6, row.sees, row.stride);
    for (const ListedBranch& branch : row.branches)
      print_result("      {:>4} to {:<4} {}\n", branch.first, branch.first + branch.count - 1,
                   printable(branch.from, kWholeName));
    if (row.ends_block) print_result("\n");
    parameters += row.parameters;
    total += row.flops;
  }
  print_result("* ends a block (branches meet here, or a pooling reads it): layers to draw first\n");
  print_result("{}: {} layers, {} parameters, {:.2f} GFLOP, {} labels\n", printable(model.name), rows.size(),
               parameters, total * 1e-9, model.labels.size());
  print_result("preprocessing: {}{}{}\n", describe(model.preprocessing), model.preprocessing_source.empty() ? "" : ", ",
               printable(model.preprocessing_source));
  for (const auto& [alias, layer] : model.aliases)
    print_result("alias {} = {}\n", printable(alias, kWholeName), printable(layer, kWholeName));
  for (const auto& [value, layer] : model.folded)
    print_result("folded {} into {}\n", printable(value, kWholeName), printable(layer, kWholeName));
}

// The plan of one optimisation step: every op with what was considered for it.
void print_plan(const OneStepSubject& subject, const OneStep& step) {
  const Program& program = step.program();
  print_result("\none optimisation step of {}, on {}\n", printable(subject.description(), kWholeName), step.backend());
  for (const Program::Step& planned : program.steps()) {
    print_result("{:<40} {:<22} {:>16}  {}\n", printable(planned.layer, kWholeName), planned.kind,
                 to_string(planned.dst), planned.implementation);
    for (const Attempt& considered : planned.attempts)
      if (!considered.refusal.empty())
        print_result("    {} refused: {}\n", considered.implementation, considered.refusal);
  }
  print_result("arena {:.1f} MB, constants {:.1f} MB\n", static_cast<double>(program.arena_bytes()) * kMegabyte,
               static_cast<double>(program.constant_bytes()) * kMegabyte);
}

// The layers, printed or put into `json`; false when none has a map, of which a channel could be drawn.
bool tell_of_layers(const InspectOptions& options, Json& json) {
  const Model model = model_of(options.of);
  const LayerList list = list_layers(model, options.of.size);
  const std::vector<ListedLayer>& rows = list.rows;
  if (options.json)
    json = to_json(model, rows);
  else
    print_table(model, rows);
  if (!list.unreached.empty())
    note(fmt::format("at this size {} {} no value from '{}' on: {}", list.unreached.size(),
                     list.unreached.size() == 1 ? "layer has" : "layers have", printable(list.unreached.front()),
                     printable(list.why)));
  return std::any_of(rows.begin(), rows.end(),
                     [](const ListedLayer& row) { return row.shape.h > 1 && row.shape.w > 1; });
}

void tell_of_the_step(const InspectOptions& options, Json& json) {
  const OneStepSubject subject(options.of);
  const OneStep step(subject, open_device(options.of.device));
  const PredictedMemory& memory = step.predicted_memory();
  if (options.json) {
    json["memory"] = {{"step", subject.description()},
                      {"backend", step.backend()},
                      {"step_bytes", memory.step},
                      {"run_bytes", memory.run}};
    return;
  }
  print_result("memory of a step of {}: {:.0f} MB; of a run {:.0f} MB\n", subject.description(),
               static_cast<double>(memory.step) * kMegabyte, static_cast<double>(memory.run) * kMegabyte);
  if (options.explain) print_plan(subject, step);
  if (options.roofline) print_roofline(subject, options.of.device.tf32);
}

// A model's layers alone need no plan.
void inspect(const InspectOptions& options) {
  const OneStepOptions& of = options.of;
  const bool only_layers = options.json && !is_experiment(of.subject) && of.layer.empty() && of.size == 0 &&
                           of.batch == 0 && of.precision.empty();
  Json json;
  if (tell_of_layers(options, json) && !only_layers) tell_of_the_step(options, json);
  if (options.json) print_result("{}\n", json_text(json, 2));
}

}  // namespace

void add_inspect(CLI::App& command) {
  auto options = std::make_shared<InspectOptions>();
  add_details(command,
              "Of each its kind and shape, how many pixels of the input one position sees, and how many lie from one "
              "position to "
              "the next; the channels of a concat by where they come from. "
              "Then how much memory a step of a channel, or of an experiment, will take, and a run of it, which shows "
              "its pictures too; nothing of it is taken. With --explain also the plan of the step: the implementation "
              "chosen for each op, which ones refused and why.");
  add_one_step_options(command, options->of);
  CLI::Option* json =
      command.add_flag("--json", options->json,
                       "machine-readable; for a model, memory only with --layer, --size, --batch or --precision");
  command.add_flag("--explain", options->explain, "show the plan")->excludes(json);
  command
      .add_flag("--roofline", options->roofline,
                "show the bytes and FLOPs of a step planned for a GPU, and the time that some GPUs need for them at "
                "least; needs no GPU")
      ->excludes(json);
  command.footer("Example:\n  phosphene inspect googlenet --explain --layer mixed4a");
  command.callback([options] { inspect(*options); });
}

}  // namespace phosphene
