#include "experiment/pages/page.h"

#include <nlohmann/json.hpp>

#include "loaders/json_text.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// JSON that may stand in a script element: "<" occurs in texts only, where it can be escaped.
std::string for_script(const Json& json) {
  std::string text;
  for (const char c : json_text(json)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string page_with(std::string_view page, const Json& data) {
  constexpr std::string_view kPlace = "@DATA@";
  std::string filled(page);
  const size_t at = filled.find(kPlace);
  if (at == std::string::npos) fail_internal("page", "has no place for its data");
  filled.replace(at, kPlace.size(), for_script(data));
  return filled;
}

}  // namespace phosphene
