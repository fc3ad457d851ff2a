// phosphene report: a page over the runs of a folder.
#include "experiment/run/report.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"

namespace phosphene {

void add_report_command(CLI::App& app) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "report",
      "Write report.html anew and print its path: of a run folder, or, for a folder of run folders, one page with a "
      "section for each, in the order of their names, under its config's description.");
  command->add_option("folder", *folder, "a run folder, or a folder of them")->required();
  command->footer("Example:\n  phosphene report runs/article");
  command->callback([folder] {
    const bool one = std::filesystem::is_directory(*folder + "/records");
    fmt::print("{}\n", one ? write_report(*folder) : write_collection(*folder));
  });
}

}  // namespace phosphene
