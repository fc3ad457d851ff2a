// The standard streams. Results go to stdout and everything about them to stderr, so that a script's page=$(phosphene render ...) holds
// the path of the page and nothing else.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace phosphene {

// Nobody reads what a result is printed to (`phosphene inspect M | head -1`): the program ends by SIGPIPE, as others do.
class NobodyReads final : public std::exception {};

// First of all: puts /dev/null in place of standard streams that are closed, or a file of ours would be opened in their place and
// printed into. What is then printed to stdout cannot be written, which is an error, and on stderr is lost. A pipe that is
// closed is an error and no signal.
void prepare_streams();

// A part of the result, which leaves at once: whoever reads a pipe sees each line when it is known. What a terminal would obey is
// escaped, whatever names of files and layers stand in it; lines stay lines, and JSON (loaders/json_text.h) stays what it is. Throws
// the user's Error, which names standard output, where it cannot be written; or NobodyReads.
void print_text(std::string_view text);
template <class... Arguments>
void print_result(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  print_text(fmt::format(text, std::forward<Arguments>(arguments)...));
}

// A line about the work, printable whatever stands in it. What cannot be written to stderr is lost: nobody is left to be told, and no work stops for it.
void note(const std::string& line);
// The same as it is, without an end of line: for a line that is rewritten.
void write_to_stderr(std::string_view text);

}  // namespace phosphene
