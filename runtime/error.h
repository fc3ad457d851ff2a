// The one exception type. Library code throws it and never prints or exits; the command line prints one line.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phosphene {

enum class Blame {
  user,      // a file, a config, a flag: exit code 2
  phosphene  // a broken promise of our own: exit code 1
};

// `where` names the place (file, JSON pointer, layer), `what` the fault; what() is "where: what".
class Error : public std::runtime_error {
 public:
  Error(Blame blame, std::string where, const std::string& what)
      : std::runtime_error(where.empty() ? what : where + ": " + what), blame_(blame), where_(std::move(where)) {}

  [[nodiscard]] Blame blame() const { return blame_; }
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  Blame blame_;
  std::string where_;
};

// fail("model.safetensors", "tensor {} is truncated", name): the user's mistake, told with its place.
template <class... Arguments>
[[noreturn]] void fail(std::string where, fmt::format_string<Arguments...> what, Arguments&&... arguments) {
  throw Error(Blame::user, std::move(where), fmt::format(what, std::forward<Arguments>(arguments)...));
}

// A promise of our own that does not hold.
template <class... Arguments>
[[noreturn]] void fail_internal(std::string where, fmt::format_string<Arguments...> what, Arguments&&... arguments) {
  throw Error(Blame::phosphene, std::move(where), fmt::format(what, std::forward<Arguments>(arguments)...));
}

// " (did you mean 'x'?)" for the name nearest to `wanted` by edit distance, or "" when none is near.
std::string suggestion(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace phosphene
