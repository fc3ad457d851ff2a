#include "experiment/dissection/dissection_report.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "experiment/dissection/csv_table.h"
#include "experiment/dissection/rotation_curve.h"
#include "experiment/dissection/scores.h"
#include "experiment/pages/dissection_page.h"
#include "experiment/pages/page.h"
#include "experiment/photos/photo_file.h"
#include "loaders/json_text.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr size_t kDrawnUnits = 200;

// A mean over permutations; null without any.
template <class Number>
Json mean_over(const std::vector<ConceptCounts>& permutations, const Number& number) {
  if (permutations.empty()) return nullptr;
  double sum = 0;
  for (const ConceptCounts& counts : permutations) sum += static_cast<double>(number(counts));
  return sum / static_cast<double>(permutations.size());
}

Json to_json(const BasisScores& scores) {
  return {{"detectors", scores.detectors},
          {"unique_detectors", scores.unique_detectors},
          {"concepts_covered", scores.concepts_covered},
          {"mean_best_iou", scores.mean_best_iou}};
}

Json best_per_concept(const BasisScores& scores) {
  Json list = Json::array();
  for (const std::optional<BestUnit>& best : scores.per_concept) list.push_back(best ? best->iou : 0);
  return list;
}

// The units as the first point of the curve of rotations.
Json units_as_basis(const Basis& units, const ConceptCounts& counts) {
  const BasisScores scores = score_basis(counts, units.first, units.count);
  return {{"mean_diagonal", 1}, {"summary", to_json(scores)}, {"best_per_concept", best_per_concept(scores)}};
}

// Units by their IoU, the highest first.
std::vector<size_t> by_iou(const Json& units) {
  std::vector<size_t> order(units.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return units[a]["iou"].get<double>() > units[b]["iou"].get<double>(); });
  return order;
}

// Dark, but for the pixels of the unit.
Photo shaded(const HostTensor& image, std::span<const uint32_t> pixels) {
  Photo photo = to_photo(image);
  std::vector<char> lit(photo.rgb.size() / 3, 0);
  for (const uint32_t pixel : pixels) lit[pixel] = 1;
  for (size_t i = 0; i < photo.rgb.size(); ++i)
    if (lit[i / 3] == 0) photo.rgb[i] = static_cast<uint8_t>(photo.rgb[i] * 2 / 5);
  return photo;
}

}  // namespace

Json DissectionReport::concepts() const {
  const size_t units = maps_.units().size();
  const BasisScores scores = score_basis(state_.counts, 0, units);
  std::vector<BasisScores> by_chance;
  for (const ConceptCounts& counts : state_.chance) by_chance.push_back(score_basis(counts, 0, units));
  Json list = Json::array();
  for (size_t i = 0; i < data_.concepts().size(); ++i) {
    const Concept& about = data_.concepts()[i];
    const std::optional<BestUnit>& best = scores.per_concept[i];
    double chance = 0;
    for (const BasisScores& other : by_chance)
      chance += other.per_concept[i] ? other.per_concept[i]->iou / static_cast<double>(by_chance.size()) : 0;
    list.push_back({{"id", about.id},
                    {"name", about.name},
                    {"category", about.category},
                    {"pixels", state_.counts.concept_pixels(i)},
                    {"share", state_.counts.share(i)},
                    {"best_iou", best ? best->iou : 0},
                    {"best_unit", best ? Json(maps_.units()[best->unit]) : Json()},
                    {"chance", by_chance.empty() ? Json() : Json(chance)}});
  }
  return list;
}

// What is known of every row.
Json DissectionReport::scored(size_t row) const {
  const std::optional<BestConcept> best = best_concept(state_.counts, row);
  const QuantileBin& bin = state_.refinement->bins()[row];
  const double error =
      options_.approximate ? static_cast<double>(bin.inside) / static_cast<double>(state_.positions) : 0;
  Json chance;
  for (const ConceptCounts& counts : state_.chance) {
    const std::optional<BestConcept> other = best_concept(counts, row);
    chance = std::max(chance.is_null() ? 0 : chance.get<double>(), other ? other->iou : 0);
  }
  return {{"threshold", state_.thresholds[row]},
          {"rank_error", error},
          {"concept", best ? Json(data_.concepts()[best->index].id) : Json()},
          {"iou", best ? best->iou : 0},
          {"chance", chance},
          {"pixels", state_.counts.unit_pixels(row, best ? best->index : 0)},
          {"detector", best && best->iou > kDetectorIou}};
}

Json DissectionReport::unit(size_t row) const {
  Json unit = {{"unit", maps_.units()[row]}};
  unit.update(scored(row));
  unit["examples"] = Json::array();
  for (const Example& example : state_.top[row].sorted())
    unit["examples"].push_back({{"photograph", example.photograph.name}, {"activation", example.response.activation}});
  return unit;
}

Json DissectionReport::summary(const Basis& basis) const {
  Json all = to_json(score_basis(state_.counts, basis.first, basis.count));
  const auto mean = [&](const auto& member) {
    return mean_over(state_.chance, [&](const ConceptCounts& counts) {
      return score_basis(counts, basis.first, basis.count).*member;
    });
  };
  all["by_chance"] = {{"detectors", mean(&BasisScores::detectors)},
                      {"unique_detectors", mean(&BasisScores::unique_detectors)},
                      {"concepts_covered", mean(&BasisScores::concepts_covered)},
                      {"mean_best_iou", mean(&BasisScores::mean_best_iou)}};
  return all;
}

Json DissectionReport::basis(const Basis& basis) const {
  Json json = {{"kind", name_of(basis.kind)}};
  if (basis.kind == BasisKind::rotation) json["alpha"] = basis.alpha;
  if (basis.kind != BasisKind::file) json["seed"] = basis.seed;
  if (basis.kind == BasisKind::rotation) json["mean_diagonal"] = basis.mean_diagonal;
  json["summary"] = summary(basis);
  json["best_per_concept"] = best_per_concept(score_basis(state_.counts, basis.first, basis.count));
  if (basis.kind == BasisKind::rotation) return json;
  json["directions"] = Json::array();
  for (size_t i = 0; i < basis.count; ++i) {
    Json direction = {{"name", basis.kind == BasisKind::file ? basis.names[i] : std::to_string(i)}};
    direction.update(scored(basis.first + i));
    json["directions"].push_back(std::move(direction));
  }
  return json;
}

Json DissectionReport::record(const Json& asked) const {
  Json record = asked;
  record["data"] = options_.data;
  record["backend"] = state_.backend;
  record["photographs"] = state_.all;
  record["positions"] = state_.positions;
  record["summary"] = summary(bases_.front());
  for (size_t i = 1; i < bases_.size(); ++i) record["bases"].push_back(basis(bases_[i]));
  if (!options_.rotations.empty())
    record["curve"] = rotation_curve(record, units_as_basis(bases_.front(), state_.counts), options_.alphas);
  record["concepts"] = concepts();
  record["units"] = Json::array();
  int64_t pixels = 0;
  for (size_t row = 0; row < maps_.units().size(); ++row) {
    record["units"].push_back(unit(row));
    for (size_t i = 0; i < data_.concepts().size(); ++i) pixels += state_.counts.unit_pixels(row, i);
  }
  if (pixels == 0)
    fail(options_.data, "no unit of '{}' exceeds its threshold in any of the {} photographs", options_.layer,
         state_.all);
  return record;
}

void DissectionReport::draw(std::span<const Wanted> photographs) {
  std::vector<HostTensor> images;
  std::vector<const HostTensor*> pointers;
  for (const Wanted& wanted : photographs)
    images.push_back(
        data_.read(wanted.photograph, maps_.height(), maps_.width(), ConceptFolder::Masks::left_out).image);
  for (const HostTensor& image : images) pointers.push_back(&image);
  const std::vector<std::vector<float>> maps = maps_.of(pointers);
  for (size_t i = 0; i < images.size(); ++i) {
    for (const auto& [row, picture] : photographs[i].pictures) {
      std::vector<float> map;
      for (size_t at = row; at < maps[i].size(); at += maps_.rows()) map.push_back(maps[i][at]);
      write_jpeg(options_.out + "/" + picture, shaded(images[i], above_.find(map, state_.thresholds[row])));
    }
  }
}

bool DissectionReport::draw_pictures(Json& record) {
  std::map<std::string, std::vector<std::pair<size_t, std::string>>> by_photograph;  // each is read once
  const std::vector<size_t> order = by_iou(record["units"]);
  for (size_t i = 0; i < std::min(order.size(), kDrawnUnits); ++i) {
    Json& unit = record["units"][order[i]];
    for (size_t rank = 0; rank < unit["examples"].size(); ++rank) {
      Json& example = unit["examples"][rank];
      const std::string picture = fmt::format("pictures/{}_{}.jpg", unit["unit"].get<int64_t>(), rank + 1);
      example["picture"] = picture;
      by_photograph[example["photograph"].get<std::string>()].emplace_back(order[i], picture);
    }
  }
  make_folder(options_.out + "/pictures");
  std::vector<Wanted> all;
  for (auto& [name, pictures] : by_photograph) all.push_back({name, std::move(pictures)});
  const auto start = std::chrono::steady_clock::now();
  for (size_t first = 0; first < all.size(); first += maps_.batch()) {
    if (options_.stop != nullptr && options_.stop->load()) return false;
    const size_t end = std::min(first + maps_.batch(), all.size());
    draw({all.data() + first, end - first});
    if (options_.progress == nullptr || !options_.progress->due()) continue;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    options_.progress->on_status(
        fmt::format("drawing: {}/{} photographs  {}", end, all.size(), printable(all[end - 1].photograph)),
        seconds / static_cast<double>(end) * static_cast<double>(all.size() - end));
  }
  return true;
}

void DissectionReport::write_table(const Json& record) const {
  std::map<int64_t, const Concept*> by_id;
  for (const Concept& about : data_.concepts()) by_id[about.id] = &about;
  std::string text = "unit,threshold,concept,name,category,iou,chance,pixels,detector\n";
  for (const Json& unit : record["units"]) {
    const Concept* about = unit["concept"].is_null() ? nullptr : by_id.at(unit["concept"].get<int64_t>());
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{}\n", unit["unit"].get<int64_t>(), unit["threshold"].get<float>(),
                    about != nullptr ? std::to_string(about->id) : "", about != nullptr ? csv_cell(about->name) : "",
                    about != nullptr ? csv_cell(about->category) : "", unit["iou"].get<double>(),
                    unit["chance"].is_null() ? "" : fmt::format("{}", unit["chance"].get<double>()),
                    unit["pixels"].get<int64_t>(), unit["detector"].get<bool>() ? 1 : 0);
  }
  write_file(options_.out + "/units.csv", text);
}

std::string DissectionReport::write(const Json& record) const {
  make_folder(options_.out);
  write_file(options_.out + "/dissection.json", json_text(record, 1) + "\n");
  write_table(record);
  std::string path = options_.out + "/dissection.html";
  Json page = record;
  if (record.contains("curve")) {
    page["chart"] = rotation_chart(record);
    write_file(options_.out + "/rotations.svg", page["chart"].get<std::string>() + "\n");
  }
  write_file(path, page_with(kDissectionPage, page));
  return path;
}

}  // namespace phosphene
