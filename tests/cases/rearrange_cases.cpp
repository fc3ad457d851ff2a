#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

void add_direct(CaseList& list, const std::string& name, const Problem& problem, const Shape& src, const Shape& dst) {
  list.add(name, problem, {network(src), written(network(dst))});
}

// ShuffleNet v2: a unit's halves, and its channels in two groups.
void add_channel_moves(CaseList& list) {
  const Shape map = list.map(116, 28);
  for (const int64_t first : {int64_t{0}, map.c - 58}) {
    Shape half = map;
    half.c = 58;
    add_direct(list, "channel_slice_backward/from_" + std::to_string(first),
               ChannelSliceBackwardProblem{map, first, half.c}, half, map);
  }
  for (const int64_t c : {map.c, int64_t{2068}}) {  // in one launch, and in three
    Shape all = map;
    all.c = c;
    if (c > 1024) all.h = all.w = list.real() ? 7 : 2;
    ChannelPermutationProblem problem{all, std::vector<uint16_t>(static_cast<size_t>(c))};
    for (size_t k = 0; k < problem.order.size(); ++k)  // no multiple of 3, so that 3 k runs through all
      problem.order[k] = static_cast<uint16_t>(3 * k % problem.order.size());
    add_direct(list, "channel_permutation/" + std::to_string(c), problem, all, all);
  }
}

// The last of a super-resolution's layers, which enlarges.
void add_pixel_shuffles(CaseList& list) {
  const Shape large = list.real() ? Shape{list.images, 64, 112, 112} : Shape{list.images, 149, 4, 6};
  const Shape small{large.n, 4 * large.c, large.h / 2, large.w / 2};
  for (const BlockOrder order : {BlockOrder::element_first, BlockOrder::channel_first}) {
    const std::string name = order == BlockOrder::element_first ? "/element_first" : "/channel_first";
    add_direct(list, "depth_to_space" + name, PixelShuffleProblem{small, large, 2, order, false}, small, large);
    add_direct(list, "space_to_depth" + name, PixelShuffleProblem{large, small, 2, order, true}, large, small);
  }
}

void add_paddings(CaseList& list) {
  const Shape src = list.map(64, 56);
  const auto add = [&](const std::string& name, PadRule rule, int64_t before, int64_t after) {
    Shape dst = src;
    dst.h += before + after;
    dst.w += before + after;
    add_direct(list, "pad/" + name, PadProblem{src, dst, before, before, rule, 0.5F}, src, dst);
    add_direct(list, "pad_backward/" + name, PadBackwardProblem{src, dst, before, before, rule}, dst, src);
  };
  add("constant", PadRule::constant, 1, 2);
  add("reflect", PadRule::reflect, 3, 2);
  add("edge", PadRule::edge, 2, 3);
  add("crop", PadRule::constant, -1, -2);
}

// What one axis becomes: places at the middle of elements, as most exporters have it.
ResizedAxis half_pixels(int64_t in, int64_t out) {
  ResizedAxis axis{static_cast<int>(in), static_cast<int>(out)};
  axis.shift = axis.back = 0.5F;
  axis.multiplier = static_cast<float>(in) / static_cast<float>(out);
  return axis;
}

void add_resizes(CaseList& list) {
  const Shape small = list.map(64, 28);
  Shape twice = small, odd = small;
  twice.h *= 2;
  twice.w *= 2;
  odd.h = small.h - 2;
  odd.w = small.w + 3;
  for (const bool linear : {false, true}) {
    for (const auto& [name, dst] : {std::pair("2", twice), std::pair("odd", odd)}) {
      const ResizedAxis rows = half_pixels(small.h, dst.h), columns = half_pixels(small.w, dst.w);
      const std::string of = std::string(linear ? "linear_" : "nearest_") + name;
      add_direct(list, "resize/" + of, ResizeProblem{small, dst, rows, columns, linear}, small, dst);
      add_direct(list, "resize_backward/" + of, ResizeBackwardProblem{small, dst, rows, columns, linear}, dst, small);
    }
  }
}

// VGG16 at another size than it was trained at.
void add_adaptive_poolings(CaseList& list) {
  const Shape src = list.map(512, 9), dst{src.n, src.c, list.real() ? 7 : 3, list.real() ? 7 : 8};
  add_direct(list, "adaptive_pooling", AdaptivePoolingProblem{src, dst}, src, dst);
  add_direct(list, "adaptive_pooling_backward", AdaptivePoolingBackwardProblem{src, dst}, dst, src);
}

}  // namespace

void add_rearrange_cases(CaseList& list) {
  add_channel_moves(list);
  add_pixel_shuffles(list);
  add_paddings(list);
  add_resizes(list);
  add_adaptive_poolings(list);
}

}  // namespace phosphene::cases
