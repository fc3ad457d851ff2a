#include "experiment/config/picture_names.h"

#include <algorithm>
#include <string_view>

namespace phosphene {
namespace {

size_t digits_of(int64_t number) { return std::to_string(number).size(); }

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

// The names of the objective's terms, for people: "inception_4a_output-pre_97".
std::string name_of(const Objective& objective) {
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

// A variant's name says enough where it has one job only.
std::string base_name(const Config& config, size_t values) {
  constexpr std::string_view kStopped = ".stopped";  // NAME.stopped.json says that NAME was given up
  std::string name = as_file_name(config.variant);
  if (name.empty() || values != 1) name += (name.empty() ? "" : "_") + name_of(config.objective);
  if (name.ends_with(kStopped)) name[name.size() - kStopped.size()] = '_';
  return as_whole_file_name(name);
}

std::vector<std::string> with_images(const std::string& base, int64_t images) {
  if (images == 1) return {base};
  std::vector<std::string> names;
  for (int64_t image = 0; image < images; ++image)
    names.push_back(fmt::format("{}_image{:0{}}", base, image, digits_of(images - 1)));
  return names;
}

}  // namespace

std::string snapshot_name(const std::string& picture, int64_t step) { return fmt::format("{}_{}", picture, step); }

PictureNames::PictureNames(size_t jobs) : digits_(digits_of(static_cast<int64_t>(jobs > 0 ? jobs - 1 : 0))) {}

bool PictureNames::are_free(const std::vector<std::string>& names, const std::vector<int64_t>& snapshots) const {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return taken_.is_free(name) && std::all_of(snapshots.begin(), snapshots.end(),
                                               [&](int64_t step) { return taken_.is_free(snapshot_name(name, step)); });
  });
}

std::vector<std::string> PictureNames::next(const Config& config, size_t values) {
  const std::string base = base_name(config, values);
  const int64_t images = config.image.images;
  std::vector<std::string> names = with_images(base, images);
  const std::string numbered = fmt::format("{}_job{:0{}}", base, job_, digits_);
  for (int64_t attempt = 1; !are_free(names, config.snapshots); ++attempt)
    names = with_images(attempt == 1 ? numbered : fmt::format("{}_{}", numbered, attempt), images);
  for (const std::string& name : names) {
    taken_.add(name);
    for (const int64_t step : config.snapshots) taken_.add(snapshot_name(name, step));
  }
  ++job_;
  return names;
}

}  // namespace phosphene
