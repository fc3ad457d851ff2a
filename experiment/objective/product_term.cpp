#include "experiment/objective/product_term.h"

#include "experiment/objective/unit_term.h"
#include "layers/objective/product_objective.h"
#include "layers/objective/unit_objective.h"

namespace phosphene {
namespace {

class ProductTerm final : public Term {
 public:
  std::vector<std::shared_ptr<UnitTerm>> factors;

  [[nodiscard]] std::vector<LayerRead> reads() const override {
    std::vector<LayerRead> reads;
    for (const auto& factor : factors) reads.push_back(factor->reads().front());
    return reads;
  }
  [[nodiscard]] std::string name() const override { return factors[0]->name() + "+" + factors[1]->name(); }
  [[nodiscard]] std::string words() const override { return factors[0]->words() + " × " + factors[1]->words(); }
  [[nodiscard]] std::optional<int64_t> unit() const override { return factors[0]->unit(); }
  [[nodiscard]] std::string label() const override { return factors[0]->label(); }
  void set_images(const std::vector<int64_t>& some) override {
    images = some;
    for (const auto& factor : factors) factor->set_images(some);
  }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override;
};

class ProductOps final : public TermOps {
 public:
  ProductOps(const TermContext& context, const ProductTerm& term)
      : model_(context.model), index_(context.index), rows_(context.name() + " rows") {
    std::vector<ValueId> src;
    for (size_t factor = 0; factor < term.factors.size(); ++factor) {
      activations_.push_back(term.factors[factor]->append_activation(context, factor));
      const ValueId rows = context.graph.state(rows_of(factor), unit_rows(context.n()));
      src.push_back(context.graph.append(std::make_shared<UnitObjective>(true), {activations_.back().value, rows},
                                         context.name() + " factor"));
    }
    src.push_back(context.graph.state(rows_, product_rows(context.n())));
    value_ = context.graph.append_all(std::make_shared<ProductObjective>(context.group()), src, context.name()).front();
  }

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<BatchImage>& images) const override {
    std::vector<ProductRow> rows;
    for (const BatchImage& image : images)
      rows.push_back({static_cast<float>(term_of<ProductTerm>(image, index_).weight)});
    if (states != nullptr) states->write(rows_, rows);
    for (size_t factor = 0; factor < activations_.size(); ++factor) {
      std::vector<UnitRow> units;
      for (const BatchImage& image : images) {
        units.push_back(
            term_of<ProductTerm>(image, index_).factors.at(factor)->row(model_, activations_[factor], image));
      }
      if (states != nullptr) states->write(rows_of(factor), units);
    }
  }

 private:
  [[nodiscard]] std::string rows_of(size_t factor) const { return fmt::format("{} of factor {}", rows_, factor); }

  const Model& model_;
  size_t index_;
  std::string rows_;
  std::vector<UnitActivation> activations_;
  ValueId value_ = kNoValue;
};

std::unique_ptr<TermOps> ProductTerm::append(const TermContext& context) const {
  return std::make_unique<ProductOps>(context, *this);
}

}  // namespace

TermKind product_kind() {
  const auto made = [](std::vector<std::shared_ptr<UnitTerm>> factors) {
    ProductTerm term;
    term.factors = std::move(factors);
    return term;
  };
  return term_kind("product",
                   "Two units, multiplied: both are wanted at once. Take them behind their ReLUs, because two negative "
                   "values would do as well.",
                   converted(list(unit_value(), 2, 2), made));
}

}  // namespace phosphene
