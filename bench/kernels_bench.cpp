// Single problems on the CPU backend, at the sizes of GoogLeNet and of a 224 x 224 image, four images at a time.
// Columns: time, GFLOP/s, and GB/s counted from operands that are read or written once.
//   build/release/bench/phosphene_kernels_bench --benchmark_filter=lrn
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runtime/cpu/cpu_backend.h"

namespace phosphene {
namespace {

constexpr int64_t kImages = 4;

struct Case {
  std::string name;
  Problem problem;
  std::vector<std::vector<std::byte>> operands;  // as the problem lists them
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<float> random_numbers(int64_t count) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> distribution(0.1F, 1.F);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = distribution(generator);
  return values;
}

std::vector<std::byte> numbers(const Shape& shape) { return bytes_of(random_numbers(shape.elements())); }

Weights random_weights(int64_t k, int64_t c, int64_t r, int64_t s) {
  return Weights::from(random_numbers(k * c * r * s), {k, c, r, s});
}

// A rotation by 5 degrees or so about the corner: taps are neighbours, but rarely on a pixel.
std::vector<std::byte> rotations() {
  std::vector<double> matrices;
  for (int64_t n = 0; n < kImages; ++n) matrices.insert(matrices.end(), {0.996, 0.087, 3.3, -0.087, 0.996, 12.7});
  return bytes_of(matrices);
}

void run(benchmark::State& state, const Case& benched) {
  const std::unique_ptr<Backend> backend = make_cpu_backend();
  PlannedTask planned = backend->plan(benched.problem, benched.name);
  std::vector<std::unique_ptr<Memory>> memories;
  std::vector<std::byte*> pointers;
  int64_t bytes = 0;
  for (const std::vector<std::byte>& operand : benched.operands) {
    memories.push_back(backend->allocate(static_cast<int64_t>(operand.size())));
    pointers.push_back(memories.back()->data());
    backend->write(pointers.back(), operand);
    bytes += static_cast<int64_t>(operand.size());
  }
  const std::unique_ptr<Memory> workspace = backend->allocate(planned.workspace_bytes);
  planned.task->bind(pointers, workspace->data());
  for (auto _ : state) planned.task->run();
  using benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(flops(benched.problem) * 1e-9, Counter::kIsIterationInvariantRate);
  state.counters["GB/s"] = Counter(static_cast<double>(bytes) * 1e-9, Counter::kIsIterationInvariantRate);
  state.SetLabel(planned.implementation);
}

void add_convolutions(std::vector<Case>& cases) {
  const Shape image{kImages, 3, 224, 224}, stem{kImages, 64, 112, 112};
  const Window stem_window{
      .r = 7, .s = 7, .stride_h = 2, .stride_w = 2, .pad_top = 3, .pad_left = 3, .pad_bottom = 3, .pad_right = 3};
  const Weights stem_weights = random_weights(64, 3, 7, 7);
  cases.push_back({"convolution/7x7_stem",
                   ConvolutionProblem{image, stem, stem_window, 1, true, stem_weights, {}},
                   {numbers(image), numbers(stem)}});
  cases.push_back({"convolution_backward/7x7_stem",
                   ConvolutionBackwardProblem{image, stem, stem_window, 1, stem_weights},
                   {numbers(stem), numbers(image)}});
  const Shape src{kImages, 64, 56, 56}, dst{kImages, 192, 56, 56};
  const Window window{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  const Weights weights = random_weights(192, 64, 3, 3);
  cases.push_back(
      {"convolution/3x3", ConvolutionProblem{src, dst, window, 1, true, weights, {}}, {numbers(src), numbers(dst)}});
  cases.push_back({"convolution_backward/3x3",
                   ConvolutionBackwardProblem{src, dst, window, 1, weights},
                   {numbers(dst), numbers(src)}});
}

void add_network(std::vector<Case>& cases) {
  const Shape map{kImages, 64, 56, 56};
  const float alpha = 1e-4F / 5;
  cases.push_back({"lrn", LrnProblem{.src = map, .alpha = alpha}, {numbers(map), numbers(map), numbers(map)}});
  cases.push_back({"lrn_backward",
                   LrnBackwardProblem{.src = map, .alpha = alpha},
                   {numbers(map), numbers(map), numbers(map), numbers(map), numbers(map)}});

  const Shape before{kImages, 64, 112, 112};
  const Window window{.r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .pad_bottom = 1, .pad_right = 1};
  const std::vector<std::byte> chosen(static_cast<size_t>(map.elements()), std::byte{4});
  cases.push_back({"max_pooling", PoolingProblem{before, map, window}, {numbers(before), numbers(map), chosen}});
  cases.push_back(
      {"max_pooling_backward", PoolingBackwardProblem{before, map, window}, {numbers(map), chosen, numbers(before)}});

  const Shape input{kImages, 192, 28, 28}, output{kImages, 256, 28, 28};
  cases.push_back({"accumulate/4_masked",
                   AccumulateProblem{input, 4, input.c, 0, true},
                   {numbers(input), numbers(input), numbers(input), numbers(input), numbers(input), numbers(input)}});
  std::vector<std::vector<std::byte>> branches;
  const std::vector<int64_t> channels{64, 128, 32, 32};
  for (const int64_t c : channels) branches.push_back(numbers({kImages, c, 28, 28}));
  branches.push_back(numbers(output));
  cases.push_back({"concat/inception_3a", ConcatProblem{output, channels}, std::move(branches)});
}

void add_image(std::vector<Case>& cases) {
  const Shape image{kImages, 3, 224, 224}, spectrum{kImages, 3, 448, 113};
  cases.push_back({"inverse_fourier", InverseFourierProblem{spectrum, image}, {numbers(spectrum), numbers(image)}});
  cases.push_back({"inverse_fourier_backward",
                   InverseFourierBackwardProblem{spectrum, image},
                   {numbers(image), numbers(spectrum)}});
  cases.push_back({"colour", ColourProblem{image}, {numbers(image), numbers(image)}});
  cases.push_back({"colour_backward", ColourBackwardProblem{image}, {numbers(image), numbers(image), numbers(image)}});
  cases.push_back({"warp", WarpProblem{.src = image, .dst = image}, {numbers(image), rotations(), numbers(image)}});
  cases.push_back({"warp_backward",
                   WarpBackwardProblem{.src = image, .dst = image},
                   {numbers(image), rotations(), numbers(image)}});
}

void add_transparency(std::vector<Case>& cases) {
  const Shape image{kImages, 3, 224, 224}, alpha{kImages, 1, 224, 224}, both{kImages, 4, 224, 224},
      spectrum{kImages, 3, 448, 113};
  const std::vector<std::byte> keys = bytes_of(std::vector<DrawKey>(kImages, {1, 2, 3}));
  cases.push_back({"planes", PlanesProblem{both, image, 0}, {numbers(both), numbers(image)}});
  cases.push_back({"spectrum_draw",
                   SpectrumDrawProblem{spectrum, 0.2},
                   {keys, bytes_of(std::vector<int64_t>{5}), numbers(spectrum)}});
  for (const bool gamma : {true, false}) {
    const std::string light = gamma ? "linear_light" : "plain";
    cases.push_back({"composite/" + light,
                     CompositeProblem{image, gamma},
                     {numbers(image), numbers(alpha), numbers(image), numbers(image)}});
    cases.push_back({"composite_backward/" + light,
                     CompositeBackwardProblem{image, gamma},
                     {numbers(image), numbers(image), numbers(alpha), numbers(image), numbers(image), numbers(image),
                      numbers(alpha)}});
  }
}

void add_parameterizations(std::vector<Case>& cases) {
  const Shape image{kImages, 3, 224, 224}, level{1, 3, 28, 28}, layer{kImages, 24, 224, 224},
      weights{kImages, 1, 24, 49};
  const EnlargedAxis images{1, kImages, 0}, side{28, 224, 0};
  cases.push_back(
      {"enlarge/shared_eighth", EnlargeProblem{level, image, images, side, side}, {numbers(level), numbers(image)}});
  cases.push_back({"enlarge_backward/shared_eighth",
                   EnlargeBackwardProblem{level, image, images, side, side},
                   {numbers(image), numbers(level)}});
  cases.push_back({"cppn_layer",
                   CppnLayerProblem{layer, layer, {}, false, false},
                   {numbers(layer), numbers(weights), numbers(layer)}});
  cases.push_back(
      {"cppn_layer_backward",
       CppnLayerBackwardProblem{layer, layer, {}, false, false},
       {numbers(layer), numbers(layer), numbers(weights), numbers(layer), numbers(weights), numbers(layer)}});
}

// The generator that comes with phosphene, at the size of its largest value.
void add_generator(std::vector<Case>& cases) {
  const Shape image{kImages, 3, 224, 224}, below{kImages, 32, 112, 112}, map{kImages, 16, 224, 224}, bias{1, 16, 1, 1};
  const Window doubling{
      .r = 4, .s = 4, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  cases.push_back({"transposed_convolution/up1",
                   ConvolutionBackwardProblem{map, below, doubling, 1, random_weights(32, 16, 4, 4)},
                   {numbers(below), numbers(map)}});
  cases.push_back({"bias", BiasProblem{map}, {numbers(map), numbers(bias), numbers(map)}});
  cases.push_back({"leaky_relu", LeakyReluProblem{map.elements()}, {numbers(map), numbers(map)}});
  cases.push_back(
      {"leaky_relu_backward", LeakyReluBackwardProblem{map.elements()}, {numbers(map), numbers(map), numbers(map)}});
  cases.push_back({"sigmoid_image", SigmoidImageProblem{image}, {numbers(image), numbers(image)}});
  cases.push_back(
      {"sigmoid_image_backward", SigmoidImageBackwardProblem{image}, {numbers(image), numbers(image), numbers(image)}});
}

void add_penalties(std::vector<Case>& cases) {
  const Shape image{kImages, 3, 224, 224}, values{kImages, 1, 1, 1};
  const std::vector<std::byte> rows = bytes_of(std::vector<PenaltyRow>(kImages, {-0.25F, 0.5F}));
  for (const auto& [name, kind] : {std::pair{"total_variation", PenaltyKind::total_variation},
                                   {"l2", PenaltyKind::l2},
                                   {"blur", PenaltyKind::blur},
                                   {"blur_through", PenaltyKind::blur_through},
                                   {"boundary_complexity", PenaltyKind::boundary_complexity},
                                   {"input_difference", PenaltyKind::input_difference}}) {
    const bool blurs = kind == PenaltyKind::blur_through || kind == PenaltyKind::boundary_complexity;
    const Shape kept = blurs ? image : values;
    std::vector<std::vector<std::byte>> forward = {numbers(image), rows},
                                        backward = {numbers(image), rows, numbers(kept)};
    if (kind == PenaltyKind::input_difference) {
      forward.push_back(numbers(image));
      backward.push_back(numbers(image));
    }
    forward.insert(forward.end(), {numbers(values), numbers(kept)});
    backward.push_back(numbers(image));
    cases.push_back({std::string("penalty/") + name, PenaltyProblem{image, kind, 16}, forward});
    cases.push_back({std::string("penalty_backward/") + name, PenaltyBackwardProblem{image, kind, 16}, backward});
  }
}

void add_optimisers(std::vector<Case>& cases) {
  const Shape spectrum{kImages, 3, 448, 113};
  const std::vector<std::byte> unfrozen(static_cast<size_t>(kImages) * sizeof(int64_t));
  const std::vector<std::byte> factors = bytes_of(std::vector<float>{0.05F, 1.F, 0.02F});
  const ParameterRows rows{kImages, spectrum.c * spectrum.h, spectrum.w};
  for (const bool nesterov : {false, true}) {
    cases.push_back({nesterov ? "nadam" : "adam",
                     AdamProblem{.n = kImages,
                                 .rows_per_image = rows.rows_per_owner,
                                 .row_elements = rows.row_elements,
                                 .nesterov = nesterov},
                     {numbers(spectrum), factors, unfrozen, numbers(spectrum), numbers(spectrum), numbers(spectrum)}});
  }
  cases.push_back({"momentum",
                   MomentumProblem{rows},
                   {numbers(spectrum), factors, unfrozen, numbers(spectrum), numbers(spectrum)}});
  cases.push_back({"squared_norm", SquaredNormProblem{rows}, {numbers(spectrum), numbers({kImages})}});
  cases.push_back(
      {"scale_gradient", ScaleGradientProblem{rows}, {numbers(spectrum), numbers({kImages}), numbers(spectrum)}});
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  std::vector<phosphene::Case> cases;
  phosphene::add_convolutions(cases);
  phosphene::add_network(cases);
  phosphene::add_image(cases);
  phosphene::add_transparency(cases);
  phosphene::add_parameterizations(cases);
  phosphene::add_generator(cases);
  phosphene::add_penalties(cases);
  phosphene::add_optimisers(cases);
  for (const phosphene::Case& benched : cases)
    benchmark::RegisterBenchmark(benched.name.c_str(), phosphene::run, benched)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
