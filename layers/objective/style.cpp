#include "layers/objective/style.h"

#include "layers/objective/matrix_products.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

// Sets of images, each a matrix of positions x channels.
struct Sets {
  int64_t count, images, positions, c;

  Sets(const Shape& shape, int64_t images_per_set)
      : count(shape.n / images_per_set), images(images_per_set), positions(images * shape.h * shape.w), c(shape.c) {}

  [[nodiscard]] TensorInfo matrices(DType storage) const { return {{count, 1, c, c}, Layout::planar, storage}; }

  [[nodiscard]] std::vector<MatrixProduct> grams() const {
    std::vector<MatrixProduct> products;
    for (int64_t set = 0; set < count; ++set) {
      const int64_t own = set * positions * c;
      products.push_back({c, c, positions, true, false, own, own, set * c * c, c, c, c, true});
    }
    return products;
  }

  // F M
  [[nodiscard]] std::vector<MatrixProduct> gradients() const {
    std::vector<MatrixProduct> products;
    for (int64_t set = 0; set < count; ++set) {
      const int64_t own = set * positions * c;
      products.push_back({positions, c, c, false, false, own, set * c * c, own, c, c, c});
    }
    return products;
  }
};

class StyleFactorsOp final : public Op {
 public:
  StyleFactorsOp(StyleForm form, const Sets& sets, DType storage) : form_(form), sets_(sets), storage_(storage) {}
  [[nodiscard]] std::string_view kind() const override { return "style factors"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {sets_.matrices(storage_)};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return StyleFactorsProblem{form_, sets_.count, sets_.c, storage_};
  }

 private:
  StyleForm form_;
  Sets sets_;
  DType storage_;
};

// Reads the activation for its gradient alone.
class StyleObjective final : public Op {
 public:
  StyleObjective(StyleForm form, const Sets& sets) : form_(form), sets_(sets) {}
  [[nodiscard]] std::string_view kind() const override { return "style"; }
  [[nodiscard]] bool is_objective() const override { return true; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    const int64_t n = src[0].shape.n;
    if (src[1] != src[2] || src[3] != style_rows(n)) fail_internal("", "style with rows {}", to_string(src[3].shape));
    return {{{n, 1, 1, 1}, Layout::channels_last, DType::f32}, {{sets_.count, 1, 1, 1}, Layout::planar, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return StyleProblem{form_, sets_.count, sets_.images, sets_.positions, sets_.c};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    Graph& graph = differentiator.graph();
    const TensorInfo info = graph.info(node.src[0]);
    const std::string name = "grad " + node.layer;
    const ValueId factors = graph.append(std::make_shared<StyleFactorsOp>(form_, sets_, info.dtype),
                                         {node.src[1], node.src[2], node.dst[1]}, name + " factors");
    differentiator.contribute(node.src[0], graph.append(std::make_shared<MatrixProducts>(sets_.gradients(), info),
                                                        {node.src[0], factors}, name));
  }

 private:
  StyleForm form_;
  Sets sets_;
};

}  // namespace

TensorInfo style_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(StyleRow)), 1, 1}, Layout::channels_last, DType::u8};
}

ValueId append_grams(Graph& graph, ValueId value, int64_t images_per_set, const std::string& name) {
  const TensorInfo info = graph.info(value);
  if (info.layout != Layout::channels_last || info.shape.n % images_per_set != 0)
    fail_internal(name, "Gram matrices of {} in sets of {}", to_string(info.shape), images_per_set);
  const Sets sets(info.shape, images_per_set);
  return graph.append(std::make_shared<MatrixProducts>(sets.grams(), sets.matrices(DType::f32)), {value, value}, name);
}

ValueId append_style(Graph& graph, ValueId activation, ValueId reference_grams, ValueId rows, StyleForm form,
                     int64_t images_per_set, const std::string& name) {
  const ValueId grams = append_grams(graph, activation, images_per_set, name + " gram matrices");
  const Sets sets(graph.shape(activation), images_per_set);
  return graph
      .append_all(std::make_shared<StyleObjective>(form, sets), {activation, grams, reference_grams, rows}, name)
      .front();
}

}  // namespace phosphene
