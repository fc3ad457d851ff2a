// Rows and columns added around a map, or cut off it (formulas: kernels/pad.h).
#pragma once

#include "runtime/graph.h"
#include "runtime/problems/rearrange.h"

namespace phosphene {

// Rows and columns added at each side; negative ones are cut off.
struct Paddings {
  int64_t top = 0, left = 0, bottom = 0, right = 0;

  bool operator==(const Paddings&) const = default;
};

class Pad final : public Op {
 public:
  // `value`: of PadRule::constant, finite. Paddings are at most 65536. What is left of the map after cutting must not be empty, and
  // larger than a padding by reflection: `infer` refuses other maps.
  Pad(Paddings paddings, PadRule rule, float value = 0);

  [[nodiscard]] std::string_view kind() const override;  // "crop" where nothing is added
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] const Paddings& paddings() const { return paddings_; }
  [[nodiscard]] PadRule rule() const { return rule_; }
  [[nodiscard]] float value() const { return value_; }

 private:
  Paddings paddings_;
  PadRule rule_;
  float value_;
};

}  // namespace phosphene
