// A program in a terminal of its own: what it writes, and what of it is left on the screen.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

// Understands what the program may write: printable UTF-8, \r, \n and "\033[K". Anything else is kept in `strange`.
class Screen {
 public:
  explicit Screen(size_t columns) : columns_(columns) {}
  void write(const std::string& bytes);

  // The rows that hold something, without spaces at their ends.
  [[nodiscard]] std::vector<std::string> rows() const;
  [[nodiscard]] int wraps() const { return wraps_; }  // characters that did not fit their row
  [[nodiscard]] const std::string& strange() const { return strange_; }

 private:
  void put(const std::string& character);

  size_t columns_, column_ = 0;
  std::vector<std::vector<std::string>> rows_{1};  // of characters; "" is the second half of a wide one
  int wraps_ = 0;
  std::string strange_;
};

struct TerminalOutcome {
  int exit_code = -1;
  std::string bytes;
  Screen screen;
};

// Runs a command by a shell in a terminal so wide; `keys` are typed after `keys_after` seconds.
TerminalOutcome run_in_terminal(const std::string& command, size_t columns, const std::string& keys = "",
                                double keys_after = 0);

}  // namespace phosphene
