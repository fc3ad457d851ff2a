// How help is laid out: 100 columns; a list of commands shows the first sentence of each.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace phosphene {

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(30); }

  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

// What a command's help says after its first sentence.
void add_details(CLI::App& command, const std::string& sentences);

}  // namespace phosphene
