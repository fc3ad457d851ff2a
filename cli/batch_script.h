// A script for Slurm's sbatch that runs one command in a working directory.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

struct BatchScript {
  std::string about;                 // a sentence, in one line
  std::vector<std::string> options;  // of sbatch, as on its command line; of two that are alike the later one counts
  std::string directory;
  std::vector<std::string> variables;  // of the environment, kept as they are now where they are set
  std::vector<std::string> command;    // the script becomes it, so that signals reach it
};

// Throws where an option holds a line break, which no line of sbatch's can.
std::string text_of(const BatchScript& script);

// A word of a shell that means `text`, whatever that holds.
std::string shell_word(const std::string& text);

// sbatch's option for what is printed: a file in `folder` (absolute), whose name is one of Slurm's patterns (%A_%a.log). Throws where Slurm
// cannot be told that folder.
std::string log_option(const std::string& folder, const std::string& pattern);

}  // namespace phosphene
