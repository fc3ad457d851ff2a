// phosphene export: pictures of a run for use elsewhere.
#include "experiment/run/export.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/option_values.h"
#include "cli/streams.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct ExportOptions {
  std::string run, out, layer, film, unit;
  int64_t side = 96;
  bool poster = false;
};

void export_pictures(const ExportOptions& options) {
  const int asked = static_cast<int>(options.poster) + static_cast<int>(!options.film.empty()) +
                    static_cast<int>(!options.unit.empty());
  if (asked != 1) fail("", "expected one of --poster, --film and --unit, got {}", asked == 0 ? "none" : "several");
  if (!options.poster && !options.layer.empty()) fail("--layer", "is for --poster alone");
  const int64_t count = options.poster         ? write_poster(options.run, options.layer, options.side, options.out)
                        : options.film.empty() ? write_unit(options.run, options.unit, options.out)
                                               : write_film(options.run, options.film, options.out);
  note(fmt::format("{} {}{}", count, options.film.empty() ? "picture" : "frame", count == 1 ? "" : "s"));
  print_result("{}\n", printable(options.out, options.out.size()));
}

}  // namespace

void add_export(CLI::App& command) {
  auto options = std::make_shared<ExportOptions>();
  value(command.add_option("folder", options->run, "a run folder"), kFolder)->required();
  command.add_flag("--poster", options->poster, "one PNG of all pictures");
  value(command.add_option("--layer", options->layer, "for --poster: only this layer's units, by their numbers"),
        kLayer);
  whole_number(command.add_option("--side", options->side, "for --poster: pixels of a picture's longer side"), 8, 1024);
  value(command.add_option(
            "--film", options->film,
            "an animated PNG of the picture with this name: its snapshots, or, without any, the images of its group"),
        "NAME");
  value(command.add_option("--unit", options->unit,
                           "a folder of everything about this unit: pictures, snapshots, films, records, photographs"),
        kUnit);
  value(command.add_option("--out", options->out, "the file, or for --unit the folder"), kFile)->required();
  command.footer(
      "Examples:\n  phosphene export runs/50 --unit mixed4a:50 --out unit50\n"
      "  phosphene export runs/demo --film tiger --out tiger.png");
  command.callback([options] { export_pictures(*options); });
}

}  // namespace phosphene
