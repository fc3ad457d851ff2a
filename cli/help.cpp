#include "cli/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "cli/columns.h"

namespace phosphene {
namespace {

constexpr size_t kWidth = 100, kNames = 30;  // columns: of a line, and of the names at its beginning

// Breaks at spaces into lines of at most `width`. Line breaks of the text stay.
std::string wrap(const std::string& text, size_t width) {
  std::string wrapped, line;
  const auto end_line = [&] {
    if (!wrapped.empty()) wrapped += '\n';
    wrapped += line;
    line.clear();
  };
  std::istringstream paragraphs(text);
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    std::istringstream words(paragraph);
    for (std::string word; words >> word;) {
      if (!line.empty() && line.size() + 1 + word.size() > width) end_line();
      if (!line.empty()) line += ' ';
      line += word;
    }
    end_line();
  }
  return wrapped;
}

bool takes_several(const CLI::Option& option) {
  return option.get_expected_max() >= CLI::detail::expected_max_vector_size && option.get_positional();
}

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

// "[1,0.7]" of a list is "1,0.7".
std::string default_of(const CLI::Option& option) {
  std::string text = option.get_default_str();
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return text;
}

std::string word_of(const CLI::Option& option) {
  const std::string word = option.get_type_name();
  return word == "TEXT" && option.get_positional() ? upper_case(option.get_name(true)) : word;
}

}  // namespace

std::string first_sentence(const std::string& text) {
  const size_t end = text.find(". ");
  return end == std::string::npos && text.ends_with('.') ? text.substr(0, text.size() - 1) : text.substr(0, end);
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return command.get_options(
      [](const CLI::Option* option) { return option->nonpositional() && !option->get_group().empty(); });
}

std::vector<const CLI::Option*> arguments_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

bool takes_value(const CLI::Option& option) {
  return option.get_type_size() != 0 && !option.get_type_name().empty();  // --help has no word
}

std::vector<std::string> dashed_names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string names_of(const CLI::Option& option) {
  if (option.get_positional()) return word_of(option) + (takes_several(option) ? " ..." : "");
  return fmt::format("{}{}", fmt::join(dashed_names(option), ", "), takes_value(option) ? " " + word_of(option) : "");
}

std::string sentence_of(const CLI::Option& option) {
  std::string text = option.get_description();
  for (const CLI::Option* other : option.get_excludes()) text += "; not together with " + other->get_name();
  if (option.get_required() && !option.get_positional()) text += " (required)";
  const std::string usual = default_of(option);
  if (takes_value(option) && !usual.empty()) text += fmt::format(" (default: {})", usual);
  return text;
}

bool stands_behind_mark(const CLI::Option& argument) { return argument.get_type_name().starts_with("--"); }

std::string usage_of(const CLI::App& command) {
  std::string usage = command.get_parent() == nullptr ? command.get_name() : "phosphene " + command.get_name();
  std::string last;
  for (const CLI::Option* argument : arguments_of(command))
    (stands_behind_mark(*argument) ? last : usage) +=
        argument->get_required() ? " " + names_of(*argument) : fmt::format(" [{}]", names_of(*argument));
  for (const CLI::Option* option : options_of(command))
    if (option->get_required()) usage += fmt::format(" {} {}", option->get_name(), word_of(*option));
  return usage + (commands_of(command).empty() ? " [OPTIONS]" : " COMMAND ...") + last;
}

HelpFormatter::HelpFormatter() {
  column_width(kNames);
  label("Positionals", "Arguments");
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string /*name*/) const {
  return "Usage: " + usage_of(*app) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  const std::string& description = command->get_description();
  std::ostringstream out;
  CLI::detail::format_help(out, command->get_name(), wrap(first_sentence(description), kWidth - kNames), kNames);
  return out.str();
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return wrap(app->get_description(), kWidth) + "\n\n";
}

std::string HelpFormatter::make_footer(const CLI::App* app) const { return app->get_footer() + "\n"; }

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool /*positional*/) const {
  return names_of(*option);
}

std::string HelpFormatter::make_option_opts(const CLI::Option* /*option*/) const { return ""; }

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrap(sentence_of(*option), kWidth - kNames);
}

void add_details(CLI::App& command, const std::string& sentences) {
  command.description(command.get_description() + " " + sentences);
}

}  // namespace phosphene
