#include "layers/network/pixel_shuffle.h"

#include "layers/network/gradient_op.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kLargestBlock = 1024;

}  // namespace

PixelShuffle::PixelShuffle(int64_t block, BlockOrder order, bool to_depth)
    : block_(block), order_(order), to_depth_(to_depth) {
  if (block < 1 || block > kLargestBlock) fail("", "blocks of {0}x{0}; 1 to {1} are possible", block, kLargestBlock);
}

int64_t PixelShuffle::channels_of(int64_t channels) const {
  const int64_t elements = block_ * block_;
  if (to_depth_) return channels * elements;
  if (channels % elements != 0)
    fail("", "expected a multiple of {} channels, the elements of a block, got {}", elements, channels);
  return channels / elements;
}

std::vector<TensorInfo> PixelShuffle::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  Shape dst{shape.n, channels_of(shape.c), shape.h * block_, shape.w * block_};
  if (to_depth_) {
    if (shape.h % block_ != 0 || shape.w % block_ != 0)
      fail("", "a map of shape {} is not made of blocks of {}x{}", to_string(shape), block_, block_);
    dst.h = shape.h / block_;
    dst.w = shape.w / block_;
  }
  return {{dst, Layout::channels_last, src[0].dtype}};
}

Problem PixelShuffle::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return PixelShuffleProblem{src[0].shape, dst[0].shape, block_, order_, to_depth_, src[0].dtype};
}

void PixelShuffle::differentiate(Differentiator& differentiator, const Node& node) const {
  contribute_through(std::make_shared<PixelShuffle>(block_, order_, !to_depth_), differentiator, node);
}

}  // namespace phosphene
