// Networks that are known by the names of their tensors. A family is one file and one row in architecture_list.cpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "loaders/architectures/modules.h"

namespace phosphene {

struct ArchitectureFamily {
  const char* name;                // "resnet"
  const char* members;             // for people: "resnet18 to resnet152, resnext50_32x4d, ..."
  std::vector<std::string> names;  // of members, to propose the nearest of; others may be read too
  const char* typical;  // names of tensors, such as "layer1.0.conv1.weight", in one text; the digits do not matter
  // The members that tensors of these names and shapes can be of: "resnet50"; none if they are of no network of this family. Several
  // where the tensors agree and the networks do not: another epsilon, another padding.
  std::vector<std::string> (*recognise)(const StateDict& dict);
  source::Network (*build)(const StateDict& dict, const std::string& member);
};

std::span<const ArchitectureFamily> architecture_families();

// The network of a file that holds tensors alone. `wanted`: the name of a member or a family, which the tensors must agree with; "" to
// recognise it. `says`: who wants it, for errors. Throws, naming what is known, when no member or more than one fits.
source::Network build_architecture(const StateDict& dict, const std::string& wanted = "",
                                   const std::string& says = "--architecture");

// What a file of timm, or of another name for the same network, calls a member: "resnet50.a1_in1k" and "tv_resnet50" are resnet50.
std::string architecture_called(const std::string& name);

// "architecture" of a config.json of timm beside the weights; "" where there is none.
std::string architecture_beside(const std::string& weights_path);

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
namespace efficientnet_pytorch {
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
namespace timm_efficientnet {
ArchitectureFamily family();
}
namespace vgg {
ArchitectureFamily family();
}

}  // namespace architectures
}  // namespace phosphene
