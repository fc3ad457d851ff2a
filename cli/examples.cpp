// phosphene examples: which photographs, and which parts of them, a layer's units respond to.
#include "experiment/examples/examples.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/default_folder.h"
#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// A line for each unit, as long as a screen holds them all.
void print_highest(const std::vector<UnitHighest>& units) {
  constexpr size_t kMaxUnits = 16, kEach = 4;
  if (units.size() > kMaxUnits) return;
  for (const UnitHighest& unit : units) {
    std::string line = fmt::format("{:>5}", unit.unit);
    for (size_t i = 0; i < std::min(kEach, unit.photographs.size()); ++i)
      line += fmt::format("  {} {:.4g}", printable(unit.photographs[i].first), unit.photographs[i].second);
    print_result("{}\n", line);
  }
}

// "used 5 photographs; skipped 3 (a WebP picture: 2, a broken JPEG: 1); left out: 2 hidden pictures"
std::string summary(const ExamplesResult& result) {
  const int64_t used = result.photographs - result.skipped;
  std::string line = fmt::format("used {} photograph{}", used, used == 1 ? "" : "s");
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : result.skipped_kinds) kinds.push_back(fmt::format("{}: {}", kind, count));
  if (result.skipped > 0) line += fmt::format("; skipped {} ({})", result.skipped, fmt::join(kinds, ", "));
  if (!result.left_out.empty()) line += "; left out: " + result.left_out;
  return printable(line, kWholeName);
}

void examples(ExamplesOptions options) {
  TerminalProgress progress;
  if (options.out.empty())
    options.out =
        default_folder("examples-" + std::filesystem::path(options.model).stem().string() + "-" + options.layer);
  options.stop = &stop_flag;
  options.progress = &progress;
  const ExamplesResult result = find_examples(options);
  if (result.now > 0) {
    note(fmt::format("looked at {} photographs in {:.1f} s, {:.3f} s each", result.now, result.seconds,
                     result.seconds / static_cast<double>(result.now)));
  }
  note(summary(result));
  if (result.interrupted) {
    note(fmt::format("stopped after {} photographs; the same command continues", result.photographs));
    return;
  }
  print_highest(result.highest);
  print_result("{}\n", printable(result.page, result.page.size()));
}

constexpr const char* kDetails =
    "Of every unit (channel) it keeps the examples with the highest, the median, the slightly negative and the lowest "
    "activation, each with a crop of what the unit saw: its receptive field. The highest of each are printed (of 16 "
    "units at most). examples.html, whose path is printed last, lays them out as a spectrum from lowest to highest; "
    "index.json says the same to programs.\nEach photograph is scaled so that its shorter side has the size that the "
    "network was trained at, times each of --scales, and covered by square tiles of that size from end to end (of one "
    "longer than eight tiles, its middle). A photograph counts once for each kind, with its best place: the highest "
    "and the lowest are the extremes over all scales and positions; the median is that of the photographs' highest; "
    "the slightly negative is what comes nearest to zero from below, which only layers before a ReLU (LAYER:pre) "
    "have.\nA photograph is a file that ends like a picture's, or has no ending and begins as a PNG or JPEG. Links are "
    "followed, and each file and folder counts once, whatever its names. What begins with a dot and what systems keep "
    "for "
    "themselves (@eaDir, __MACOSX, Thumbs.db ...) is left out; a file that is damaged, cut off or no PNG or JPEG is "
    "skipped. Both are counted at the end, in index.json and on the page. Colours are converted to sRGB by the "
    "picture's "
    "ICC profile.\nAny number of photographs takes the same memory. Up to 512 the median is exact; of more it is that "
    "of a "
    "random sample of 512, whose rank is off by 2.2 percent of them (one standard deviation). A search that was "
    "stopped, by Ctrl-C or otherwise, is continued by the same command, with the same result.";

}  // namespace

void add_examples(CLI::App& command) {
  auto options = std::make_shared<ExamplesOptions>();
  add_details(command, kDetails);
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("folder", options->folder, "photographs: every JPEG and PNG in it and below"), kFolder)
      ->required();
  value(
      command.add_option("--layer", options->layer, "layer, as phosphene inspect names it; LAYER:pre before its ReLU"),
      kLayer)
      ->required();
  value(command.add_option("--units", options->units, "0,5,97 or 0-511 or all"), "UNITS")->capture_default_str();
  value(command.add_option("--out", options->out, "folder for the results (default: runs/examples-MODEL-LAYER)"),
        kFolder);
  whole_number(command.add_option("--per-unit", options->per_unit, "examples of each kind"), 1, 1000)
      ->capture_default_str();
  value(number(command.add_option("--scales", options->scales,
                                  "sizes of the photographs, above 0 and up to 16; 1 is the size the network was "
                                  "trained at; smaller shows a unit more of the picture at once")),
        "X,X...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  value(command.add_option("--render", options->render,
                           "a run folder of phosphene render: its pictures of the units stand beside the photographs, "
                           "those made with a negative weight at the low end"),
        kFolder);
  command.add_flag("--restart", options->restart, "delete the examples in --out and start again");
  add_device_options(command, options->device);
  command.footer(
      "Example:\n  phosphene examples googlenet ~/photos --layer mixed4a:pre --units 97,200-203\n"
      "  phosphene examples googlenet ~/photos --layer mixed4a:pre --units 97 --scales 1,0.5 --render runs/97 --out "
      "examples/97");
  command.callback([options] { examples(*options); });
}

}  // namespace phosphene
