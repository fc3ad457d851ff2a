// Depth to space and space to depth: each position of a small map holds the B x B elements of a block of a large one, of C channels:
//   large[n, c, h B + i, w B + j] = small[n, channel(c, i, j), h, w]
//   channel(c, i, j) = (i B + j) C + c (kElementFirst: TensorFlow's depth_to_space, ONNX's DCR)
//                    = (c B + i) B + j (PyTorch's pixel_shuffle, ONNX's CRD; W. Shi et al., "Real-Time Single Image and Video
//                      Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016, equation 4)
// One direction is the other's transpose. Rows are the positions of the large map, elements its channels, both channels_last;
// overwrites; two accesses per element and no arithmetic. channel_first strides over B^2 channels of the small map.
#pragma once

#include "kernels/host_device.h"
#include "kernels/position.h"

namespace phosphene {

template <bool kElementFirst, bool kToDepth, class Storage>
struct ShufflePixels {
  static constexpr int cpu_lanes = kElementFirst ? 32 : 1;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = kElementFirst ? 4 : 1;
  const Storage* src;
  Storage* dst;
  int h, w, block;  // rows and columns of the large map
  int64_t c;        // its channels
  PHOSPHENE_HD bool wide() const { return kElementFirst && c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int k, Lanes<N>) const {
    const Position at(row, h, w);
    const int y = at.row / block, x = at.column / block;
    const int element = (at.row - y * block) * block + at.column - x * block, elements = block * block;
    const int64_t position = ((at.n * (h / block) + y) * (w / block) + x) * c * elements;
    const int64_t stride = kElementFirst ? 1 : elements;
    const int64_t small = position + (kElementFirst ? element * c + k : static_cast<int64_t>(k) * elements + element);
    const int64_t large = row * c + k;
    if constexpr (kElementFirst) {
      float value[N];
      load<N>(src + (kToDepth ? large : small), value);
      store<N>(dst + (kToDepth ? small : large), value);
    } else {
      for (int l = 0; l < N; ++l) {
        const int64_t far = small + l * stride, near = large + l;
        narrow(widen(src[kToDepth ? near : far]), dst[kToDepth ? far : near]);
      }
    }
  }
};

}  // namespace phosphene
