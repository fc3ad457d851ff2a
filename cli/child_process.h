// Other programs that a command runs.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

enum class ChildOutput { to_stderr, dropped };  // both of its streams; our stdout is for results

// Where what a child prints is kept instead, for who gives a text for it.
struct ChildText {
  std::string* out = nullptr;
  std::string* err = nullptr;
};

// Runs a program found in $PATH and waits for it. Returns its exit status, 127 if there is no such program, or 128 plus the number of the
// signal that ended it. Throws Stopped when that is asked for (runtime/stop.h): the child is interrupted, and killed if that does not end
// it soon, with all that it has started. `temporary`: the folder for its temporary files, or "" for the system's.
int run_child(const std::vector<std::string>& command, ChildOutput output, const std::string& temporary = "",
              ChildText text = {});

// Kills the child that is running, if one is, with all that it has started. A signal handler may call it.
void kill_child() noexcept;

}  // namespace phosphene
