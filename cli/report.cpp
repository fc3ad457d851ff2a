// phosphene report: a page over the runs of a folder.
#include "experiment/run/report.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/option_values.h"
#include "cli/streams.h"
#include "runtime/printable.h"

namespace phosphene {

void add_report(CLI::App& command) {
  auto folder = std::make_shared<std::string>();
  value(command.add_option("folder", *folder, "a run folder, or a folder of them"), kFolder)->required();
  command.footer("Example:\n  phosphene report runs/article");
  command.callback([folder] {
    const bool one = std::filesystem::is_directory(*folder + "/records");
    const std::string page = one ? write_report(*folder) : write_collection(*folder);
    print_result("{}\n", printable(page, page.size()));
  });
}

}  // namespace phosphene
