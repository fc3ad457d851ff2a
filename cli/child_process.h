// Other programs that a command runs.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

enum class ChildOutput { to_stderr, dropped };  // both of its streams; our stdout is for results

// Runs a program found in $PATH and waits for it. Returns its exit status, 127 if there is no such program, or 128 plus the number of the
// signal that ended it.
int run_child(const std::vector<std::string>& command, ChildOutput output);

}  // namespace phosphene
