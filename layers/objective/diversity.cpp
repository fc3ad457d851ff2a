#include "layers/objective/diversity.h"

#include "layers/objective/matrix_products.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

struct Sizes {
  int64_t images, group, positions, c;

  Sizes(const Shape& shape, int64_t group_size)
      : images(shape.n), group(group_size), positions(shape.h * shape.w), c(shape.c) {}

  // F^T F of each image, or, for each image i of a group, F_i F_j^T of all j from i on.
  [[nodiscard]] std::vector<MatrixProduct> matrices(DiversityForm form) const {
    std::vector<MatrixProduct> products;
    for (int64_t image = 0; image < images; ++image) {
      const int64_t own = image * positions * c, rest = group - image % group, pitch = group * positions;
      if (form == DiversityForm::gram) {
        products.push_back({c, c, positions, true, false, own, own, image * c * c, c, c, c, true});
      } else {
        const int64_t dst = image * positions * pitch + (group - rest) * positions;
        products.push_back({positions, rest * positions, c, false, true, own, own, dst, c, c, pitch});
      }
    }
    return products;
  }

  // F_i M_i, or the factors of image i times the whole group's F.
  [[nodiscard]] std::vector<MatrixProduct> gradients(DiversityForm form) const {
    std::vector<MatrixProduct> products;
    for (int64_t image = 0; image < images; ++image) {
      const int64_t own = image * positions * c, pitch = group * positions;
      if (form == DiversityForm::gram) {
        products.push_back({positions, c, c, false, false, own, image * c * c, own, c, c, c});
      } else {
        const int64_t first = (image - image % group) * positions * c;
        products.push_back({positions, c, pitch, false, false, image * positions * pitch, first, own, pitch, c, c});
      }
    }
    return products;
  }

  [[nodiscard]] TensorInfo matrices_info(DiversityForm form, DType storage) const {
    if (form == DiversityForm::gram) return {{images, 1, c, c}, Layout::planar, storage};
    return {{images, 1, positions, group * positions}, Layout::planar, storage};
  }
};

class DiversityDotsOp final : public Op {
 public:
  DiversityDotsOp(DiversityForm form, const Sizes& sizes) : form_(form), sizes_(sizes) {}
  [[nodiscard]] std::string_view kind() const override { return "diversity dots"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{{sizes_.images, sizes_.group, 1, 1}, Layout::planar, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return DiversityDotsProblem{form_, sizes_.images, sizes_.group, sizes_.positions, sizes_.c};
  }

 private:
  DiversityForm form_;
  Sizes sizes_;
};

class DiversityFactorsOp final : public Op {
 public:
  DiversityFactorsOp(DiversityForm form, const Sizes& sizes, DType storage)
      : form_(form), sizes_(sizes), storage_(storage) {}
  [[nodiscard]] std::string_view kind() const override { return "diversity factors"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {sizes_.matrices_info(form_, storage_)};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return DiversityFactorsProblem{form_, sizes_.images, sizes_.group, sizes_.positions, sizes_.c, storage_};
  }

 private:
  DiversityForm form_;
  Sizes sizes_;
  DType storage_;
};

// Reads the activation for its gradient alone.
class DiversityValueOp final : public Op {
 public:
  DiversityValueOp(DiversityForm form, const Sizes& sizes) : form_(form), sizes_(sizes) {}
  [[nodiscard]] std::string_view kind() const override { return "diversity"; }
  [[nodiscard]] bool is_objective() const override { return true; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    if (src[3] != diversity_rows(sizes_.images)) fail_internal("", "diversity with rows {}", to_string(src[3].shape));
    return {{{sizes_.images, 1, 1, 1}, Layout::channels_last, DType::f32},
            {{sizes_.images, sizes_.group, 1, 1}, Layout::planar, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return DiversityValueProblem{sizes_.images, sizes_.group};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    Graph& graph = differentiator.graph();
    const TensorInfo info = graph.info(node.src[0]);
    const std::string name = "grad " + node.layer;
    const ValueId factors = graph.append(std::make_shared<DiversityFactorsOp>(form_, sizes_, info.dtype),
                                         {node.src[1], node.dst[1]}, name + " factors");
    const std::vector<ValueId> operands = form_ == DiversityForm::gram ? std::vector<ValueId>{node.src[0], factors}
                                                                       : std::vector<ValueId>{factors, node.src[0]};
    differentiator.contribute(
        node.src[0], graph.append(std::make_shared<MatrixProducts>(sizes_.gradients(form_), info), operands, name));
  }

 private:
  DiversityForm form_;
  Sizes sizes_;
};

}  // namespace

TensorInfo diversity_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(DiversityRow)), 1, 1}, Layout::channels_last, DType::u8};
}

DiversityForm diversity_form(const Shape& activation, int64_t group) {
  return (3 * group + 1) * activation.h * activation.w < 4 * activation.c ? DiversityForm::cross : DiversityForm::gram;
}

ValueId append_diversity(Graph& graph, ValueId activation, ValueId rows, int64_t group, DiversityForm form,
                         const std::string& name) {
  const TensorInfo info = graph.info(activation);
  if (info.layout != Layout::channels_last || group < 2 || info.shape.n % group != 0)
    fail_internal(name, "the diversity of {} in groups of {}", to_string(info.shape), group);
  const Sizes sizes(info.shape, group);
  const ValueId matrices = graph.append(
      std::make_shared<MatrixProducts>(sizes.matrices(form), sizes.matrices_info(form, DType::f32)),
      {activation, activation}, name + (form == DiversityForm::gram ? " gram matrices" : " cross products"));
  const ValueId dots = graph.append(std::make_shared<DiversityDotsOp>(form, sizes), {matrices}, name + " dots");
  return graph.append_all(std::make_shared<DiversityValueOp>(form, sizes), {activation, matrices, dots, rows}, name)
      .front();
}

}  // namespace phosphene
