// phosphene completion SHELL: a script by which a shell completes commands, options, their fixed values, files and names of models. All
// is made of the table of options that help is made of. `cmake --install` puts it where shells look.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <set>

#include "cli/help.h"
#include "cli/known_networks.h"
#include "cli/option_values.h"
#include "cli/streams.h"
#include "loaders/load_model.h"

namespace phosphene {
namespace {

enum class ValueKind { nothing, words, file, folder, model, network };

// What a value is, by the word that help shows for it.
ValueKind kind_of(const CLI::Option& option) {
  const std::string word = option.get_type_name();
  if (!takes_value(option)) return ValueKind::nothing;
  if (word.find('|') != std::string::npos && word[0] >= 'a' && word[0] <= 'z') return ValueKind::words;
  if (word == kFile || word == kPhoto || word == kConfig || word == "NAME|FILE") return ValueKind::file;
  if (word == kFolder) return ValueKind::folder;
  if (word == kModel) return ValueKind::model;
  return word == kNetwork ? ValueKind::network : ValueKind::nothing;
}

// "auto|cpu|cuda" as "auto cpu cuda".
std::string words_of(const CLI::Option& option) {
  std::string words = option.get_type_name();
  for (char& c : words)
    if (c == '|') c = ' ';
  return words;
}

std::string names_of_commands(const CLI::App& program) {
  std::string names;
  for (const CLI::App* command : commands_of(program)) names += (names.empty() ? "" : " ") + command->get_name();
  return names;
}

// In single quotes of a shell. What zsh reads in its own way is escaped too where `more` names it.
std::string quoted(const std::string& text, std::string_view more = "") {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += more.find(c) == std::string_view::npos ? std::string(1, c) : std::string("\\") + c;
  }
  return out + "'";
}

std::string bash_action(const CLI::Option& option) {
  switch (kind_of(option)) {
    case ValueKind::words:
      return fmt::format("_phosphene_words '{}'", words_of(option));
    case ValueKind::file:
      return "_phosphene_files";
    case ValueKind::folder:
      return "_phosphene_folders";
    case ValueKind::model:
      return "_phosphene_names models; _phosphene_files";
    case ValueKind::network:
      return "_phosphene_names networks";
    case ValueKind::nothing:
      break;
  }
  return ":";
}

std::string bash_command(const CLI::App& command) {
  std::string text = fmt::format("  {})\n    case $before in\n", command.get_name());
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(command)) {
    const std::vector<std::string> own = dashed_names(*option);
    names.insert(names.end(), own.begin(), own.end());
    if (takes_value(*option)) text += fmt::format("    {}) {}; return ;;\n", fmt::join(own, "|"), bash_action(*option));
  }
  text += fmt::format("    esac\n    [[ $current == -* ]] && {{ _phosphene_words '{}'; return; }}\n",
                      fmt::join(names, " "));
  std::set<std::string> actions;
  for (const CLI::Option* argument : arguments_of(command)) actions.insert(bash_action(*argument));
  for (const std::string& action : actions) text += fmt::format("    {}\n", action);
  return text + "    ;;\n";
}

constexpr const char* kBash = R"SH(# bash completion for phosphene, written by `phosphene completion bash`
_phosphene_take() { local word; while IFS= read -r word; do COMPREPLY+=("$word"); done; }
_phosphene_words() { _phosphene_take < <(compgen -W "$1" -- "$current"); }
_phosphene_files() { compopt -o filenames 2> /dev/null; _phosphene_take < <(compgen -f -- "$current"); }
_phosphene_folders() { compopt -o filenames 2> /dev/null; _phosphene_take < <(compgen -d -- "$current"); }
_phosphene_names() { _phosphene_words "$("${COMP_WORDS[0]}" completion "$1" 2> /dev/null)"; }
_phosphene() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i
  COMPREPLY=()
  # --option=value is three words
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi
  done
  case $command in
)SH";

std::string bash_script(const CLI::App& program) {
  std::string text = kBash;
  text += fmt::format("  '') _phosphene_words '{} --help --version' ;;\n", names_of_commands(program));
  for (const CLI::App* command : commands_of(program)) text += bash_command(*command);
  return text + "  esac\n}\ncomplete -F _phosphene phosphene\n";
}

std::string zsh_action(const CLI::Option& option) {
  switch (kind_of(option)) {
    case ValueKind::words:
      return fmt::format("({})", words_of(option));
    case ValueKind::file:
      return "_files";
    case ValueKind::folder:
      return "_files -/";
    case ValueKind::model:
      return "_phosphene_models";
    case ValueKind::network:
      return "_phosphene_networks";
    case ValueKind::nothing:
      break;
  }
  return " ";
}

std::string zsh_command(const CLI::App& command) {
  constexpr std::string_view kSpecial = "[]:\\";
  std::string text = fmt::format("    {})\n      _arguments", command.get_name());
  for (const CLI::Option* option : options_of(command)) {
    for (const std::string& name : dashed_names(*option)) {
      const std::string about = quoted(sentence_of(*option), kSpecial);
      text += fmt::format(" \\\n        '*{}[{}]", name, about.substr(1, about.size() - 2));
      if (takes_value(*option)) {
        const std::string word = quoted(option->get_type_name(), kSpecial);
        text += fmt::format(":{}:{}", word.substr(1, word.size() - 2), zsh_action(*option));
      }
      text += "'";
    }
  }
  for (const CLI::Option* argument : arguments_of(command)) {
    const bool several = argument->get_expected_max() > 1;
    text += fmt::format(" \\\n        '{}:{}:{}'", several ? "*" : "", argument->get_name(true), zsh_action(*argument));
  }
  return text + "\n      ;;\n";
}

constexpr const char* kZsh = R"SH(#compdef phosphene
# zsh completion for phosphene, written by `phosphene completion zsh`
_phosphene_models() { compadd -- ${(f)"$(phosphene completion models 2> /dev/null)"}; _files; }
_phosphene_networks() { compadd -- ${(f)"$(phosphene completion networks 2> /dev/null)"}; }
_phosphene() {
  local -a commands=(
)SH";

constexpr const char* kZshCommand = R"SH(  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((--CURRENT))
  case $command in
)SH";

std::string zsh_script(const CLI::App& program) {
  std::string text = kZsh;
  for (const CLI::App* command : commands_of(program)) {
    const std::string about = command->get_name() + ":" + first_sentence(command->get_description());
    text += fmt::format("    {}\n", quoted(about));
  }
  text += kZshCommand;
  for (const CLI::App* command : commands_of(program)) text += zsh_command(*command);
  return text + "  esac\n}\n_phosphene \"$@\"\n";
}

std::string fish_value(const CLI::Option& option) {
  switch (kind_of(option)) {
    case ValueKind::words:
      return fmt::format(" -x -a '{}'", words_of(option));
    case ValueKind::file:
      return " -r -F";
    case ValueKind::folder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::model:
      return " -r -F -a '(phosphene completion models 2> /dev/null)'";
    case ValueKind::network:
      return " -x -a '(phosphene completion networks 2> /dev/null)'";
    case ValueKind::nothing:
      break;
  }
  return takes_value(option) ? " -x" : "";
}

std::string fish_script(const CLI::App& program) {
  std::string text =
      "# fish completion for phosphene, written by `phosphene completion fish`\ncomplete -c phosphene -f\n";
  for (const CLI::App* command : commands_of(program)) {
    text += fmt::format("complete -c phosphene -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                        quoted(first_sentence(command->get_description())));
  }
  for (const CLI::App* command : commands_of(program)) {
    const std::string when =
        fmt::format("complete -c phosphene -n '__fish_seen_subcommand_from {}'", command->get_name());
    for (const CLI::Option* option : options_of(*command)) {
      text += when;
      for (const std::string& name : option->get_snames()) text += " -s " + name;
      for (const std::string& name : option->get_lnames()) text += " -l " + name;
      text += fmt::format("{} -d {}\n", fish_value(*option), quoted(sentence_of(*option)));
    }
    std::set<std::string> values;
    for (const CLI::Option* argument : arguments_of(*command)) values.insert(fish_value(*argument));
    for (const std::string& value : values) text += when + value + "\n";
  }
  return text;
}

void print_completion(const CLI::App& program, const std::string& what) {
  if (what == "bash") print_text(bash_script(program));
  if (what == "zsh") print_text(zsh_script(program));
  if (what == "fish") print_text(fish_script(program));
  if (what == "models")
    for (const std::string& path : models_here()) print_result("{}\n", std::filesystem::path(path).stem().string());
  if (what == "networks")
    for (const KnownNetwork& network : known_networks()) print_result("{}\n", network.name);
}

}  // namespace

void add_completion(CLI::App& program) {
  CLI::App* command = program.add_subcommand("completion", "Print a shell's completion script.")->group("");
  auto what = std::make_shared<std::string>();
  one_of(command->add_option("shell", *what, "whose script, or the names that it completes"),
         {"bash", "zsh", "fish", "models", "networks"})
      ->required();
  command->footer("Example:\n  source <(phosphene completion bash)");
  command->callback([&program, what] { print_completion(program, *what); });
}

}  // namespace phosphene
