// What strict parsing refuses beyond wrong syntax.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/error.h"

namespace phosphene {

// A parser's callback. Refuses a key that is given twice in one object, of which the library would silently take the last, and more
// than `max_depth` objects and lists within each other.
template <class AnyJson>
class StrictJson {
 public:
  StrictJson(std::string place, int max_depth) : place_(std::move(place)), max_depth_(max_depth) {}

  bool operator()(int depth, typename AnyJson::parse_event_t event, AnyJson& parsed) {
    using Event = typename AnyJson::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= max_depth_)
      fail(place_, "is nested too deep: more than {} levels", max_depth_);
    if (event == Event::object_start) {
      open_.emplace_back();
    } else if (event == Event::object_end) {
      open_.pop_back();
    } else if (event == Event::key && !open_.back().insert(parsed.template get<std::string>()).second) {
      fail(place_, "the key '{}' is given twice in one object", parsed.template get<std::string>());
    }
    return true;
  }

 private:
  std::string place_;
  int max_depth_;
  std::vector<std::set<std::string>> open_;  // the keys of the objects that are being read
};

}  // namespace phosphene
