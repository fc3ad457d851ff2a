#include "layers/image/channel_slice.h"

#include "layers/network/add.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class ChannelSlice final : public Op {
 public:
  ChannelSlice(int64_t channels, int64_t offset) : channels_(channels), offset_(offset) {}

  [[nodiscard]] std::string_view kind() const override { return "channel slice"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    if (src[0].layout != Layout::planar || src[0].dtype != DType::f32)
      fail_internal("", "channels of an image that is not planar");
    Shape shape = src[0].shape;
    shape.c = channels_;
    return {{shape, Layout::planar, DType::f32}};
  }
  void differentiate(Differentiator& differentiator, const Node& node) const override {
    Graph& graph = differentiator.graph();
    differentiator.contribute(node.src[0],
                              graph.append(std::make_shared<ChannelSlice>(graph.shape(node.src[0]).c, -offset_),
                                           {differentiator.gradient(node.dst[0])}, "grad " + node.layer));
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override {
    return ChannelSliceProblem{src[0].shape, dst[0].shape, offset_};
  }

 private:
  int64_t channels_, offset_;
};

}  // namespace

ValueId append_channels(Graph& graph, ValueId image, int64_t first, int64_t count) {
  const int64_t channels = graph.shape(image).c;
  if (first < 0 || count < 1 || first + count > channels)
    fail_internal("", "channels {} to {} of an image of {}", first, first + count - 1, channels);
  return graph.append(std::make_shared<ChannelSlice>(count, first), {image}, "channels");
}

ValueId append_together(Graph& graph, const std::vector<ValueId>& parts) {
  int64_t channels = 0, first = 0;
  for (const ValueId part : parts) channels += graph.shape(part).c;
  std::vector<ValueId> placed;
  for (const ValueId part : parts) {
    placed.push_back(graph.append(std::make_shared<ChannelSlice>(channels, -first), {part}, "place channels"));
    first += graph.shape(part).c;
  }
  return append_sum(graph, std::move(placed), "channels together");
}

}  // namespace phosphene
