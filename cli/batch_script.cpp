#include "cli/batch_script.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "runtime/error.h"

namespace phosphene {
namespace {

// Means itself to a shell and to sbatch alike.
bool is_plain(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_-+=:,./@%").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), plain);
}

// Between quotes sbatch takes a character behind a backslash as it is.
std::string sbatch_line(const std::string& option) {
  if (option.find('\n') != std::string::npos)
    fail("slurm", "'{}' holds a line break, which an option of sbatch cannot", option);
  if (is_plain(option)) return "#SBATCH " + option + "\n";
  std::string line = "#SBATCH \"";
  for (const char c : option) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  return line + "\"\n";
}

}  // namespace

std::string shell_word(const std::string& text) {
  if (is_plain(text)) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string log_option(const std::string& folder, const std::string& pattern) {
  if (folder.find('\\') != std::string::npos)
    fail(folder, "holds a backslash, and Slurm numbers no logs in such a folder; choose another name");
  std::string option = "--output=";
  for (const char c : folder) option += c == '%' ? std::string("%%") : std::string(1, c);
  return option + "/" + pattern;
}

std::string text_of(const BatchScript& script) {
  std::string text = "#!/bin/sh\n# " + script.about + "\n";
  for (const std::string& option : script.options) text += sbatch_line(option);
  text += "cd " + shell_word(script.directory) + " || exit 2\n";
  for (const std::string& variable : script.variables)
    if (const char* value = std::getenv(variable.c_str()); value != nullptr)
      text += "export " + variable + "=" + shell_word(value) + "\n";
  text += "exec";
  for (const std::string& word : script.command) text += " " + shell_word(word);
  return text + "\n";
}

}  // namespace phosphene
