#include "layers/network/receptive_field.h"

#include <algorithm>
#include <limits>
#include <map>

#include "kernels/adaptive_pooling.h"
#include "kernels/resize.h"
#include "layers/network/channel_trail.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

using Fields = std::vector<std::optional<ReceptiveField>>;  // by ValueId
using Branches = std::map<const Node*, ValueId>;            // the one source that counts

// `reach`: from the window's first tap to its last.
FieldAxis slide(const FieldAxis& axis, int64_t reach, int64_t stride, int64_t padding) {
  return {axis.first - padding * axis.stride, axis.size + (reach - 1) * axis.stride, axis.stride * stride};
}

ReceptiveField slide(const ReceptiveField& field, const Window& window) {
  return {slide(field.rows, window.reach_h(), window.stride_h, window.pad_top),
          slide(field.columns, window.reach_w(), window.stride_w, window.pad_left)};
}

// What `count` positions see together.
FieldAxis whole(const FieldAxis& axis, int64_t count) { return {axis.first, axis.size + (count - 1) * axis.stride, 0}; }

FieldAxis join(FieldAxis a, FieldAxis b, int64_t count) {
  if (a.stride != b.stride) {
    a = whole(a, count);
    b = whole(b, count);
  }
  const int64_t first = std::min(a.first, b.first);
  return {first, std::max(a.first + a.size, b.first + b.size) - first, a.stride};
}

// What `out` positions see of which p reads elements reads(p).first to reads(p).second of `in`: the smallest field of one stride that
// holds it all. If the whole map is smaller, or no stride fits, the whole map.
template <class Reads>
FieldAxis stretch(const FieldAxis& axis, int64_t in, int64_t out, const Reads& reads) {
  const FieldAxis all = whole(axis, in);
  if (axis.stride * in % out != 0) return all;
  const int64_t stride = axis.stride * in / out;
  int64_t first = std::numeric_limits<int64_t>::max(), end = std::numeric_limits<int64_t>::min();
  for (int64_t p = 0; p < out; ++p) {
    const auto [lower, upper] = reads(static_cast<int>(p));
    first = std::min(first, lower * axis.stride - p * stride);
    end = std::max(end, upper * axis.stride + axis.size - p * stride);
  }
  return end - first < all.size ? FieldAxis{axis.first + first, end - first, stride} : all;
}

using Reads = std::pair<int64_t, int64_t>;  // the first and the last element

template <bool kLinear>
ReceptiveField resize(const ReceptiveField& field, const ResizeProblem& problem) {
  const auto along = [](const FieldAxis& axis, const ResizeReads<kLinear>& reads) {
    return stretch(axis, reads.in, reads.out, [&](int p) {
      const ResizeTaps taps = reads.taps(p);
      return Reads{taps.lower, taps.weight > 0 ? taps.upper : taps.lower};
    });
  };
  return {along(field.rows, ResizeReads<kLinear>(problem.rows)),
          along(field.columns, ResizeReads<kLinear>(problem.columns))};
}

ReceptiveField pool(const ReceptiveField& field, const AdaptivePoolingProblem& problem) {
  const auto along = [](const FieldAxis& axis, int64_t in, int64_t out) {
    const Bins bins{static_cast<int>(in), static_cast<int>(out)};
    return stretch(axis, in, out, [&](int p) { return Reads{bins.begin(p), bins.end(p) - 1}; });
  };
  return {along(field.rows, problem.src.h, problem.dst.h), along(field.columns, problem.src.w, problem.dst.w)};
}

ReceptiveField shuffle(const ReceptiveField& field, const PixelShuffleProblem& problem) {
  const int64_t b = problem.block;
  if (problem.to_depth) return {slide(field.rows, b, b, 0), slide(field.columns, b, b, 0)};
  const auto along = [b](const FieldAxis& axis, int64_t in) {
    return stretch(axis, in, in * b, [b](int p) { return Reads{p / b, p / b}; });
  };
  return {along(field.rows, problem.src.h), along(field.columns, problem.src.w)};
}

// Through a transposed convolution: of stride 1 a convolution with the window rotated. Of another, positions of one phase see more
// than those of the next, which no axis expresses: all are said to see the whole map.
FieldAxis slide_transposed(const FieldAxis& axis, int64_t reach, int64_t stride, int64_t padding, int64_t count) {
  return stride == 1 ? slide(axis, reach, 1, reach - 1 - padding) : whole(axis, count);
}

// What an op's output sees, given what one of its sources does. An op that slides no window and keeps rows and columns works
// position by position, unless it takes statistics over them. Any other reads the whole map, and all its positions see the same.
ReceptiveField through(const Problem& problem, const ReceptiveField& field, const Shape& src, const Shape& dst) {
  if (const auto* convolution = std::get_if<ConvolutionProblem>(&problem)) return slide(field, convolution->window);
  if (const auto* pooling = std::get_if<PoolingProblem>(&problem)) return slide(field, pooling->window);
  if (const auto* transposed = std::get_if<ConvolutionBackwardProblem>(&problem)) {
    const Window& w = transposed->window;
    return {slide_transposed(field.rows, w.reach_h(), w.stride_h, w.pad_top, src.h),
            slide_transposed(field.columns, w.reach_w(), w.stride_w, w.pad_left, src.w)};
  }
  if (const auto* pad = std::get_if<PadProblem>(&problem))
    return {slide(field.rows, 1, 1, pad->top), slide(field.columns, 1, 1, pad->left)};
  if (const auto* resized = std::get_if<ResizeProblem>(&problem))
    return resized->linear ? resize<true>(field, *resized) : resize<false>(field, *resized);
  if (const auto* adaptive = std::get_if<AdaptivePoolingProblem>(&problem)) return pool(field, *adaptive);
  if (const auto* shuffled = std::get_if<PixelShuffleProblem>(&problem)) return shuffle(field, *shuffled);
  const bool everywhere = std::holds_alternative<GroupNormProblem>(problem);
  if (src.h == dst.h && src.w == dst.w && !everywhere) return field;
  return {whole(field.rows, src.h), whole(field.columns, src.w)};
}

const Node* writer_of(const Graph& graph, ValueId value) {
  for (const Node& node : graph.nodes())
    if (!node.dst.empty() && node.dst[0] == value) return &node;
  return nullptr;
}

Branches branches_of(const Graph& graph, ValueId value, int64_t channel) {
  Branches branches;
  for (const Node* node = writer_of(graph, value); node != nullptr; node = writer_of(graph, value)) {
    std::vector<int64_t> channels;
    for (const ValueId src : node->src) channels.push_back(graph.shape(src).c);
    const auto origin = channel_origin(*node->op, channel, channels);
    if (!origin) break;
    channel -= origin->begin;
    value = branches[node] = node->src[origin->source];
  }
  return branches;
}

void append_field(const Graph& graph, const Node& node, const Branches& branches, Fields& fields) {
  const Problem problem = node.op->lower(graph.infos(node.src), graph.infos(node.dst));
  const Shape& dst = graph.shape(node.dst[0]);
  const auto branch = branches.find(&node);
  std::optional<ReceptiveField> joined;
  for (const ValueId src : node.src) {
    const auto& field = fields[static_cast<size_t>(src)];
    if (!field || (branch != branches.end() && branch->second != src)) continue;
    const ReceptiveField seen = through(problem, *field, graph.shape(src), dst);
    joined = joined ? ReceptiveField{join(joined->rows, seen.rows, dst.h), join(joined->columns, seen.columns, dst.w)}
                    : seen;
  }
  if (!joined) return;
  for (const ValueId written : node.dst) fields[static_cast<size_t>(written)] = joined;
}

}  // namespace

ReceptiveField receptive_field(const Graph& graph, ValueId source, ValueId value, std::optional<int64_t> channel) {
  const Branches branches = channel ? branches_of(graph, value, *channel) : Branches{};
  Fields fields(graph.values().size());
  fields.at(static_cast<size_t>(source)) = ReceptiveField{};
  for (const Node& node : graph.nodes())
    if (!node.dst.empty()) append_field(graph, node, branches, fields);
  const auto& field = fields.at(static_cast<size_t>(value));
  if (!field) fail_internal(graph.value(value).name, "does not depend on '{}'", graph.value(source).name);
  return *field;
}

}  // namespace phosphene
