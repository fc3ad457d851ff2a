#include "cli/help.h"

#include <sstream>

namespace phosphene {
namespace {

constexpr size_t kWidth = 100;

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

}  // namespace

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  const std::string& description = command->get_description();
  std::ostringstream out;
  CLI::detail::format_help(out, "  " + command->get_name(),
                           wrap(description.substr(0, description.find(". ")), kWidth - get_column_width()),
                           get_column_width());
  return out.str();
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return wrap(app->get_description(), kWidth) + "\n\n";
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrap(option->get_description(), kWidth - get_column_width());
}

void add_details(CLI::App& command, const std::string& sentences) {
  command.description(command.get_description() + " " + sentences);
}

}  // namespace phosphene
