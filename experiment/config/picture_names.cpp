#include "experiment/config/picture_names.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "experiment/config/config.h"
#include "loaders/json_text.h"
#include "runtime/file_names.h"

namespace phosphene {
namespace {

// Of the whole numbers that a sweep runs through. Their number of digits may not depend on the other values: a sweep may grow.
constexpr size_t kDigits = 4;

size_t digits_of(int64_t number) { return std::to_string(number).size(); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string padded(const std::string& digits) {
  return digits.size() < kDigits ? std::string(kDigits - digits.size(), '0') + digits : digits;
}

// "+" stays between the parts of a term.
std::string as_term_name(std::string_view term) {
  std::string name;
  for (size_t at = 0; at <= term.size();) {
    const size_t plus = std::min(term.find('+', at), term.size());
    name += as_file_name(term.substr(at, plus - at));
    if (plus < term.size()) name += '+';
    at = plus + 1;
  }
  return name;
}

// The numbers of units, at the ends of terms, as long as others of their layer: "a_97+b_5" becomes "a_0097+b_0005".
std::string with_padded_units(const std::string& words) {
  std::string name;
  for (size_t at = 0; at <= words.size();) {
    const size_t plus = std::min(words.find('+', at), words.size());
    const std::string term = words.substr(at, plus - at);
    const auto first =
        static_cast<size_t>(std::find_if_not(term.rbegin(), term.rend(), is_digit).base() - term.begin());
    const bool numbered = first > 0 && first < term.size() && term[first - 1] == '_';
    name += numbered ? term.substr(0, first) + padded(term.substr(first)) : term;
    if (plus < words.size()) name += '+';
    at = plus + 1;
  }
  return name;
}

std::string value_in_words(const Json& value) {
  if (value.is_number_integer()) {
    const std::string text = value.dump();
    return text.front() == '-' ? "-" + padded(text.substr(1)) : padded(text);
  }
  if (value.is_string()) return as_file_name(value.get<std::string>());
  if (value.is_array() && value.size() < 5 &&
      std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_number(); })) {
    std::string words;
    for (const Json& one : value) words += (words.empty() ? "" : "-") + one.dump();
    return words;
  }
  if (value.is_object() && value.size() == 1) {
    const Json& inside = value.begin().value();
    return as_file_name(value.begin().key()) + (inside.empty() ? "" : "_" + value_in_words(inside));
  }
  return value.is_structured() ? short_hash(json_text(value)) : as_file_name(value.dump());
}

// "_seed_0003": the pointer's last name, and the value.
std::string swept_in_words(const std::string& pointer, const Json& value) {
  size_t end = pointer.size(), slash = pointer.rfind('/');
  while (slash > 0 && std::all_of(pointer.begin() + static_cast<ptrdiff_t>(slash) + 1,
                                  pointer.begin() + static_cast<ptrdiff_t>(end), is_digit)) {
    end = slash;
    slash = pointer.rfind('/', end - 1);
  }
  return "_" + as_file_name(pointer.substr(slash + 1, end - slash - 1)) + "_" + value_in_words(value);
}

std::vector<std::string> with_images(const std::string& base, int64_t images) {
  if (images == 1) return {base};
  std::vector<std::string> names;
  for (int64_t image = 0; image < images; ++image)
    names.push_back(fmt::format("{}_image{:0{}}", base, image, digits_of(images - 1)));
  return names;
}

uint64_t hash_of(const std::string& name) { return std::hash<std::string>()(folded_name(name)); }

}  // namespace

std::string words_of(const Objective& objective) {
  constexpr size_t kLongEnough = 80;  // bytes
  std::string name;
  for (const TermPtr& term : objective.terms) {
    if (name.size() > kLongEnough) break;
    if (!term->leads()) continue;
    if (!name.empty()) name += '+';
    name += as_term_name(term->name());
  }
  return name;
}

std::string snapshot_name(const std::string& picture, int64_t step, int64_t steps) {
  return fmt::format("{}_step{:0{}}", picture, step, digits_of(steps));
}

// A variant's name says enough where it has one job only.
std::string PictureNames::base(const Config& config, const Json& values) const {
  constexpr std::string_view kStopped = ".stopped";  // NAME.stopped.json says that NAME was given up
  const size_t swept = values.size() - (values.contains("variant") ? 1 : 0);
  std::string name = as_file_name(config.variant);
  if (name.empty() || swept > 0) {
    const std::string words = words_of(config.objective);
    name += (name.empty() ? "" : "_") + (swept > 0 ? with_padded_units(words) : words);
  }
  for (const std::string& pointer : spelled_) name += swept_in_words(pointer, values.at(pointer));
  if (name.ends_with(kStopped)) name[name.size() - kStopped.size()] = '_';
  return as_whole_file_name(name);
}

std::vector<std::string> PictureNames::of(const Config& config, const Json& values) const {
  std::string name = base(config, values);
  if (twins_.contains(hash_of(name))) {
    const std::string hash = "_" + short_hash(json_text(values));
    name = as_whole_file_name(name, kMostOfAFileName - hash.size()) + hash;
  }
  return with_images(name, config.image.images);
}

void PictureNames::keep_apart(const Config& config, const Json& values) {
  const std::string name = base(config, values);
  const uint64_t own = hash_of(name);
  const auto take = [&](const std::string& one) {
    const auto [found, is_new] = owners_.try_emplace(hash_of(one), own);
    if (!is_new) twins_.insert({own, found->second});
  };
  for (const std::string& one : with_images(name, config.image.images)) {
    take(one);
    for (const int64_t step : config.snapshots) take(snapshot_name(one, step, config.steps_of_all_phases()));
  }
}

}  // namespace phosphene
