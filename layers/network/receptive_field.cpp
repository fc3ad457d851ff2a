#include "layers/network/receptive_field.h"

#include <algorithm>
#include <map>

#include "layers/network/channel_trail.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

using Fields = std::vector<std::optional<ReceptiveField>>;  // by ValueId
using Branches = std::map<const Node*, ValueId>;            // the one source that counts

FieldAxis slide(const FieldAxis& axis, int64_t taps, int64_t stride, int64_t padding) {
  return {axis.first - padding * axis.stride, axis.size + (taps - 1) * axis.stride, axis.stride * stride};
}

ReceptiveField slide(const ReceptiveField& field, const Window& window) {
  return {slide(field.rows, window.r, window.stride_h, window.pad_top),
          slide(field.columns, window.s, window.stride_w, window.pad_left)};
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

// What an op's output sees, given what one of its sources does. An op that slides no window and keeps rows and columns works
// position by position; any other reads the whole map.
ReceptiveField through(const Problem& problem, const ReceptiveField& field, const Shape& src, const Shape& dst) {
  if (const auto* convolution = std::get_if<ConvolutionProblem>(&problem)) return slide(field, convolution->window);
  if (const auto* pooling = std::get_if<PoolingProblem>(&problem)) return slide(field, pooling->window);
  if (src.h == dst.h && src.w == dst.w) return field;
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
