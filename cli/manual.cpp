// phosphene man: the manual page, made of the table of options that help is made of. `cmake --install` puts it where man looks.
#include <fmt/format.h>

#include <sstream>

#include "cli/help.h"
#include "cli/streams.h"

namespace phosphene {
namespace {

// Escapes text for roff: no line starts a request, and dashes can be copied.
std::string roff(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    begins = c == '\n';
  }
  return out;
}

std::string as_it_stands(const std::string& text) {
  return fmt::format(".PP\n.nf\n{}{}.fi\n", roff(text), text.ends_with('\n') ? "" : "\n");
}

std::string list_of(const std::vector<const CLI::Option*>& options) {
  std::string text;
  for (const CLI::Option* option : options)
    text += fmt::format(".TP\n.B {}\n{}\n", roff(names_of(*option)), roff(sentence_of(*option)));
  return text;
}

std::string section_of(const CLI::App& command) {
  return fmt::format(".SS \"phosphene {}\"\n.B {}\n.PP\n{}\n", command.get_name(), roff(usage_of(command)),
                     roff(command.get_description())) +
         list_of(arguments_of(command)) + list_of(options_of(command)) + as_it_stands(command.get_footer());
}

std::string manual(const CLI::App& program) {
  std::string text = fmt::format(
      ".TH PHOSPHENE 1 \"\" \"phosphene {}\" \"User Commands\"\n.SH NAME\nphosphene \\- feature visualization of "
      "trained "
      "vision networks\n.SH SYNOPSIS\n.B {}\n.SH DESCRIPTION\n{}\n",
      PHOSPHENE_VERSION, roff(usage_of(program)), roff(program.get_description()));
  text += as_it_stands(program.get_footer()) + ".SH OPTIONS\n" + list_of(options_of(program)) + ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(program)) text += section_of(*command);
  return text;
}

}  // namespace

void add_manual(CLI::App& program) {
  CLI::App* command = program.add_subcommand("man", "Print the manual page.")->group("");
  command->footer("Example:\n  phosphene man | man -l -");
  command->callback([&program] { print_text(manual(program)); });
}

}  // namespace phosphene
