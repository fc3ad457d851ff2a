// What a command says of itself: help in 100 columns, and what is wrong with a command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace phosphene {

// A list of commands shows the first sentence of each.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();

  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_option_name(const CLI::Option* option, bool positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

// What a command's help says after its first sentence.
void add_details(CLI::App& command, const std::string& sentences);

// The parts of help, for the manual page and for completion too. Hidden commands and options are left out.
std::vector<const CLI::App*> commands_of(const CLI::App& app);
std::vector<const CLI::Option*> options_of(const CLI::App& command);    // with a dash
std::vector<const CLI::Option*> arguments_of(const CLI::App& command);  // without
bool takes_value(const CLI::Option& option);
bool stands_behind_mark(const CLI::Option& argument);              // behind --, as its word says
std::vector<std::string> dashed_names(const CLI::Option& option);  // "-o", "--output"
std::string names_of(const CLI::Option& option);                   // "-o, --output FILE", or "MODEL"
std::string sentence_of(const CLI::Option& option);                // with its default and what it excludes
std::string first_sentence(const std::string& text);               // without its full stop
std::string usage_of(const CLI::App& command);                     // "phosphene report FOLDER [OPTIONS]"

// One line for what the parser refuses, with the nearest name where one is mistyped.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace phosphene
