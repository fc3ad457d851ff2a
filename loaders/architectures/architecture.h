// Networks that are known by the names of their tensors. A family is one file and one row in architecture_list.cpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "loaders/architectures/modules.h"

namespace phosphene {

struct ArchitectureFamily {
  const char* name;     // "resnet"
  const char* members;  // for people: "resnet18 to resnet152, resnext50_32x4d, ..."
  // The member that the tensors' names and shapes are of: "resnet50"; "" if they are of none.
  std::string (*recognise)(const StateDict& dict);
  source::Network (*build)(const StateDict& dict, const std::string& member);
};

std::span<const ArchitectureFamily> architecture_families();

// The network of a file that holds tensors alone. `wanted`: a member's name, which the tensors must agree with; "" to recognise it.
// Throws, naming what is known, when no family or more than one fits.
source::Network build_architecture(const StateDict& dict, const std::string& wanted = "");

// Each file has a namespace of its own: a build may compile several as one.
namespace architectures {

namespace alexnet {
ArchitectureFamily family();
}
namespace convnext {
ArchitectureFamily family();
}
namespace densenet {
ArchitectureFamily family();
}
namespace efficientnet {
ArchitectureFamily family();
}
namespace googlenet {
ArchitectureFamily family();
}
namespace inception_v3 {
ArchitectureFamily family();
}
namespace mnasnet {
ArchitectureFamily family();
}
namespace mobilenet_v2 {
ArchitectureFamily family();
}
namespace mobilenet_v3 {
ArchitectureFamily family();
}
namespace mtcnn {
ArchitectureFamily family();
}
namespace regnet {
ArchitectureFamily family();
}
namespace resnet {
ArchitectureFamily family();
}
namespace shufflenet_v2 {
ArchitectureFamily family();
}
namespace squeezenet {
ArchitectureFamily family();
}
namespace vgg {
ArchitectureFamily family();
}

}  // namespace architectures
}  // namespace phosphene
