// What is wrong with a command line, in people's words: the parser's own are about types and options.
#include <fmt/format.h>

#include <algorithm>

#include "cli/help.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

// Of CLI11's errors only the name in front is kept.
std::string name_in(const std::string& what) { return what.substr(0, what.find_first_of(": ")); }

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(command)) {
    const std::vector<std::string> own = dashed_names(*option);
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

// Whether a command hands what stands behind -- to render, which has this option.
bool is_for_render(const CLI::App& reached, const std::string& name) {
  const std::vector<const CLI::Option*> arguments = arguments_of(reached);
  if (std::none_of(arguments.begin(), arguments.end(),
                   [](const CLI::Option* argument) { return stands_behind_mark(*argument); }))
    return false;
  for (const CLI::App* command : commands_of(*reached.get_parent())) {
    const std::vector<std::string> names = names_of_options(*command);
    if (command->get_name() == "render" && std::find(names.begin(), names.end(), name) != names.end()) return true;
  }
  return false;
}

std::string unexpected(const CLI::App& reached, const std::string& argument) {
  const std::string shown = printable(argument);
  if (!commands_of(reached).empty() && !argument.starts_with('-'))
    return fmt::format("there is no command '{}'{}", shown, suggestion(argument, command_names(reached)));
  if (!argument.starts_with('-')) return fmt::format("'{}' was not expected", shown);
  const std::string name = argument.substr(0, argument.find('='));
  if (is_for_render(reached, name))
    return fmt::format("{} is an option of render: it stands behind --, in {}", printable(name), usage_of(reached));
  return fmt::format("there is no option '{}'{}", printable(name), suggestion(name, names_of_options(reached)));
}

std::string missing(const CLI::App& reached, const std::string& name) {
  if (!commands_of(reached).empty()) return "expected a command";
  return fmt::format("{} is missing: {}", name, usage_of(reached));
}

// A value too few or too many.
std::string miscounted(const CLI::App& reached, const std::string& name) {
  const CLI::Option* option = reached.get_option_no_throw(name);
  if (option != nullptr && option->count() > 1) return fmt::format("{} is given more than once", name);
  return fmt::format("{}: expected a value behind it", option == nullptr ? name : names_of(*option));
}

std::string words_for(const CLI::App& reached, const CLI::ParseError& error) {
  std::string what = error.what();
  const std::string name = name_in(what);
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  std::vector<std::string> extras = reached.remaining();
  std::erase(extras, "--");
  if (kind == CLI::ExitCodes::ExtrasError || kind == CLI::ExitCodes::RequiredError) {
    // A mistyped name is also missing under its right name, and a value after an unknown option is not an argument.
    for (const std::string& extra : extras)
      if (extra.starts_with('-') || !commands_of(reached).empty()) return unexpected(reached, extra);
    if (kind == CLI::ExitCodes::RequiredError) return missing(reached, name);
    if (!extras.empty()) return unexpected(reached, extras.front());
  }
  if (kind == CLI::ExitCodes::ExcludesError)
    return fmt::format("{} cannot be given together with {}", name, what.substr(what.rfind(' ') + 1));
  if (kind == CLI::ExitCodes::ConversionError || what.find("flag override") != std::string::npos)
    return fmt::format("{}{} takes no value", name.starts_with('-') ? "" : "--", name);
  if (kind == CLI::ExitCodes::ArgumentMismatch) return miscounted(reached, name);
  return what;  // of a check of ours: the name and what was expected
}

}  // namespace

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* reached = &app;
  for (const CLI::App* command : app.get_subcommands()) reached = command;
  const bool top = reached == &app;
  return fmt::format("{}; `phosphene {}{}--help` explains", words_for(*reached, error), top ? "" : reached->get_name(),
                     top ? "" : " ");
}

}  // namespace phosphene
