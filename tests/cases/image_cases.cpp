#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

void add_spectrum(CaseList& list) {
  const Shape picture = list.picture(), spectrum = list.spectrum();
  list.add("whiten", WhitenProblem{spectrum},
           {numbers(spectrum), positive(spectrum.h / 2 * spectrum.w), written(numbers(spectrum))});
  list.add("inverse_fourier", InverseFourierProblem{spectrum, picture}, {numbers(spectrum), written(numbers(picture))});
  list.add("inverse_fourier_backward", InverseFourierBackwardProblem{spectrum, picture},
           {numbers(picture), written(numbers(spectrum))});
  list.add("spectrum_draw", SpectrumDrawProblem{spectrum, 0.2},
           {in_turn<DrawKey>(list.images, {{1, 3}, {1, 4}}), integers(1, 5), written(numbers(spectrum))});
}

void add_phase(CaseList& list) {
  const Shape picture = list.picture(), spectrum = list.spectrum();
  const Shape phase{spectrum.n, spectrum.c, spectrum.h / 2, spectrum.w};
  const Operand statistics = positive(3 * list.images);
  list.add("polar_spectrum", PolarSpectrumProblem{phase},
           {positive(phase.elements() / phase.n), numbers(phase), written(numbers(spectrum))});
  list.add("polar_spectrum_backward", PolarSpectrumBackwardProblem{phase},
           {numbers(spectrum), numbers(spectrum), written(numbers(phase))});
  list.add("standardise", StandardiseProblem{picture, 1e-5F},
           {numbers(picture), written(numbers(picture)), written(statistics)});
  list.add("standardise_backward", StandardiseBackwardProblem{picture},
           {numbers(picture), numbers(picture), statistics, written(numbers(picture))});
}

void add_colour(CaseList& list) {
  const Shape picture = list.picture();
  const Operand before = numbers(picture), after = positive(picture);
  for (const auto& [name, decorrelated, clipped] :
       {std::tuple{"decorrelated", true, false}, {"clipped", true, true}, {"plain", false, false}}) {
    list.add(std::string("colour/") + name, ColourProblem{picture, decorrelated, clipped}, {before, written(after)});
    list.add(std::string("colour_backward/") + name, ColourBackwardProblem{picture, decorrelated, clipped},
             {before, after, written(before)});
  }
  list.add("sigmoid_image", SigmoidImageProblem{picture}, {before, written(after)});
  list.add("sigmoid_image_backward", SigmoidImageBackwardProblem{picture}, {before, after, written(before)});
}

void add_transparency(CaseList& list) {
  const Shape both = list.picture(4), picture = list.picture(), alpha = list.picture(1);
  list.add("channel_slice", ChannelSliceProblem{both, picture, 1},
           {partly(0.75, numbers(both)), written(numbers(picture))});
  const Operand colours = positive(picture), opacity = positive(alpha), gradient = numbers(picture);
  for (const bool gamma : {true, false}) {
    const std::string light = gamma ? "linear_light" : "plain";
    list.add("composite/" + light, CompositeProblem{picture, gamma}, {colours, opacity, colours, written(colours)});
    list.add("composite_backward/" + light, CompositeBackwardProblem{picture, gamma},
             {gradient, colours, opacity, colours, colours, written(gradient), written(numbers(alpha))});
  }
}

void add_upsample(CaseList& list, const char* name, int offset) {
  const Shape picture = list.picture();
  const Shape level{1, 3, picture.h / 4, picture.w / 8};
  const auto axis = [offset](int64_t in, int64_t out) {
    return UpsampledAxis{static_cast<int>(in), static_cast<int>(out), offset};
  };
  const UpsampledAxis images{1, static_cast<int>(list.images), 0}, rows = axis(level.h, picture.h),
                                                                   columns = axis(level.w, picture.w);
  list.add(std::string("enlarge/") + name, UpsampleProblem{level, picture, images, rows, columns},
           {numbers(level), written(numbers(picture))});
  list.add(std::string("upsample_backward/") + name, UpsampleBackwardProblem{level, picture, images, rows, columns},
           {numbers(picture), written(numbers(level))});
}

void add_cppn_layer(CaseList& list, const char* name, Shape src, int64_t k, bool first, bool last) {
  const Shape dst = list.picture(k);
  const Operand weights = numbers(list.images * k * ((first ? 1 : 2) * src.c + 1));
  const CppnInputs unbiased{0.45F, 0.396F};
  list.add(std::string("cppn_layer/") + name, CppnLayerProblem{src, dst, unbiased, first, last},
           {numbers(src), weights, written(numbers(dst))});
  std::vector<Operand> backward = {numbers(dst), numbers(src), weights, numbers(dst), written(weights)};
  if (!first) backward.push_back(written(numbers(src)));
  list.add(std::string("cppn_layer_backward/") + name, CppnLayerBackwardProblem{src, dst, unbiased, first, last},
           std::move(backward));
}

void add_parameterizations(CaseList& list) {
  add_upsample(list, "shared", 0);
  add_upsample(list, "shared_shifted", 2);
  const int64_t width = list.real() ? 24 : 5;
  Shape coordinates = list.picture(2);
  coordinates.n = 1;
  add_cppn_layer(list, "first", coordinates, width, true, false);
  add_cppn_layer(list, "inner", list.picture(width), width, false, false);
  add_cppn_layer(list, "last", list.picture(width), 3, false, true);
}

// Real: a rotation by 5 degrees or so about the corner, whose taps are neighbours but rarely on a pixel. Else also views that
// enlarge and that hardly touch the picture.
Operand views(const CaseList& list) {
  using View = std::array<double, 6>;
  std::vector<View> rows = {{0.996, 0.087, 3.3, -0.087, 0.996, 12.7}};
  if (!list.real())
    rows = {{0.97, 0.052, -1.3, -0.052, 0.97, 2.7}, {0.3, -0.4, 20, 0.4, 0.3, -9.1}, {2, 1, 3, 4, 2, 6}};
  std::vector<double> flat;
  for (int64_t n = 0; n < list.images; ++n) {
    const View& view = rows[static_cast<size_t>(n) % rows.size()];
    flat.insert(flat.end(), view.begin(), view.end());
  }
  return table(flat);
}

void add_warp(CaseList& list, int64_t c, Outside outside) {
  const Shape src = list.picture(c), dst = list.real() ? src : Shape{list.images, c, 7, 153};
  WarpProblem forward{src, dst, outside};
  for (size_t i = 0; i < forward.scale.size(); ++i) forward.scale[i] = 255.F / static_cast<float>(i + 1);
  forward.mean = {104, 117, 123};
  forward.order = {2, 1, 0, 3, 4, 5, 6, 7};
  const std::string name =
      std::string(outside == Outside::constant ? "constant" : "reflect") + (c == 3 ? "" : "_4_channels");
  list.add("warp/" + name, forward, {numbers(src), views(list), written(network(dst))});
  list.add("warp_backward/" + name, WarpBackwardProblem{src, dst, outside, forward.scale, forward.order},
           {network(dst), views(list), written(numbers(src))});
}

void add_transforms(CaseList& list) {
  for (const Outside outside : {Outside::constant, Outside::reflect}) {
    add_warp(list, 3, outside);
    if (!list.real()) add_warp(list, 4, outside);
  }
  // The article's list (layers/transform/transform_list.h).
  const std::vector<float> choices = {1, 0.975F, 1.025F, 0.95F, 1.05F, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5};
  TransformDrawProblem draw{list.images, 224, 224, 224, 224, 6};
  draw.steps = {TransformStep{TransformKind::pad, 16},
                TransformStep{TransformKind::jitter, 16},
                TransformStep{TransformKind::scale, 0, 0, 0, 0, 5},
                TransformStep{TransformKind::rotate, 0, 0, 0, 5, 11},
                TransformStep{TransformKind::jitter, 8},
                TransformStep{TransformKind::crop, 0, 224, 224}};
  const Operand matrices = written(table(std::vector<double>(static_cast<size_t>(6 * list.images))));
  list.add("transform_draw", draw,
           {in_turn<DrawKey>(list.images, {{1, 3}, {1, 4}}), integers(1, 5), table(choices), matrices});
  const Shape seen = list.picture();
  NoiseProblem noise{seen};
  noise.deviation = {10, 20, 0};
  list.add("noise", noise,
           {network(seen), in_turn<DrawKey>(list.images, {{1, 3}, {1, 4}}), integers(1, 5), written(network(seen))});
  list.add("transform_replay", TransformReplayProblem{list.images, 1, list.images},
           {views(list), integers(1, 5), matrices});
}

void add_penalties(CaseList& list) {
  const Shape picture = list.picture();
  const Operand pixels = numbers(picture), rows = in_turn<PenaltyRow>(list.images, {{-0.25F, 0.5F}, {1.7F, -0.1F}});
  for (const auto& [name, kind] : {std::pair{"total_variation", PenaltyKind::total_variation},
                                   {"l1", PenaltyKind::l1},
                                   {"l2", PenaltyKind::l2},
                                   {"blur", PenaltyKind::blur},
                                   {"blur_through", PenaltyKind::blur_through},
                                   {"boundary_complexity", PenaltyKind::boundary_complexity},
                                   {"input_difference", PenaltyKind::input_difference},
                                   {"input_mean_square", PenaltyKind::input_mean_square}}) {
    const bool blurs = kind == PenaltyKind::blur_through || kind == PenaltyKind::boundary_complexity;
    const Operand kept = blurs ? numbers(picture) : positive(list.images);
    std::vector<Operand> forward = {pixels, rows}, backward = {pixels, rows, kept};
    if (kind == PenaltyKind::input_difference || kind == PenaltyKind::input_mean_square) {
      forward.push_back(pixels);
      backward.push_back(pixels);
    }
    forward.insert(forward.end(), {written(numbers(list.images)), written(kept)});
    backward.push_back(written(pixels));
    list.add(std::string("penalty/") + name, PenaltyProblem{picture, kind, 2}, std::move(forward));
    list.add(std::string("penalty_backward/") + name, PenaltyBackwardProblem{picture, kind, 2}, std::move(backward));
  }
}

}  // namespace

void add_image_cases(CaseList& list) {
  add_spectrum(list);
  add_phase(list);
  add_colour(list);
  add_transparency(list);
  add_parameterizations(list);
  add_transforms(list);
  add_penalties(list);
}

}  // namespace phosphene::cases
