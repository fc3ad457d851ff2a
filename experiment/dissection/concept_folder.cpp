#include "experiment/dissection/concept_folder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <set>

#include "experiment/dissection/csv_table.h"
#include "experiment/photos/label_png.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/photo_names.h"
#include "experiment/photos/resize.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostId = std::numeric_limits<uint16_t>::max();

int64_t parse_id(const std::string& text, const std::string& place) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id < 1 || id > kMostId)
    fail(place, "expected an id from 1 to {} (0 is for what has no label), got '{}'", kMostId, text);
  return id;
}

// The name of the masks of a photograph: its own without the ending.
std::string stem_of(const std::string& name) { return (fs::path(name).parent_path() / fs::path(name).stem()).string(); }

std::string images_of(const std::string& path) {
  if (!fs::is_directory(path)) fail(path, "is not a folder; expected one with concepts.csv, images and masks");
  if (!fs::exists(path + "/concepts.csv")) fail(path, "holds no concepts.csv; expected concepts.csv, images and masks");
  if (!fs::is_directory(path + "/images")) fail(path, "holds no folder images; expected photographs in it");
  return path + "/images";
}

// To the nearest pixel, in the way that resize_and_crop scales the photograph.
std::vector<uint16_t> nearest(const LabelPicture& mask, int64_t height, int64_t width) {
  const ScaledSize scaled = size_to_cover(mask.height, mask.width, height, width);
  std::vector<uint16_t> labels(static_cast<size_t>(height * width));
  const auto source = [](int64_t i, int64_t length, int64_t scaled_length, int64_t shown) {
    return (2 * (i + (scaled_length - shown) / 2) + 1) * length / (2 * scaled_length);
  };
  for (int64_t y = 0; y < height; ++y) {
    const int64_t row = source(y, mask.height, scaled.height, height) * mask.width;
    for (int64_t x = 0; x < width; ++x)
      labels[static_cast<size_t>(y * width + x)] =
          mask.labels[static_cast<size_t>(row + source(x, mask.width, scaled.width, width))];
  }
  return labels;
}

}  // namespace

ConceptFolder::ConceptFolder(const std::string& path) : path_(path), photographs_(images_of(path)) {
  read_concepts();
  find_planes();
  if (photographs_.after("", 1).empty()) fail(path_ + "/images", "contains no photograph (.jpg, .jpeg or .png)");
  check_masks();
  read_annotated();
}

void ConceptFolder::read_concepts() {
  const std::string file = path_ + "/concepts.csv";
  index_of_id_.assign(static_cast<size_t>(kMostId) + 1, 0);
  std::set<std::string> names;
  for (const CsvRow& row : read_csv(file, {"id", "name", "category"})) {
    const std::string place = fmt::format("{}: line {}", file, row.line);
    const Concept read{parse_id(row.cells[0], place), row.cells[1], row.cells[2]};
    uint16_t& index = index_of_id_[static_cast<size_t>(read.id)];
    if (index != 0) fail(place, "the id {} is '{}' already", read.id, concepts_[index - 1U].name);
    if (!names.insert(read.name).second) fail(place, "there is another concept called '{}'", read.name);
    concepts_.push_back(read);
    index = static_cast<uint16_t>(concepts_.size());
    auto category = std::find(categories_.begin(), categories_.end(), read.category);
    if (category == categories_.end()) category = categories_.insert(category, read.category);
    category_of_.push_back(static_cast<size_t>(category - categories_.begin()));
  }
}

void ConceptFolder::find_planes() {
  const std::string masks = path_ + "/masks";
  if (!fs::is_directory(masks)) fail(path_, "holds no folder masks; expected masks/PLANE/NAME.png for images/NAME.jpg");
  for (const fs::directory_entry& entry : fs::directory_iterator(masks)) {
    const std::string name = entry.path().filename().string();
    if (is_dust(name)) continue;
    if (!entry.is_directory())
      fail(entry.path().string(), "is not a folder; expected masks/PLANE/NAME.png for images/NAME.jpg");
    planes_.push_back(name);
  }
  if (planes_.empty()) fail(masks, "is empty; expected masks/PLANE/NAME.png for images/NAME.jpg");
  std::sort(planes_.begin(), planes_.end());
}

// Every mask has its photograph, or a name is mistyped.
void ConceptFolder::check_masks() const {
  constexpr const char* kEndings[] = {".jpg", ".png", ".jpeg", ".JPG", ".PNG", ".JPEG", ".jpe", ".jfif", ""};
  for (const std::string& plane : planes_) {
    const fs::path folder = path_ + "/masks/" + plane;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      stop_if_requested();
      const std::string path = entry.path().string();
      if (entry.is_directory() || is_dust(entry.path().filename().string())) continue;
      if (entry.path().extension() != ".png") fail(path, "is not a .png; expected masks of labels in this folder");
      const std::string stem = path_ + "/images/" + stem_of(entry.path().lexically_relative(folder).string());
      const bool there = std::any_of(std::begin(kEndings), std::end(kEndings),
                                     [&](const char* ending) { return fs::exists(stem + ending); });
      if (!there) fail(path, "has no photograph: expected {}.jpg or .png", stem);
    }
  }
}

void ConceptFolder::read_annotated() {
  const std::string file = path_ + "/annotated.csv";
  if (!fs::exists(file)) return;
  for (const CsvRow& row : read_csv(file, {"image", "category"})) {
    const std::string place = fmt::format("{}: line {}", file, row.line);
    const auto category = std::find(categories_.begin(), categories_.end(), row.cells[1]);
    if (category == categories_.end())
      fail(place, "no concept has the category '{}'{}", row.cells[1], suggestion(row.cells[1], categories_));
    std::vector<bool>& of_image = annotated_in_[row.cells[0]];
    if (of_image.empty()) {
      if (!fs::exists(photographs_.file(row.cells[0]))) fail(place, "there is no images/{}", row.cells[0]);
      of_image.resize(categories_.size());
    }
    of_image[static_cast<size_t>(category - categories_.begin())] = true;
  }
}

std::vector<bool> ConceptFolder::annotated(const std::string& name) const {
  if (annotated_in_.empty()) return std::vector<bool>(categories_.size(), true);
  const auto found = annotated_in_.find(name);
  if (found == annotated_in_.end())
    fail(path_ + "/annotated.csv", "says nothing of '{}'; expected a line for each category that was looked for", name);
  return found->second;
}

uint64_t ConceptFolder::fingerprint() const {
  uint64_t sum = 0;
  for (const Concept& one : concepts_) sum += name_key(fmt::format("{}\n{}\n{}", one.id, one.name, one.category));
  for (const std::string& plane : planes_) sum += name_key("\n" + plane);
  for (const auto& [name, categories] : annotated_in_)
    sum += name_key(fmt::format("{}\n{}", name, fmt::join(categories, "")));
  return sum;
}

std::vector<uint16_t> ConceptFolder::read_plane(const std::string& path, const std::string& name, int64_t photo_height,
                                                int64_t photo_width, const LabelPlanes& into) const {
  const LabelPicture mask = read_label_png(path);
  if (mask.height != photo_height || mask.width != photo_width)
    fail(path, "is {} x {} pixels, but its photograph '{}' is {} x {}", mask.width, mask.height, name, photo_width,
         photo_height);
  for (size_t i = 0; i < mask.labels.size(); ++i) {
    const uint16_t label = mask.labels[i], index = index_of_id_[label];
    if (label == 0 || (index != 0 && into.annotated[category_of_[index - 1U]])) continue;
    const int64_t row = static_cast<int64_t>(i) / mask.width, column = static_cast<int64_t>(i) % mask.width;
    if (index == 0) fail(path, "the label {} at row {}, column {} has no line in concepts.csv", label, row, column);
    fail(path, "has '{}', but annotated.csv does not say that '{}' was looked for in '{}'", concepts_[index - 1U].name,
         concepts_[index - 1U].category, name);
  }
  std::vector<uint16_t> plane = nearest(mask, into.height, into.width);
  for (uint16_t& label : plane) label = index_of_id_[label];
  for (const std::vector<uint16_t>& other : into.planes)  // a concept counts once at a pixel
    for (size_t i = 0; i < plane.size(); ++i)
      if (plane[i] == other[i]) plane[i] = 0;
  return plane;
}

LabelledPhotograph ConceptFolder::read(const std::string& name, int64_t height, int64_t width, Masks masks) const {
  const Photo photo = read_photo(photographs_.file(name));
  LabelledPhotograph read{resize_and_crop(photo, height, width), {height, width, {}, annotated(name)}};
  if (masks == Masks::left_out) return read;
  for (const std::string& plane : planes_) {
    const std::string path = fmt::format("{}/masks/{}/{}.png", path_, plane, stem_of(name));
    if (!fs::exists(path)) continue;
    read.labels.planes.push_back(read_plane(path, name, photo.height, photo.width, read.labels));
  }
  if (read.labels.planes.empty())
    fail(photographs_.file(name), "has no mask; expected {}/masks/{}/{}.png", path_,
         planes_.size() == 1 ? planes_.front() : "PLANE", stem_of(name));
  return read;
}

}  // namespace phosphene
