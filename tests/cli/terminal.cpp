#include "tests/cli/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>

namespace phosphene {

void Screen::put(const std::string& character) {
  const bool wide =
      character.size() == 3 && character >= "\u4e00" && character <= "\u9fff";  // Chinese, as the tests use it
  if (column_ + (wide ? 2 : 1) > columns_) {
    ++wraps_;
    rows_.emplace_back();
    column_ = 0;
  }
  std::vector<std::string>& row = rows_.back();
  if (row.size() < column_ + 2) row.resize(column_ + 2, " ");
  row[column_++] = character;
  if (wide) row[column_++] = "";
}

void Screen::write(const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (bytes.compare(at, 3, "\033[K") == 0) {
      rows_.back().resize(column_);
      at += 3;
      continue;
    }
    if (first == '\r')
      column_ = 0;
    else if (first == '\n')
      rows_.emplace_back();  // the terminal's own \r stands before it
    else if (first < 0x20 || first == 0x7F)
      strange_ += bytes.substr(at, 8);
    else
      put(bytes.substr(at, length));
    at += length;
  }
}

std::vector<std::string> Screen::rows() const {
  std::vector<std::string> texts;
  for (const std::vector<std::string>& row : rows_) {
    std::string text;
    for (const std::string& character : row) text += character;
    text.erase(text.find_last_not_of(' ') + 1);
    if (!text.empty()) texts.push_back(text);
  }
  return texts;
}

TerminalOutcome run_in_terminal(const std::string& command, size_t columns, const std::string& keys,
                                double keys_after) {
  const winsize size{.ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) throw std::runtime_error("no terminal can be made");
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  TerminalOutcome outcome{-1, "", Screen(columns)};
  const auto start = std::chrono::steady_clock::now();
  bool typed = keys.empty();
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd readable{terminal, POLLIN, 0};
    poll(&readable, 1, 20);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!typed && seconds > keys_after) typed = ::write(terminal, keys.data(), keys.size()) > 0;
    if (readable.revents == 0) continue;
    const ssize_t got = read(terminal, buffer.data(), buffer.size());
    if (got <= 0) break;  // everybody has closed it
    outcome.bytes.append(buffer.data(), static_cast<size_t>(got));
  }
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.screen.write(outcome.bytes);
  return outcome;
}

}  // namespace phosphene
