#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/streams.h"
#include "experiment/config/schema.h"

namespace phosphene {

void add_schema(CLI::App& command) {
  auto markdown = std::make_shared<bool>(false);
  command.add_flag("--markdown", *markdown, "the reference, as Markdown");
  command.footer("Example:\n  phosphene schema > config.schema.json");
  command.callback([markdown] { print_result("{}", *markdown ? config_reference() : config_schema().dump(2) + "\n"); });
}

}  // namespace phosphene
