#include "layers/image/fourier_image.h"

#include <algorithm>
#include <cmath>

#include "layers/image/normal_draws.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

constexpr float kContrast = 0.25F;  // Lucid's division by 4: the start is close to mid-grey

class Whiten final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "whiten"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    const Shape& spectrum = src[0].shape;
    const Shape& scale = src[1].shape;
    if (spectrum.h != 2 * scale.h || spectrum.w != scale.w) {
      fail_internal("", "a spectrum of shape {} and a scale of shape {}", to_string(spectrum), to_string(scale));
    }
    return {src[0]};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    differentiator.contribute(
        node.src[0],
        differentiator.graph().append(std::make_shared<Whiten>(), {differentiator.gradient(node.dst[0]), node.src[1]},
                                      "grad " + node.layer));
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return WhitenProblem{src[0].shape};
  }
};

class InverseFourierBackward final : public Op {
 public:
  explicit InverseFourierBackward(InverseFourierBackwardProblem problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "inverse fourier backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.spectrum, Layout::planar, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  InverseFourierBackwardProblem problem_;
};

class InverseFourier final : public Op {
 public:
  InverseFourier(int64_t h, int64_t w) : h_(h), w_(w) {}

  [[nodiscard]] std::string_view kind() const override { return "inverse fourier"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    const Shape& spectrum = src[0].shape;
    if (spectrum.h != 2 * h_ || spectrum.w != (w_ + w_ % 2) / 2 + 1) {
      fail_internal("", "a spectrum of shape {} for an image of {}x{}", to_string(spectrum), h_, w_);
    }
    return {{{spectrum.n, spectrum.c, h_, w_}, Layout::planar, DType::f32}};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    Graph& graph = differentiator.graph();
    const InverseFourierBackwardProblem problem{graph.shape(node.src[0]), graph.shape(node.dst[0])};
    differentiator.contribute(node.src[0], graph.append(std::make_shared<InverseFourierBackward>(problem),
                                                        {differentiator.gradient(node.dst[0])}, "grad " + node.layer));
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    return InverseFourierProblem{src[0].shape, dst[0].shape};
  }

 private:
  int64_t h_, w_;
};

}  // namespace

std::vector<float> whitening_scale(const FourierParameterization& p) {
  const int64_t columns = p.columns(), width = 2 * (columns - 1);
  const double largest = static_cast<double>(std::max(p.w, p.h));
  const double amplitude = std::sqrt(static_cast<double>(p.w * p.h)) * kContrast / static_cast<double>(p.h * width);
  std::vector<float> scale(static_cast<size_t>(p.h * columns));
  for (int64_t ky = 0; ky < p.h; ++ky) {
    const double fy = static_cast<double>(ky < (p.h + 1) / 2 ? ky : ky - p.h) / static_cast<double>(p.h);
    for (int64_t kx = 0; kx < columns; ++kx) {
      // numpy's fftfreq of W: for odd W the last column is the negative frequency -(W - 1) / (2 W).
      const double fx = static_cast<double>(kx <= p.w / 2 ? kx : kx - p.w) / static_cast<double>(p.w);
      const double frequency = std::max(std::hypot(fx, fy), 1 / largest);
      scale[static_cast<size_t>(ky * columns + kx)] =
          static_cast<float>(amplitude / std::pow(frequency, p.decay_power));
    }
  }
  return scale;
}

ValueId append_inverse_fourier(Graph& graph, ValueId spectrum, int64_t h, int64_t w) {
  return graph.append(std::make_shared<InverseFourier>(h, w), {spectrum}, "inverse fourier");
}

ValueId append_fourier_image(Graph& graph, const FourierParameterization& p, ValueId parameter) {
  const int64_t columns = p.columns();
  const ValueId scale = graph.constant("spectrum scale", {{1, 1, p.h, columns}, Layout::planar, DType::f32},
                                       Weights::from(whitening_scale(p), {p.h, columns}));
  const ValueId whitened = graph.append(std::make_shared<Whiten>(), {parameter, scale}, "whiten");
  return append_inverse_fourier(graph, whitened, p.h, p.w);
}

std::vector<float> initial_spectrum(const FourierParameterization& p, std::span<const DrawKey> keys, double sd) {
  const auto per_image = static_cast<size_t>(p.spectrum().shape.elements() / p.n);
  std::vector<float> spectrum(per_image * keys.size());
  for (size_t image = 0; image < keys.size(); ++image) {
    draw_normal(keys[image], DrawPurpose::initial_spectrum, sd,
                std::span<float>(spectrum).subspan(image * per_image, per_image));
  }
  return spectrum;
}

SpectrumParts parts_of_spectrum(const FourierParameterization& p, std::span<const float> spectrum) {
  SpectrumParts parts{{p.c, p.h, p.columns()}, {}, {}};
  const int64_t part = p.h * p.columns();
  if (std::ssize(spectrum) != p.c * 2 * part)
    fail_internal("spectrum", "{} numbers for {} x {} x {}", spectrum.size(), p.c, 2 * p.h, p.columns());
  for (auto first = spectrum.begin(); first != spectrum.end(); first += 2 * part) {
    parts.re.insert(parts.re.end(), first, first + part);
    parts.im.insert(parts.im.end(), first + part, first + 2 * part);
  }
  return parts;
}

}  // namespace phosphene
