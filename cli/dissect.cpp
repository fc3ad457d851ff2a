// phosphene dissect: which concepts of a labelled set a layer's units agree with.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/default_folder.h"
#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/dissection/dissection.h"
#include "loaders/json_text.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

constexpr size_t kNameColumns = 28;

std::string chance_words(const Json& chance) {
  return chance.is_null() ? "      -" : fmt::format("{:7.3f}", chance.get<double>());
}

std::string cell_of(const std::string& name) {
  return padded(shortened(printable(name), kNameColumns, "…"), kNameColumns);
}

std::vector<Json> sorted_by(const Json& list, const char* key) {
  std::vector<Json> sorted(list.begin(), list.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Json& a, const Json& b) { return a[key].get<double>() > b[key].get<double>(); });
  return sorted;
}

void print_units(const Json& record) {
  constexpr size_t kMost = 20;
  const std::vector<Json> units = sorted_by(record["units"], "iou");
  print_result("{:>6}  {}    IoU   chance\n", "unit", padded("concept", kNameColumns));
  for (size_t i = 0; i < std::min(kMost, units.size()); ++i) {
    std::string name = "-";
    for (const Json& about : record["concepts"])
      if (about["id"] == units[i]["concept"]) name = about["name"];
    print_result("{:>6}  {} {:6.3f}  {}\n", units[i]["unit"].get<int64_t>(), cell_of(name),
                 units[i]["iou"].get<double>(), chance_words(units[i]["chance"]));
  }
  if (units.size() > kMost) print_result("{:>6}  and {} more in units.csv\n", "", units.size() - kMost);
}

void print_concepts(const Json& record) {
  constexpr size_t kMost = 40;
  const std::vector<Json> all = sorted_by(record["concepts"], "best_iou");
  print_result("\n{:>6}  {}    IoU   chance  share of pixels\n", "unit", padded("best for concept", kNameColumns));
  for (size_t i = 0; i < std::min(kMost, all.size()); ++i) {
    const Json& unit = all[i]["best_unit"];
    print_result("{:>6}  {} {:6.3f}  {}  {:13.2f} %\n", unit.is_null() ? "-" : std::to_string(unit.get<int64_t>()),
                 cell_of(all[i]["name"]), all[i]["best_iou"].get<double>(), chance_words(all[i]["chance"]),
                 100 * all[i]["share"].get<double>());
  }
  if (all.size() > kMost) print_result("{:>6}  and {} more in dissection.json\n", "", all.size() - kMost);
}

void print_summary(const Json& record) {
  const Json& summary = record["summary"];
  print_result(
      "\n{} of {} units are detectors (IoU above 0.04), of {} different concepts; {} of {} concepts are covered\n",
      summary["detectors"].get<int64_t>(), record["units"].size(), summary["unique_detectors"].get<int64_t>(),
      summary["concepts_covered"].get<int64_t>(), record["concepts"].size());
  const Json& chance = summary["by_chance"];
  if (chance["detectors"].is_null()) return;
  print_result("with other photographs' masks: {:.1f} detectors, of {:.1f} concepts; {:.1f} covered\n",
               chance["detectors"].get<double>(), chance["unique_detectors"].get<double>(),
               chance["concepts_covered"].get<double>());
}

// "3.4 ± 0.5"; the units have no spread.
std::string spread(const Json& number) {
  return number["sd"].is_null()
             ? fmt::format("{:.4g}", number["mean"].get<double>())
             : fmt::format("{:.1f} ± {:.1f}", number["mean"].get<double>(), number["sd"].get<double>());
}

void print_curve(const Json& record) {
  print_result("\n{:>6}  {:>8}  {:>16}  {:>16}  {:>13}\n", "alpha", "diagonal", "unique detectors", "concepts covered",
               "mean best IoU");
  for (const Json& point : record["curve"])
    print_result("{:>6}  {:8.2f}  {:>16}  {:>16}  {:13.3f}\n", point["alpha"].get<double>(),
                 point["mean_diagonal"]["mean"].get<double>(), spread(point["unique_detectors"]),
                 spread(point["concepts_covered"]), point["mean_best_iou"]["mean"].get<double>());
}

// Random directions, and those of a file.
void print_directions(const Json& record) {
  for (const Json& basis : record.value("bases", Json::array())) {
    if (basis["kind"] == "rotation") continue;
    const Json& summary = basis["summary"];
    print_result("\n{} {} directions: {} detectors, of {} different concepts; {} covered; mean best IoU {:.3f}\n",
                 basis["directions"].size(), basis["kind"] == "random" ? "random" : "given",
                 summary["detectors"].get<int64_t>(), summary["unique_detectors"].get<int64_t>(),
                 summary["concepts_covered"].get<int64_t>(), summary["mean_best_iou"].get<double>());
  }
}

void dissect_and_print(DissectOptions options, bool json) {
  TerminalProgress progress;
  if (options.out.empty())
    options.out =
        default_folder("dissection-" + std::filesystem::path(options.model).stem().string() + "-" + options.layer);
  options.stop = &stop_flag;
  options.progress = &progress;
  const DissectResult result = dissect(options);
  if (result.now > 0)
    note(fmt::format("read {} photographs {} times in {:.1f} s, {:.3f} s each", result.photographs,
                     options.approximate ? "two" : "three", result.seconds,
                     result.seconds / static_cast<double>(result.now)));
  if (result.interrupted) {
    note("stopped; the same command continues");
    return;
  }
  for (const Json& about : result.record["concepts"])
    if (about["pixels"] == 0)
      note(fmt::format("no photograph has the concept '{}'", printable(about["name"].get<std::string>())));
  if (json) {
    print_result("{}\n", json_text(result.record, 1));
    return;
  }
  print_units(result.record);
  print_concepts(result.record);
  print_summary(result.record);
  if (result.record.contains("curve")) print_curve(result.record);
  print_directions(result.record);
  print_result("{}\n", printable(result.page, result.page.size()));
}

constexpr const char* kDissectDetails =
    "A unit's threshold is the activation that it exceeds at the share --quantile of all positions of all photographs "
    "(exactly: no more of them do). Its map is brought to the masks' size, and the pixels that exceed the threshold "
    "are "
    "compared with every concept's: IoU is what both have, of what either has, over the whole set. A unit whose best "
    "IoU exceeds 0.04 is a detector of that concept. Beside every score stands the same by chance, with the masks of "
    "other photographs.\nThe folder holds concepts.csv (id,name,category), images/ with photographs, and "
    "masks/PLANE/NAME.png with the id of a concept in each pixel for images/NAME.jpg; docs/dissection.md says more. "
    "Photographs are scaled until the shorter side fits the network, and their middle is used.\nThey are read three "
    "times (for the thresholds, for their last 16 bits, for the pixels), in memory that does not grow with their "
    "number. "
    "What was stopped, by Ctrl-C or otherwise, is continued by the same command, with the same result. The page's path "
    "is printed last; dissection.json and units.csv say the same to programs.";

}  // namespace

void add_dissect(CLI::App& command) {
  auto options = std::make_shared<DissectOptions>();
  auto align = std::make_shared<std::string>(name_of(options->alignment));
  auto json = std::make_shared<bool>(false);
  add_details(command, kDissectDetails);
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("--data", options->data, "folder of labelled photographs"), kFolder)->required();
  value(
      command.add_option("--layer", options->layer, "layer, as phosphene inspect names it; LAYER:pre before its ReLU"),
      kLayer)
      ->required();
  value(command.add_option("--units", options->units, "0,5,97 or 0-511 or all"), "UNITS")->capture_default_str();
  number(command.add_option("--quantile", options->quantile, "share of positions that exceed a threshold"), 1e-9, 0.5)
      ->capture_default_str();
  one_of(command.add_option("--align", *align,
                            "where a map's samples lie: at the centres of their receptive fields, or as a picture is "
                            "resized"),
         {"receptive_field", "half_pixel", "align_corners"})
      ->capture_default_str();
  whole_number(
      command.add_option("--size", options->size, "side of the pictures (default: what the model was trained at)"), 1,
      1 << 12);
  command.add_flag("--approximate", options->approximate,
                   "read the photographs twice: thresholds are known to 7 bits, and fewer positions may exceed them");
  whole_number(command.add_option("--permutations", options->permutations, "rounds of other photographs' masks"), 0,
               100)
      ->capture_default_str();
  value(command.add_option("--rotations", options->rotations,
                           "seeds: of each a random rotation of the layer's channels is dissected too, and its powers"),
        "N,N...")
      ->delimiter(',')
      ->allow_extra_args(false);
  value(number(
            command.add_option("--alphas", options->alphas, "powers of the rotations: 0 are the units, 1 is all of it"),
            0, 1),
        "X,X...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  whole_number(command.add_option("--random", options->random, "random single directions to dissect too"), 0, 1 << 16)
      ->capture_default_str();
  value(command.add_option(
            "--directions", options->directions,
            "a .safetensors of directions to dissect too: tensors of a number for each channel, or of rows"),
        kFile);
  whole_number(command.add_option("--seed", options->seed, "of permutations and random directions"), 0, 1LL << 53)
      ->capture_default_str();
  whole_number(command.add_option("--top", options->top, "photographs shown of each of the 200 best units"), 0, 100)
      ->capture_default_str();
  value(command.add_option("--out", options->out, "folder for the results (default: runs/dissection-MODEL-LAYER)"),
        kFolder);
  command.add_flag("--restart", options->restart, "delete the dissection in --out and start again");
  command.add_flag("--json", *json, "print dissection.json instead of tables");
  add_device_options(command, options->device);
  command.footer(
      "Example:\n  phosphene dissect googlenet --data concepts --layer mixed4a\n"
      "  phosphene dissect googlenet --data concepts --layer mixed4a --rotations 0,1,2,3,4\n"
      "  phosphene dissect vgg16 --data concepts --layer conv5_3 --units 0-63 --align half_pixel --json > units.json");
  command.callback([options, align, json] {
    options->alignment = alignment_named(*align);
    dissect_and_print(*options, *json);
  });
}

}  // namespace phosphene
