// Ops of ONNX through the importer, against their formulas written as loops (https://onnx.ai/onnx/operators), in double precision. ONNX's
// own tests of nodes, which run when they are asked for (onnx_nodes_test.cpp), cover more.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "loaders/import/import.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing::import_ops_test {
namespace {

using source::Attribute;
using source::Constant;
using Integers = std::vector<int64_t>;
using Attributes = std::map<std::string, Attribute>;

constexpr int64_t kC = 8, kH = 7, kW = 9;  // of the image, of which there is one

// Sums of at most 96 products: 4 eps sqrt(96) is below 40 eps of the largest number; averages and slopes take fewer roundings.
constexpr double kTolerance = 40 * 0x1p-24;

float number(int64_t i) { return static_cast<float>(i * 29 % 63 - 31) / 16; }

Constant numbers(const Integers& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(number(3 * i + 1));
  return Constant::of(std::move(values), dims);
}

Constant integers(const Integers& list) { return Constant::of(list, {std::ssize(list)}); }

// A map C x H x W; outside of it there is nothing.
struct Map {
  int64_t c, h, w;
  std::vector<double> data = std::vector<double>(static_cast<size_t>(c * h * w));

  double& at(int64_t k, int64_t y, int64_t x) { return data[static_cast<size_t>((k * h + y) * w + x)]; }
  [[nodiscard]] double at(int64_t k, int64_t y, int64_t x) const {
    return data[static_cast<size_t>((k * h + y) * w + x)];
  }
  [[nodiscard]] bool has(int64_t y, int64_t x) const { return y >= 0 && y < h && x >= 0 && x < w; }
};

Map image() {
  Map map{kC, kH, kW};
  for (size_t i = 0; i < map.data.size(); ++i) map.data[i] = static_cast<double>(number(static_cast<int64_t>(i) * 7));
  return map;
}

// What the importer makes of one node that reads the image and these constants.
HostTensor computed(const std::string& op, const std::vector<Constant>& constants, Attributes attributes) {
  source::Network network;
  network.path = network.name = "net";
  network.inputs = {{"x", {1, kC, kH, kW}}};
  source::Node node{"node", op, {"x"}, {"out"}, std::move(attributes), ""};
  for (const Constant& constant : constants) {
    node.inputs.push_back("input" + std::to_string(node.inputs.size()));
    network.constants[node.inputs.back()] = constant;
  }
  network.nodes = {node};
  network.outputs = {"out"};
  const Map x = image();
  return activations(source::import_network(network), {{1, kC, kH, kW}, x.data}, {"out"}).at("out");
}

void expect_map(const HostTensor& actual, const Map& expected) {
  EXPECT_EQ(actual.dims, (Integers{1, expected.c, expected.h, expected.w}));
  EXPECT_TRUE(near_largest(actual.data, expected.data, kTolerance));
}

// ---- convolutions

struct Slide {
  Integers strides = {1, 1}, dilations = {1, 1}, pads = {0, 0, 0, 0};  // top, left, bottom, right
  int64_t groups = 1;

  [[nodiscard]] Attributes attributes() const {
    return {{"strides", strides}, {"dilations", dilations}, {"pads", pads}, {"group", groups}};
  }
};

Map convolved(const Constant& weights, const Constant& bias, const Slide& slide) {
  const Map x = image();
  const int64_t k = weights.dims[0], c = weights.dims[1], r = weights.dims[2], s = weights.dims[3];
  const auto size = [](int64_t in, int64_t pads, int64_t taps, int64_t dilation, int64_t stride) {
    return (in + pads - dilation * (taps - 1) - 1) / stride + 1;
  };
  Map y{k, size(kH, slide.pads[0] + slide.pads[2], r, slide.dilations[0], slide.strides[0]),
        size(kW, slide.pads[1] + slide.pads[3], s, slide.dilations[1], slide.strides[1])};
  for (int64_t o = 0; o < k; ++o) {
    const int64_t first = o / (k / slide.groups) * c;
    for (int64_t row = 0; row < y.h; ++row) {
      for (int64_t column = 0; column < y.w; ++column) {
        double sum = static_cast<double>(bias.numbers.data[o]);
        for (int64_t i = 0; i < c * r * s; ++i) {
          const int64_t in = i / (r * s), tap_y = i / s % r, tap_x = i % s;
          const int64_t from_y = row * slide.strides[0] - slide.pads[0] + tap_y * slide.dilations[0],
                        from_x = column * slide.strides[1] - slide.pads[1] + tap_x * slide.dilations[1];
          if (x.has(from_y, from_x))
            sum += x.at(first + in, from_y, from_x) * static_cast<double>(weights.numbers.data[o * c * r * s + i]);
        }
        y.at(o, row, column) = sum;
      }
    }
  }
  return y;
}

TEST(ImportedOps, Convolutions) {
  struct Form {
    const char* name;
    Integers weights;
    Slide slide;
  };
  const std::vector<Form> forms = {
      {"strided", {3, kC, 3, 2}, {.strides = {2, 3}, .pads = {1, 0, 2, 1}}},
      {"dilated", {3, kC, 3, 3}, {.dilations = {2, 3}, .pads = {2, 3, 2, 3}}},
      {"grouped", {6, kC / 2, 3, 3}, {.pads = {1, 1, 1, 1}, .groups = 2}},
      {"depthwise", {kC, 1, 3, 3}, {.strides = {2, 1}, .pads = {0, 1, 1, 1}, .groups = kC}},
      {"depthwise with a multiplier", {3 * kC, 1, 2, 3}, {.dilations = {1, 2}, .pads = {1, 2, 0, 2}, .groups = kC}},
      {"pointwise", {5, kC, 1, 1}, {.strides = {2, 2}}}};
  for (const Form& form : forms) {
    SCOPED_TRACE(form.name);
    const Constant weights = numbers(form.weights), bias = numbers({form.weights[0]});
    expect_map(computed("Conv", {weights, bias}, form.slide.attributes()), convolved(weights, bias, form.slide));
  }
}

// SAME: ceil(size / stride) places; the odd row of the padding at the end, or with LOWER at the begin.
TEST(ImportedOps, PaddingByRule) {
  const Constant weights = numbers({3, kC, 4, 2}), bias = numbers({3});
  expect_map(computed("Conv", {weights, bias}, {{"auto_pad", std::string("SAME_UPPER")}}),
             convolved(weights, bias, {.pads = {1, 0, 2, 1}}));
  expect_map(computed("Conv", {weights, bias}, {{"auto_pad", std::string("SAME_LOWER")}}),
             convolved(weights, bias, {.pads = {2, 1, 1, 0}}));
  expect_map(
      computed("Conv", {weights, bias}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Integers{2, 2}}}),
      convolved(weights, bias, {.strides = {2, 2}, .pads = {1, 0, 2, 1}}));  // 4 and 5 places: 3 and 1 are missing
  expect_map(computed("Conv", {weights, bias}, {{"auto_pad", std::string("VALID")}}), convolved(weights, bias, {}));
}

TEST(ImportedOps, TransposedConvolutions) {
  const Map x = image();
  for (const int64_t groups : {1, 2}) {
    SCOPED_TRACE(groups);
    const int64_t each = 3, k = each * groups, r = 3, s = 2;
    const Constant weights = numbers({kC, each, r, s}), bias = numbers({k});
    const Integers strides = {2, 3}, dilations = {1, 2}, pads = {1, 0, 0, 1}, more = {1, 2};
    Map y{k, strides[0] * (kH - 1) + dilations[0] * (r - 1) + 1 + more[0] - pads[0] - pads[2],
          strides[1] * (kW - 1) + dilations[1] * (s - 1) + 1 + more[1] - pads[1] - pads[3]};
    for (int64_t o = 0; o < k; ++o) {
      for (int64_t i = 0; i < y.h * y.w; ++i) y.at(o, i / y.w, i % y.w) = static_cast<double>(bias.numbers.data[o]);
    }
    for (int64_t c = 0; c < kC; ++c) {
      for (int64_t i = 0; i < kH * kW * each * r * s; ++i) {
        const int64_t tap_x = i % s, tap_y = i / s % r, o = i / (r * s) % each, column = i / (r * s * each) % kW,
                      row = i / (r * s * each * kW), group = c / (kC / groups);
        const int64_t to_y = row * strides[0] + tap_y * dilations[0] - pads[0],
                      to_x = column * strides[1] + tap_x * dilations[1] - pads[1];
        if (y.has(to_y, to_x))
          y.at(group * each + o, to_y, to_x) +=
              x.at(c, row, column) *
              static_cast<double>(weights.numbers.data[((c * each + o) * r + tap_y) * s + tap_x]);
      }
    }
    expect_map(computed("ConvTranspose", {weights, bias},
                        {{"strides", strides},
                         {"dilations", dilations},
                         {"pads", pads},
                         {"output_padding", more},
                         {"group", groups}}),
               y);
  }
}

// ---- poolings: a last window that hangs over the edge must begin inside the map or the padding before it

Map pooled(bool largest, bool ceil, bool counts_padding) {
  const Map x = image();
  const int64_t r = 3, s = 2, stride_y = 2, stride_x = 3, top = 1, left = 1, bottom = 0, right = 1;
  const auto places = [&](int64_t in, int64_t before, int64_t after, int64_t taps, int64_t stride) {
    int64_t count = (in + before + after - taps + (ceil ? stride - 1 : 0)) / stride + 1;
    if (ceil && (count - 1) * stride >= in + before) --count;
    return count;
  };
  Map y{kC, places(kH, top, bottom, r, stride_y), places(kW, left, right, s, stride_x)};
  for (int64_t c = 0; c < kC; ++c) {
    for (int64_t row = 0; row < y.h; ++row) {
      for (int64_t column = 0; column < y.w; ++column) {
        double most = -std::numeric_limits<double>::infinity(), sum = 0, inside = 0, padded = 0;
        for (int64_t tap = 0; tap < r * s; ++tap) {
          const int64_t from_y = row * stride_y - top + tap / s, from_x = column * stride_x - left + tap % s;
          if (from_y < kH + bottom && from_x < kW + right) ++padded;
          if (!x.has(from_y, from_x)) continue;
          ++inside;
          sum += x.at(c, from_y, from_x);
          most = std::max(most, x.at(c, from_y, from_x));
        }
        y.at(c, row, column) = largest ? most : sum / (counts_padding ? padded : inside);
      }
    }
  }
  return y;
}

TEST(ImportedOps, Poolings) {
  for (const bool ceil : {false, true}) {
    SCOPED_TRACE(ceil);
    const Attributes window = {{"kernel_shape", Integers{3, 2}},
                               {"strides", Integers{2, 3}},
                               {"pads", Integers{1, 1, 0, 1}},
                               {"ceil_mode", int64_t{ceil}}};
    expect_map(computed("MaxPool", {}, window), pooled(true, ceil, false));
    for (const bool counts : {false, true}) {
      Attributes counting = window;
      counting["count_include_pad"] = int64_t{counts};
      expect_map(computed("AveragePool", {}, counting), pooled(false, ceil, counts));
    }
  }
}

// ---- number by number, and moved

TEST(ImportedOps, SlopesOfChannels) {
  const Constant slopes = numbers({kC, 1, 1});
  Map y = image();
  for (int64_t i = 0; i < kC * kH * kW; ++i) {
    double& value = y.data[static_cast<size_t>(i)];
    if (value < 0) value *= static_cast<double>(slopes.numbers.data[i / (kH * kW)]);
  }
  expect_map(computed("PRelu", {slopes}, {}), y);
}

TEST(ImportedOps, Paddings) {
  const int64_t top = 2, left = 1, bottom = 3, right = 4;
  const Map x = image();
  const auto mirrored = [](int64_t i, int64_t size) { return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i; };
  const auto nearest = [](int64_t i, int64_t size) { return std::clamp(i, int64_t{0}, size - 1); };
  for (const std::string mode : {"constant", "reflect", "edge"}) {
    SCOPED_TRACE(mode);
    Map y{kC, kH + top + bottom, kW + left + right};
    for (int64_t c = 0; c < kC; ++c) {
      for (int64_t i = 0; i < y.h * y.w; ++i) {
        const int64_t row = i / y.w - top, column = i % y.w - left;
        double& dst = y.at(c, i / y.w, i % y.w);
        if (mode == "constant")
          dst = x.has(row, column) ? x.at(c, row, column) : 0.75;
        else if (mode == "reflect")
          dst = x.at(c, mirrored(row, kH), mirrored(column, kW));
        else
          dst = x.at(c, nearest(row, kH), nearest(column, kW));
      }
    }
    expect_map(
        computed("Pad", {integers({0, 0, top, left, 0, 0, bottom, right}), Constant::of(std::vector<float>{0.75F}, {})},
                 {{"mode", mode}}),
        y);
  }
}

// Rows alone, and channels in another order and number.
TEST(ImportedOps, PartsOfAValue) {
  const Map x = image();
  Map rows{kC, 4, kW}, chosen{3, kH, kW};
  for (int64_t c = 0; c < kC; ++c) {
    for (int64_t i = 0; i < 4 * kW; ++i) rows.at(c, i / kW, i % kW) = x.at(c, i / kW + 2, i % kW);
  }
  const Integers order = {3, 0, 2};
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t i = 0; i < kH * kW; ++i)
      chosen.at(c, i / kW, i % kW) = x.at(order[static_cast<size_t>(c)], i / kW, i % kW);
  }
  expect_map(computed("Slice", {integers({2}), integers({-1}), integers({2})}, {}), rows);
  expect_map(computed("Gather", {integers(order)}, {{"axis", int64_t{1}}}), chosen);
}

TEST(ImportedOps, BlocksOfChannels) {
  const Map x = image();
  for (const std::string mode : {"DCR", "CRD"}) {
    SCOPED_TRACE(mode);
    Map y{kC / 4, 2 * kH, 2 * kW};
    for (int64_t c = 0; c < y.c; ++c) {
      for (int64_t i = 0; i < y.h * y.w; ++i) {
        const int64_t row = i / y.w, column = i % y.w, element = row % 2 * 2 + column % 2;
        y.at(c, row, column) = x.at(mode == "DCR" ? element * y.c + c : c * 4 + element, row / 2, column / 2);
      }
    }
    expect_map(computed("DepthToSpace", {}, {{"blocksize", int64_t{2}}, {"mode", mode}}), y);
  }
}

}  // namespace
}  // namespace phosphene::testing::import_ops_test
