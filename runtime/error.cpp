#include "runtime/error.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <span>

#include "runtime/printable.h"

namespace phosphene {
namespace {

// Levenshtein distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::vector<std::string> list_of(std::string place) {
  if (place.empty()) return {};
  return {std::move(place)};
}

// One line, whatever names of files, layers and classes stand in it. Long places leave room for the fault.
std::string sentence(std::span<const std::string> places, const std::string& fault) {
  constexpr size_t kMostOfPlaces = 170, kLeastOfTheFault = 110;  // characters
  std::string text;
  for (const std::string& place : places) text += message_line(place, kMostOfPlaces) + ": ";
  if (text.size() > kMostOfPlaces) text = message_line(text, kMostOfPlaces);
  const size_t left = kWholeMessage - std::min(text.size(), kWholeMessage - kLeastOfTheFault);
  return text + message_line(fault, left);
}

// But for the case of ASCII letters.
bool equal_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

Error::Error(Blame blame, std::string place, std::string fault)
    : Error(blame, list_of(std::move(place)), std::move(fault)) {}

Error::Error(Blame blame, std::vector<std::string> places, std::string fault)
    : std::runtime_error(sentence(places, fault)),
      blame_(blame),
      places_(std::move(places)),
      fault_(std::move(fault)) {}

std::string Error::within() const {
  const std::span<const std::string> places(places_);
  return sentence(places.empty() ? places : places.subspan(1), fault_);
}

Error Error::at(const std::string& place) const {
  if (place.empty()) return *this;
  std::vector<std::string> places{place};
  places.insert(places.end(), places_.begin(), places_.end());
  return {blame_, std::move(places), fault_};
}

// A name of one letter is near to everything, and a name that has nothing in common with `wanted` is not near.
std::string suggestion(std::string_view wanted, const std::vector<std::string>& known) {
  constexpr size_t kTooShort = 2, kMostCompared = 1000;  // bytes: the distance takes their product
  if (wanted.size() > kMostCompared) return "";
  size_t nearest_distance = std::min(wanted.size(), std::max<size_t>(2, wanted.size() / 2) + 1);  // not all of it
  const std::string* nearest = nullptr;
  for (const std::string& name : known) {
    if (equal_but_for_case(wanted, name)) return fmt::format(" (did you mean '{}'?)", name);
    if (name.size() <= kTooShort || name.size() > kMostCompared) continue;
    const size_t distance = edit_distance(wanted, name);
    if (distance < nearest_distance) {
      nearest_distance = distance;
      nearest = &name;
    }
  }
  return nearest == nullptr ? "" : fmt::format(" (did you mean '{}'?)", *nearest);
}

}  // namespace phosphene
