#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "experiment/config/schema.h"

namespace phosphene {

void add_schema_command(CLI::App& app) {
  auto markdown = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "schema", "Print what a config may hold: a JSON Schema for editors, or a reference of all keys for people.");
  command->add_flag("--markdown", *markdown, "the reference, as Markdown");
  command->footer("Example:\n  phosphene schema > config.schema.json");
  command->callback([markdown] { fmt::print("{}", *markdown ? config_reference() : config_schema().dump(2) + "\n"); });
}

}  // namespace phosphene
