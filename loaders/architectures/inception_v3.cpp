// Inception v3 (C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016) with torchvision's names. Average
// poolings count their padding; convolutions and poolings of stride 2 have none. Without its auxiliary head.
#include "loaders/architectures/architecture.h"

namespace phosphene::architectures::inception_v3 {
namespace {

constexpr Convolve kValid{.stride = 1, .padding = 0};
constexpr Convolve kHalves{.stride = 2, .padding = 0};
constexpr Pool kPool{.size = 3, .stride = 2};

std::vector<std::string> recognise(const StateDict& dict) {
  const bool known =
      dict.find("Conv2d_1a_3x3.conv.weight") != nullptr && dict.find("Mixed_7c.branch1x1.conv.weight") != nullptr;
  return known ? std::vector<std::string>{"inception_v3"} : std::vector<std::string>{};
}

Value unit(Modules& m, const Value& src, const std::string& name, const Convolve& how = {}) {
  return m.relu(m.norm(m.conv(src, name + ".conv", how), name + ".bn", 1e-3), name + ".relu");
}

// NAME_1, NAME_2 ... one after the other.
Value chain(Modules& m, const Value& src, const std::string& name, int count, const Convolve& last = {}) {
  Value x = src;
  for (int i = 1; i <= count; ++i) x = unit(m, x, name + "_" + std::to_string(i), i == count ? last : Convolve{});
  return x;
}

Value pool_branch(Modules& m, const Value& src, const std::string& name) {
  return unit(m, m.average_pool(src, name + ".avg_pool", {.size = 3, .stride = 1, .padding = 1}),
              name + ".branch_pool");
}

// 35 x 35.
Value mixed_5(Modules& m, const Value& src, const std::string& name) {
  const Value one = unit(m, src, name + ".branch1x1");
  const Value five = chain(m, src, name + ".branch5x5", 2), three = chain(m, src, name + ".branch3x3dbl", 3);
  return m.concat({one, five, three, pool_branch(m, src, name)}, name + ".concat");
}

Value mixed_6a(Modules& m, const Value& src, const std::string& name) {
  const Value three = unit(m, src, name + ".branch3x3", kHalves),
              twice = chain(m, src, name + ".branch3x3dbl", 3, kHalves);
  return m.concat({three, twice, m.max_pool(src, name + ".max_pool", kPool)}, name + ".concat");
}

// 17 x 17.
Value mixed_6(Modules& m, const Value& src, const std::string& name) {
  const Value one = unit(m, src, name + ".branch1x1");
  const Value seven = chain(m, src, name + ".branch7x7", 3), twice = chain(m, src, name + ".branch7x7dbl", 5);
  return m.concat({one, seven, twice, pool_branch(m, src, name)}, name + ".concat");
}

Value mixed_7a(Modules& m, const Value& src, const std::string& name) {
  const Value three = chain(m, src, name + ".branch3x3", 2, kHalves),
              seven = chain(m, src, name + ".branch7x7x3", 4, kHalves);
  return m.concat({three, seven, m.max_pool(src, name + ".max_pool", kPool)}, name + ".concat");
}

// A 1x3 and a 3x1 convolution beside each other.
Value split(Modules& m, const Value& src, const std::string& name) {
  return m.concat({unit(m, src, name + "a"), unit(m, src, name + "b")}, name + ".concat");
}

// 8 x 8.
Value mixed_7(Modules& m, const Value& src, const std::string& name) {
  const Value one = unit(m, src, name + ".branch1x1");
  const Value three = split(m, chain(m, src, name + ".branch3x3", 1), name + ".branch3x3_2");
  const Value twice = split(m, chain(m, src, name + ".branch3x3dbl", 2), name + ".branch3x3dbl_3");
  return m.concat({one, three, twice, pool_branch(m, src, name)}, name + ".concat");
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member, 299);
  Value x = unit(m, m.input(), "Conv2d_1a_3x3", kHalves);
  x = unit(m, unit(m, x, "Conv2d_2a_3x3", kValid), "Conv2d_2b_3x3");
  x = m.max_pool(x, "maxpool1", kPool);
  x = unit(m, unit(m, x, "Conv2d_3b_1x1"), "Conv2d_4a_3x3", kValid);
  x = m.max_pool(x, "maxpool2", kPool);
  for (const char* name : {"Mixed_5b", "Mixed_5c", "Mixed_5d"}) x = mixed_5(m, x, name);
  x = mixed_6a(m, x, "Mixed_6a");
  for (const char* name : {"Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"}) x = mixed_6(m, x, name);
  x = mixed_7a(m, x, "Mixed_7a");
  for (const char* name : {"Mixed_7b", "Mixed_7c"}) x = mixed_7(m, x, name);
  m.leave_out("AuxLogits.");
  m.prepared_as("inception");  // torchvision's published weights: its transform_input makes this of ImageNet's
  return m.finish(x, "avgpool", "fc");
}

}  // namespace

ArchitectureFamily family() {
  return {"inception_v3", "inception_v3", {"inception_v3"}, "Mixed_5b.branch1x1.conv.weight", recognise, build};
}

}  // namespace phosphene::architectures::inception_v3
