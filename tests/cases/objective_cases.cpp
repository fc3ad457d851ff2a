#include "kernels/parameters.h"
#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

void add_linear_objectives(CaseList& list, const Shape& map) {
  const Operand activation = network(map), value = written(numbers(map.n));
  const Operand units = in_turn<UnitRow>(map.n, {{7, kWholeMap, kWholeMap, 2.F}, {3, 1, 2, -1.F}});
  const Operand one_channel = partly(16. / static_cast<double>(map.c), activation);  // a cache line of each position
  list.add("unit_objective", UnitObjectiveProblem{map}, {one_channel, units, value});
  list.add("unit_objective_backward", UnitObjectiveBackwardProblem{map}, {units, written(activation)});
  list.add("unit_objective_backward/scaled", UnitObjectiveBackwardProblem{map, DType::f32, true},
           {units, numbers(map.n), written(activation)});
  const Operand vectors = numbers(2 * map.c);
  const Operand directions =
      in_turn<DirectionRow>(map.n, {{.vector = 0, .power = 2, .weight = 2},
                                    {.vector = 1, .row = 1, .column = 2, .power = 1, .weight = 1},
                                    {.vector = 1, .power = 0, .weight = -1}});
  list.add("direction_objective", DirectionObjectiveProblem{map}, {activation, directions, vectors, value});
  list.add("direction_objective_backward", DirectionObjectiveBackwardProblem{map},
           {activation, directions, vectors, written(activation)});
}

void add_layer_objectives(CaseList& list, const Shape& map) {
  const Operand activation = network(map), value = written(numbers(map.n));
  const Operand layers = in_turn<LayerRow>(map.n, {{0.3F}, {-2}});
  list.add("layer_objective", LayerObjectiveProblem{map}, {activation, layers, value});
  list.add("layer_objective_backward", LayerObjectiveBackwardProblem{map}, {activation, layers, written(activation)});
  const Operand references = in_turn<ReferenceRow>(map.n, {{0.3F, 1}, {-2, 0}, {1, 2}});
  for (const auto& [name, kind] :
       {std::pair{"caricature", ReferenceKind::caricature}, {"inversion", ReferenceKind::inversion}}) {
    list.add(std::string("reference_objective/") + name, ReferenceObjectiveProblem{map, kind},
             {activation, activation, references, value, written(numbers(2 * map.n))});
  }
  list.add("reference_objective_backward", ReferenceObjectiveBackwardProblem{map},
           {activation, activation, numbers(2 * map.n), written(activation)});
}

// Products as layers/objective/diversity.cpp makes them: Gram matrices, or what crosses each image with each of the batch.
void add_matrix_products(CaseList& list, const Shape& map) {
  const int64_t p = map.h * map.w, c = map.c;
  MatrixProductsProblem gram, of_gram, cross;
  for (int64_t n = 0; n < map.n; ++n) {
    const int64_t own = n * p * c;
    gram.products.push_back({c, c, p, true, false, own, own, n * c * c, c, c, c, true});
    of_gram.products.push_back({p, c, c, false, false, own, n * c * c, own, c, c, c});
    cross.products.push_back({p, map.n * p, c, false, true, own, 0, n * p * map.n * p, c, c, map.n * p});
  }
  const Operand activation = network(map);
  const Operand grams = network(map.n * c * c);
  list.add("matrix_products/gram", gram, {activation, activation, written(numbers(grams.count))});
  list.add("matrix_products/times_gram", of_gram, {activation, grams, written(numbers(map))});
  list.add("matrix_products/cross", cross, {activation, activation, written(numbers(map.n * p * map.n * p))});
}

void add_diversity(CaseList& list, const Shape& map, int64_t group) {
  const int64_t p = map.h * map.w, c = map.c, n = map.n;
  const double seen = 0.5 * (1 + 1. / static_cast<double>(group));  // of pairs, those with i <= j
  for (const auto& [name, form] : {std::pair{"gram", DiversityForm::gram}, {"cross", DiversityForm::cross}}) {
    const Operand matrices = numbers(form == DiversityForm::gram ? n * c * c : n * p * group * p);
    Operand factors = matrices;
    factors.network = true;
    const double read = form == DiversityForm::gram ? 1 : seen;
    list.add(std::string("diversity_dots/") + name, DiversityDotsProblem{form, n, group, p, c},
             {partly(read, matrices), partly(seen, written(numbers(n * group)))});
    list.add(std::string("diversity_factors/") + name, DiversityFactorsProblem{form, n, group, p, c},
             {partly(read, matrices), numbers(n * group), written(factors)});
  }
  list.add("diversity_value", DiversityValueProblem{n, group},
           {unread(), unread(), positive(n * group), in_turn<DiversityRow>(n, {{0.3F}, {-2}}), written(numbers(n)),
            written(numbers(n * group))});
}

void add_style(CaseList& list, const Shape& map) {
  const int64_t p = map.h * map.w, c = map.c, n = map.n;
  const Operand grams = numbers(n * c * c), rows = in_turn<StyleRow>(n, {{-0.3F}, {-2}});
  for (const auto& [name, form] : {std::pair{"l1", StyleForm::l1}, {"l2", StyleForm::l2}}) {
    list.add(std::string("style/") + name, StyleProblem{form, n, 1, p, c},
             {unread(), grams, grams, rows, written(numbers(n)), written(numbers(n))});
    list.add(std::string("style_factors/") + name, StyleFactorsProblem{form, n, c},
             {grams, grams, numbers(n), written(network(grams.count))});
  }
}

}  // namespace

void add_objective_cases(CaseList& list) {
  const Shape map = list.map(512, 14);  // inception 4a
  add_linear_objectives(list, map);
  add_layer_objectives(list, map);
  add_matrix_products(list, map);
  add_style(list, map);
  if (list.images < 2) return;
  const int64_t group = list.real() ? list.images : 2;
  const Operand activation = network(map);
  const Operand aligned = in_turn<AlignmentRow>(map.n, {{0.7F, 1.5F}});
  list.add("alignment", AlignmentProblem{map, group}, {activation, aligned, written(numbers(map.n))});
  list.add("alignment_backward", AlignmentBackwardProblem{map, group}, {activation, aligned, written(activation)});
  const Operand value = numbers(map.n);
  list.add("product", ProductProblem{map.n, group},
           {value, value, in_turn<ProductRow>(map.n, {{2}, {-1}}), written(value), written(value), written(value)});
  add_diversity(list, map, group);
}

}  // namespace phosphene::cases
