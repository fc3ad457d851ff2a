// Convolutions of other networks than those of network_cases.cpp: depthwise, in groups, dilated, transposed.
#include <algorithm>

#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

struct Form {
  const char* name;
  int64_t c, k, groups, side, kernel, stride, dilation = 1;
};
constexpr Form kForms[] = {
    {"mobilenet_dw_s1", 144, 144, 144, 56, 3, 1},       {"mobilenet_dw_s2", 144, 144, 144, 56, 3, 2},
    {"efficientnet_dw_5x5", 240, 240, 240, 28, 5, 1},   {"shufflenet_dw", 58, 58, 58, 28, 3, 1},
    {"convnext_dw_7x7", 96, 96, 96, 56, 7, 1},          {"convnext_stem", 3, 96, 1, 224, 4, 4},
    {"deeplab_dw_dilated", 960, 960, 960, 14, 3, 1, 2}, {"deeplab_dilated", 256, 256, 1, 28, 3, 1, 2},
    {"resnext_groups_of_4", 128, 128, 32, 56, 3, 1},    {"resnext_groups_of_8", 256, 256, 32, 28, 3, 1},
    {"regnet_groups_of_24", 144, 144, 6, 28, 3, 2}};

// Depthwise ones keep a tail behind whole chunks, others their channels per group.
Form small(Form form) {
  const int64_t each = form.c / form.groups;
  form.side = 12;
  if (each == 1) {
    form.c = form.k = form.groups = 149;
  } else {
    form.groups = std::min<int64_t>(form.groups, 4);
    form.c = std::min<int64_t>(each, 24) * form.groups;
    form.k = form.groups == 1 ? 37 : form.c;
  }
  return form;
}

void add_form(CaseList& list, Form form) {
  if (!list.real()) form = small(form);
  const int64_t pad = form.kernel == form.stride ? 0 : form.kernel / 2 * form.dilation;
  Window window{form.kernel, form.kernel, form.stride, form.stride, pad, pad, pad, pad};
  window.dilation_h = window.dilation_w = form.dilation;
  const int64_t out = (form.side + 2 * pad - window.reach_h()) / form.stride + 1;
  const Shape src{list.images, form.c, form.side, form.side}, dst{list.images, form.k, out, out};
  const Weights weights = random_weights({form.k, form.c / form.groups, form.kernel, form.kernel});
  const std::string name = form.name;
  list.add("convolution/" + name,
           ConvolutionProblem{src, dst, window, form.groups, true, weights, random_weights({form.k})},
           {network(src), written(network(dst))});
  list.add("convolution_backward/" + name, ConvolutionBackwardProblem{src, dst, window, form.groups, weights},
           {network(dst), written(network(src))});
}

// A U-Net's way up, with a bias.
void add_transposed(CaseList& list) {
  const int64_t side = list.real() ? 56 : 6, c = list.real() ? 128 : 20, k = list.real() ? 64 : 12;
  const Shape below{list.images, c, side, side}, above{list.images, k, 2 * side, 2 * side};
  ConvolutionBackwardProblem problem{above, below, Window{2, 2, 2, 2}, 1, random_weights({c, k, 2, 2})};
  problem.bias = random_weights({k});
  list.add("convolution_backward/unet_up", problem, {network(below), written(network(above))});
}

}  // namespace

void add_convolution_cases(CaseList& list) {
  for (const Form& form : kForms) add_form(list, form);
  add_transposed(list);
}

}  // namespace phosphene::cases
