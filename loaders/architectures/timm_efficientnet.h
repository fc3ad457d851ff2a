// The networks that timm builds from one list of blocks: EfficientNet in its versions, MobileNet v1 to v3, MnasNet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace phosphene::architectures::timm_efficientnet {

enum class BlockType : uint8_t { depthwise, inverted, fused, plain };

// What the tensors of a stage's blocks do not say, and what they must be for it to hold.
struct Stage {
  BlockType type = BlockType::inverted;
  int64_t size = 3, stride = 1;  // of the windows; the stride is the first block's
  bool gate = false;
  bool relu = false;       // instead of the network's activation
  bool no_skip = false;    // though the channels would fit
  bool activated = false;  // after the projection too
};

enum class Head : uint8_t {
  norm,       // a convolution, a norm and an activation, then the average
  mobilenet3  // the average, then a convolution with a bias and an activation
};

struct Member {
  const char* name;
  int64_t side;
  bool half;                // images in -1 .. 1 rather than ImageNet's normalisation
  int64_t stem, last;       // channels of the first convolution and of the last block
  std::vector<int> depths;  // of the stages
};

struct Kind {
  std::vector<Stage> stages;
  const char* activation;  // "" for ReLU6
  const char* inner;       // of a gate; "" for the block's own
  const char* gate;
  Head head;
  std::vector<std::string> otherwise;  // what members of other sizes are called
  std::vector<Member> members;
};

std::span<const Kind> kinds();

// Norms have an epsilon of 1e-3 and strided windows TensorFlow's paddings in the networks whose weights come from TensorFlow.
double epsilon_of(const std::string& member);
bool pads_as_tensorflow(const std::string& member);

}  // namespace phosphene::architectures::timm_efficientnet
