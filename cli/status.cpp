// phosphene status: how far a run is, wherever it is made.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/streams.h"
#include "experiment/run/run_status.h"
#include "loaders/json_text.h"

namespace phosphene {

void add_status(CLI::App& command) {
  struct Options {
    std::string folder;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  add_details(
      command,
      "Every process that renders into the folder tells each quarter of a minute what it is doing, from whatever "
      "machine. Changes nothing.");
  value(command.add_option("folder", options->folder, "a run folder"), kFolder)->required();
  command.add_flag("--json", options->json, "as JSON");
  command.footer("Example:\n  phosphene status runs/demo");
  command.callback([options] {
    const RunStatus status = status_of(options->folder);
    if (options->json) {
      print_result("{}\n", json_text(to_json(status), 2));
      return;
    }
    for (const std::string& line : in_words(status)) print_result("{}\n", line);
  });
}

}  // namespace phosphene
