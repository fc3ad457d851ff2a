#include "experiment/config/sweep.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "experiment/objective/term.h"
#include "loaders/json_text.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// The values of an axis at one index, as one text.
std::string row_text(const SweepAxis& axis, size_t index) {
  std::string text;
  for (const SweptKey& key : axis.keys) text += json_text(key.at(index)) + "\n";
  return text;
}

std::string names_of(const SweepAxis& axis) {
  std::vector<std::string> pointers;
  for (const SweptKey& key : axis.keys) pointers.push_back(fmt::format("'{}'", key.pointer));
  return fmt::format("{}", fmt::join(pointers, " with "));
}

std::string in_words(const SweepAxis& axis, size_t index) {
  std::vector<std::string> values;
  for (const SweptKey& key : axis.keys) values.push_back(json_text(key.at(index)));
  return fmt::format("{}", fmt::join(values, " with "));
}

std::string missing_in_axis(const SweepAxis& now, const SweepAxis& before) {
  if (now.keys.front().all) return "";
  if (before.keys.front().all) return fmt::format("{} were all", names_of(before));
  std::unordered_map<std::string, size_t> rows;
  for (size_t i = 0; i < now.size(); ++i) rows.emplace(row_text(now, i), i);
  for (size_t i = 0; i < before.size(); ++i)
    if (!rows.contains(row_text(before, i))) return fmt::format("{} had {}", names_of(before), in_words(before, i));
  return "";
}

std::string missing_variant(const Sweep& now, const Sweep& before) {
  if (before.variants.empty() != now.variants.empty()) return "one has variants, the other has none";
  for (const auto& variant : before.variants) {
    const auto same = std::find_if(now.variants.begin(), now.variants.end(),
                                   [&](const auto& one) { return one.first == variant.first; });
    if (same == now.variants.end()) return fmt::format("it had the variant '{}'", variant.first);
    if (*same->second != *variant.second)
      return fmt::format("the variant '{}' was {}", variant.first, json_text(*variant.second));
  }
  return "";
}

}  // namespace

size_t SweptKey::size() const { return list != nullptr ? list->size() : static_cast<size_t>(count); }

Json SweptKey::at(size_t index) const {
  return list != nullptr ? (*list)[index] : Json(first + static_cast<int64_t>(index) * step);
}

size_t Sweep::combinations() const {
  size_t count = 1;
  for (const SweepAxis& axis : axes) count *= axis.size();
  return count;
}

size_t Sweep::jobs() const { return combinations() * std::max<size_t>(1, variants.size()); }

size_t Sweep::jobs_at_least() const {
  size_t count = std::max<size_t>(1, variants.size());
  for (const SweepAxis& axis : axes) count *= axis.keys.front().all ? 1 : axis.size();
  return count;
}

std::vector<std::pair<std::string, Json>> Sweep::values(size_t combination) const {
  std::vector<size_t> indices(axes.size());
  for (size_t i = axes.size(); i-- > 0; combination /= axes[i].size()) indices[i] = combination % axes[i].size();
  std::vector<std::pair<std::string, Json>> values;
  for (size_t i = 0; i < axes.size(); ++i)
    for (const SweptKey& key : axes[i].keys) values.emplace_back(key.pointer, key.at(indices[i]));
  return values;
}

std::string missing_in(const Sweep& now, const Sweep& before) {
  if (now.axes.size() > before.axes.size()) return fmt::format("{} was no axis", names_of(now.axes.back()));
  for (const SweepAxis& axis : before.axes) {
    const auto same = std::find_if(now.axes.begin(), now.axes.end(),
                                   [&](const SweepAxis& one) { return names_of(one) == names_of(axis); });
    if (same == now.axes.end()) return fmt::format("{} was an axis", names_of(axis));
    std::string missing = missing_in_axis(*same, axis);
    if (!missing.empty()) return missing;
  }
  return missing_variant(now, before);
}

struct JobOrder::Axis {
  std::vector<std::string> keys;                    // of the jobs' values
  std::unordered_map<std::string, size_t> indices;  // by the values' texts
  bool all = false;                                 // units are their own places

  [[nodiscard]] size_t size() const { return all ? kMaxUnits : indices.size(); }
  [[nodiscard]] size_t index_of(const Json& values) const {
    if (all) return values.contains(keys.front()) ? values[keys.front()].get<size_t>() : size();
    std::string text;
    for (const std::string& key : keys) {
      if (!values.contains(key)) return indices.size();
      text += json_text(values[key]) + "\n";
    }
    const auto found = indices.find(text);
    return found == indices.end() ? indices.size() : found->second;
  }
};

JobOrder::JobOrder(const Sweep& sweep) : jobs_(sweep.jobs()) {
  if (!sweep.variants.empty()) {
    auto variants = std::make_shared<Axis>();
    variants->keys = {"variant"};
    for (const auto& [name, keys] : sweep.variants)
      variants->indices.emplace(json_text(Json(name)) + "\n", variants->indices.size());
    axes_.push_back(std::move(variants));
  }
  for (const SweepAxis& axis : sweep.axes) {
    auto values = std::make_shared<Axis>();
    for (const SweptKey& key : axis.keys) values->keys.push_back(key.pointer);
    values->all = axis.keys.front().all;
    for (size_t i = 0; i < axis.size() && !values->all; ++i) values->indices.emplace(row_text(axis, i), i);
    axes_.push_back(std::move(values));
  }
}

size_t JobOrder::index_of(const Json& values) const {
  size_t index = 0;
  for (const auto& axis : axes_) {
    const size_t at = axis->index_of(values);
    if (at >= axis->size()) return jobs_;
    index = index * axis->size() + at;
  }
  return index;
}

}  // namespace phosphene
