// What the table's files share: sizes, and short words for operands.
#pragma once

#include <cstring>
#include <utility>

#include "tests/cases/case.h"

namespace phosphene::cases {

struct CaseList {
  Size size;
  int64_t images;
  std::vector<Case> cases;

  [[nodiscard]] bool real() const { return size == Size::real; }
  // A value of the network with the channels and the side that it has in reality.
  [[nodiscard]] Shape map(int64_t c, int64_t side) const {
    return real() ? Shape{images, c, side, side} : Shape{images, 149, 5, 6};
  }
  [[nodiscard]] Shape picture(int64_t c = 3) const {
    return real() ? Shape{images, c, 224, 224} : Shape{images, c, 12, 149};
  }
  [[nodiscard]] Shape spectrum() const {
    const Shape of = picture();
    return {of.n, of.c, 2 * of.h, of.w / 2 + 1 + of.w % 2};
  }
  void add(std::string name, Problem problem, std::vector<Operand> operands) {
    cases.push_back({std::move(name), std::move(problem), std::move(operands)});
  }
};

void add_network_cases(CaseList& list);
void add_arithmetic_cases(CaseList& list);
void add_activation_cases(CaseList& list);
void add_rearrange_cases(CaseList& list);
void add_convolution_cases(CaseList& list);
void add_image_cases(CaseList& list);
void add_objective_cases(CaseList& list);
void add_optimiser_cases(CaseList& list);

inline Operand numbers(int64_t count, float low = -2, float high = 2) {
  return {.count = count, .low = low, .high = high};
}
inline Operand numbers(const Shape& shape) { return numbers(shape.elements()); }
inline Operand positive(int64_t count) { return numbers(count, 0.1F, 1); }
inline Operand positive(const Shape& shape) { return positive(shape.elements()); }
inline Operand network(int64_t count) { return {.count = count, .network = true}; }
inline Operand network(const Shape& shape) { return network(shape.elements()); }

template <class T>
constexpr DType type_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, int64_t>) return DType::i64;
  return DType::u8;
}
template <class T>
Operand table(const std::vector<T>& rows) {
  const auto bytes = std::as_bytes(std::span<const T>(rows));
  return {
      .count = std::ssize(bytes) / size_of(type_of<T>()), .type = type_of<T>(), .table = {bytes.begin(), bytes.end()}};
}
// A stopped_at of nobody, or the number of a step.
inline Operand integers(int64_t count, int64_t value = 0) {
  return table(std::vector<int64_t>(static_cast<size_t>(count), value));
}
// Which row of `rows` an image has: each in turn.
template <class T>
Operand in_turn(int64_t count, const std::vector<T>& rows) {
  std::vector<T> repeated;
  for (int64_t i = 0; i < count; ++i) repeated.push_back(rows[static_cast<size_t>(i) % rows.size()]);
  return table(repeated);
}

inline Operand written(Operand operand) {
  operand.access = Access::written;
  return operand;
}
inline Operand updated(Operand operand) {
  operand.access = Access::updated;
  operand.passes = 2;
  return operand;
}
// Only part of what stands there is touched, once.
inline Operand partly(double share, Operand operand) {
  operand.passes = share;
  if (operand.access == Access::written) operand.access = Access::updated;
  return operand;
}
// An operand that a graph needs and the problem does not read.
inline Operand unread() { return {}; }

Weights random_weights(const std::vector<int64_t>& shape);

}  // namespace phosphene::cases
