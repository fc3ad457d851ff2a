// A folder of labelled photographs:
//   concepts.csv             id,name,category: what the numbers in the masks mean; ids from 1 to 65535, a category for each
//   images/                  photographs, PNG or JPEG, in folders or not
//   masks/PLANE/NAME.png     for the photograph images/NAME.jpg: a pixel's number is the id of its concept, 0 for none. Of the photograph's
//                            size. Concepts that overlap stand in different planes; a photograph needs a mask in one of them at least.
//   annotated.csv            optional, image,category: a line for each category that was looked for in a photograph. Without it
//                            all were, in all.
// Nothing else decides anything: docs/dissection.md is for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "experiment/dissection/concept_counts.h"
#include "experiment/photos/photo_folder.h"
#include "runtime/tensor.h"

namespace phosphene {

struct Concept {
  int64_t id = 0;
  std::string name, category;
};

struct LabelledPhotograph {
  HostTensor image;    // planar 1 x 3 x height x width in [0, 1]
  LabelPlanes labels;  // of the same height and width; without planes where masks were not asked for
};

class ConceptFolder {
 public:
  // Reads the tables and looks at the names of all files, so that what is missing shows before any work. Throws one line.
  explicit ConceptFolder(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::vector<Concept>& concepts() const { return concepts_; }
  [[nodiscard]] const std::vector<std::string>& categories() const { return categories_; }
  [[nodiscard]] const std::vector<size_t>& category_of() const { return category_of_; }  // by concept: an index
  [[nodiscard]] const PhotoFolder& photographs() const { return photographs_; }
  // Another number, other tables.
  [[nodiscard]] uint64_t fingerprint() const;

  enum class Masks : uint8_t { read, left_out };
  // The photograph is scaled until its shorter side fits, and its middle is cut out; masks likewise, by the nearest pixel. Throws for
  // files that cannot be read, a photograph without masks, a mask of another size, and a label that has no concept, or one of a
  // category that was not looked for.
  [[nodiscard]] LabelledPhotograph read(const std::string& name, int64_t height, int64_t width, Masks masks) const;

 private:
  void read_concepts();
  void read_annotated();
  void find_planes();
  void check_masks() const;
  [[nodiscard]] std::vector<bool> annotated(const std::string& name) const;
  [[nodiscard]] std::vector<uint16_t> read_plane(const std::string& path, const std::string& name, int64_t photo_height,
                                                 int64_t photo_width, const LabelPlanes& into) const;

  std::string path_;
  PhotoFolder photographs_;
  std::vector<Concept> concepts_;
  std::vector<std::string> categories_;
  std::vector<size_t> category_of_;
  std::vector<uint16_t> index_of_id_;                      // index + 1; 0 where there is no such id
  std::vector<std::string> planes_;                        // names of the folders in masks/
  std::map<std::string, std::vector<bool>> annotated_in_;  // by photograph; empty without a table
};

}  // namespace phosphene
