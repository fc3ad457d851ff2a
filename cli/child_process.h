// Other programs that a command runs.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

enum class ChildOutput { to_stderr, dropped };  // both of its streams; our stdout is for results

// Runs a program of $PATH to its end. Its exit status, or 127 where there is no such program; a signal counts as 128 and its number.
int run_child(const std::vector<std::string>& command, ChildOutput output);

}  // namespace phosphene
