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

// A fault and the places it was found in, the widest first: "net.prototxt: layer 'conv1': the kernel is larger than the image".
// what() is one line of limited length without control characters, whatever places and fault hold (runtime/printable.h).
class Error : public std::runtime_error {
 public:
  // `place` is a file, a JSON pointer, a layer, a flag; "" if only a caller knows it.
  Error(Blame blame, std::string place, std::string fault);

  [[nodiscard]] Blame blame() const { return blame_; }
  [[nodiscard]] const std::vector<std::string>& places() const { return places_; }
  // what() without its widest place, for who has named that already.
  [[nodiscard]] std::string within() const;
  // The same fault with a wider place around it; as it is for "".
  [[nodiscard]] Error at(const std::string& place) const;

 private:
  Error(Blame blame, std::vector<std::string> places, std::string fault);

  Blame blame_;
  std::vector<std::string> places_;
  std::string fault_;
};

// The result of `call`, whose Errors get a wider place.
template <class Call>
decltype(auto) at_place(const std::string& place, Call&& call) {
  try {
    return call();
  } catch (const Error& error) {
    throw error.at(place);
  }
}

// The same, but for Errors that have no place yet.
template <class Call>
decltype(auto) at_place_if_none(const std::string& place, Call&& call) {
  try {
    return call();
  } catch (const Error& error) {
    if (!error.places().empty()) throw;
    throw error.at(place);
  }
}

// fail("model.safetensors", "tensor {} is truncated", name): the user's mistake, with its place.
template <class... Arguments>
[[noreturn]] void fail(std::string where, fmt::format_string<Arguments...> what, Arguments&&... arguments) {
  throw Error(Blame::user, std::move(where), fmt::format(what, std::forward<Arguments>(arguments)...));
}

// A broken invariant: our fault, not the user's.
template <class... Arguments>
[[noreturn]] void fail_internal(std::string where, fmt::format_string<Arguments...> what, Arguments&&... arguments) {
  throw Error(Blame::phosphene, std::move(where), fmt::format(what, std::forward<Arguments>(arguments)...));
}

// " (did you mean 'x'?)" for the name nearest to `wanted` by edit distance, or "" when none is near. Names of one or two letters are near
// to everything, and so are only proposed where they differ in nothing but case.
std::string suggestion(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace phosphene
