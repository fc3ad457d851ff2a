#include "tests/networks/import_cases.h"

#include <stdexcept>
#include <utility>

namespace phosphene::testing {
namespace {

using source::Attribute;
using source::Constant;
using source::Node;
using Integers = std::vector<int64_t>;
using Attributes = std::map<std::string, Attribute>;

// Numbers between -2 and 2, multiples of 1/8; of variances and factors those between 1/2 and 2.
Constant numbers(const Integers& dims, bool positive = false) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(positive ? static_cast<float>(i * 5 % 13 + 4) / 8 : static_cast<float>(i * 29 % 31 - 15) / 8);
  return Constant::of(std::move(values), dims);
}

Constant zeros(const Integers& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return Constant::of(std::vector<float>(static_cast<size_t>(count)), dims);
}

Constant integers(const Integers& list) { return Constant::of(list, {std::ssize(list)}); }
Constant one(float number) { return Constant::of(std::vector<float>{number}, {}); }
Constant one(int64_t integer) { return Constant::of(Integers{integer}, {}); }

// A case under construction: of(op).reads(...).says(...).
struct Building {
  ImportCase result;

  Building& labelled(const char* label) {
    result.label = label;
    return *this;
  }
  // A constant input; `otherwise`: what holds without it.
  Building& reads(Constant constant) {
    const std::string name = "input" + std::to_string(result.node.inputs.size());
    result.node.inputs.push_back(name);
    result.constants[name] = std::move(constant);
    result.most_inputs = result.node.inputs.size();
    return *this;
  }
  Building& reads_or(Constant constant, Constant otherwise) {
    result.inputs_otherwise[result.node.inputs.size()] = std::move(otherwise);
    return reads(std::move(constant));
  }
  Building& reads_none() {
    result.node.inputs.emplace_back("");
    return *this;
  }
  Building& reads_y() {
    result.node.inputs.emplace_back("y");
    return *this;
  }
  Building& of_any_length() {
    result.any_length.insert(result.node.inputs.size() - 1);
    return *this;
  }
  Building& list_of_any_length(const char* name) {
    result.any_list.insert(name);
    return *this;
  }
  Building& any_inputs() {
    result.any_inputs = true;
    return *this;
  }
  Building& most(size_t inputs) {
    result.most_inputs = inputs;
    return *this;
  }
  Building& says(const std::string& name, Attribute value) {
    result.node.attributes[name] = std::move(value);
    return *this;
  }
  Building& says_or(const std::string& name, Attribute value, Attribute otherwise) {
    result.otherwise[name] = std::move(otherwise);
    return says(name, std::move(value));
  }
  // An attribute that changes nothing, whatever it says.
  Building& ignores(const std::string& name, Attribute value) {
    result.ignored.insert(name);
    return says(name, std::move(value));
  }
  Building& writes(const char* output) {
    result.node.outputs.emplace_back(output);
    return *this;
  }
  Building& channels_last() {
    result.channels_last = true;
    return *this;
  }
  Building& behind(const char* op, Attributes attributes = {}) {
    result.before.push_back({"before", op, {"x"}, {"x:before"}, std::move(attributes), ""});
    result.node.inputs[0] = "x:before";
    return *this;
  }
  // What reads "out", so that a wrong order of dimensions shows.
  Building& read_by(const char* op, const std::vector<Constant>& constants = {}, Attributes attributes = {}) {
    const std::string last = result.after.empty() ? "out" : result.after.back().outputs[0];
    Node node{"after", op, {last}, {last + "'"}, std::move(attributes), ""};
    for (const Constant& constant : constants) {
      node.inputs.push_back(last + ":" + std::to_string(node.inputs.size()));
      result.constants[node.inputs.back()] = constant;
    }
    result.after.push_back(std::move(node));
    return *this;
  }
  operator ImportCase() const { return result; }  // NOLINT(google-explicit-constructor): a list of cases reads better
};

Building of(const char* op) {
  Building building;
  building.result.node = {"node", op, {"x"}, {"out"}, {}, ""};
  building.result.most_inputs = 1;
  return building;
}

constexpr int64_t kAll = kCaseChannels * kCaseRows * kCaseColumns;

// ---- families

std::vector<ImportCase> of_activations() {
  return {of("Relu"),
          of("Sigmoid"),
          of("Tanh"),
          of("HardSwish"),
          of("Softplus"),
          of("Mish"),
          of("LeakyRelu").says_or("alpha", 0.25, 0.01),
          of("Elu").says_or("alpha", 0.5, 1.),
          of("Selu").says_or("alpha", 1.5, 1.67326319217681884765625).says_or("gamma", 1.25, 1.05070102214813232421875),
          of("HardSigmoid").says_or("alpha", 0.25, 0.2).says_or("beta", 0.375, 0.5),
          of("Swish").says_or("alpha", 1.5, 1.),
          of("Gelu").says_or("approximate", std::string("tanh"), std::string("none")),
          of("Clip").reads_or(one(-0.5F), one(-1e30F)).reads_or(one(0.75F), one(1e30F)),
          of("PRelu").reads(numbers({kCaseChannels, 1, 1})),
          of("Softmax").says_or("axis", int64_t{1}, int64_t{-1}).says_or("coerce_to_2d", int64_t{0}, int64_t{0})};
}

std::vector<ImportCase> of_arithmetic() {
  const Constant factors = numbers({kCaseChannels, 1, 1}, true);
  std::vector<ImportCase> cases = {
      of("Add").reads(factors),
      of("Add").labelled("of two").reads_y().most(2),
      of("Add").labelled("before opset 7").reads(numbers({kCaseChannels})).says_or("old_axis", int64_t{1}, int64_t{3}),
      of("Sub").reads(factors),
      of("Mul").reads(factors),
      of("Mul").labelled("of two").reads_y().most(2),
      of("Div").reads(factors),
      of("Max").reads_or(one(0.5F), one(-1e30F)).any_inputs(),
      of("Min").labelled("of two").reads_y().any_inputs(),
      of("Neg"),
      of("Sum").reads_y().any_inputs(),
      of("Mean").reads_y().any_inputs(),
      of("Pow").reads(one(2.F)),
      of("tf.BiasAdd")
          .reads(numbers({kCaseChannels}))
          .channels_last()
          .says_or("data_format", std::string("NHWC"), std::string("NHWC"))};
  return cases;
}

std::vector<ImportCase> of_convolutions() {
  return {of("Conv")
              .reads(numbers({8, 2, 3, 2}))
              .reads_or(numbers({8}), zeros({8}))
              .says_or("kernel_shape", Integers{3, 2}, Integers{3, 2})
              .says_or("strides", Integers{2, 1}, Integers{1, 1})
              .says_or("pads", Integers{1, 0, 2, 1}, Integers{0, 0, 0, 0})
              .says_or("dilations", Integers{1, 2}, Integers{1, 1})
              .says_or("group", int64_t{2}, int64_t{1}),
          of("Conv")
              .labelled("auto_pad")
              .reads(numbers({3, 4, 3, 3}))
              .of_any_length()
              .most(3)
              .says_or("auto_pad", std::string("SAME_UPPER"), std::string("NOTSET")),
          of("ConvTranspose")
              .reads(numbers({4, 3, 3, 2}))
              .reads_or(numbers({6}), zeros({6}))
              .says_or("kernel_shape", Integers{3, 2}, Integers{3, 2})
              .says_or("strides", Integers{2, 3}, Integers{1, 1})
              .says_or("pads", Integers{1, 0, 0, 1}, Integers{0, 0, 0, 0})
              .says_or("dilations", Integers{1, 2}, Integers{1, 1})
              .says_or("output_padding", Integers{1, 2}, Integers{0, 0})
              .says_or("group", int64_t{2}, int64_t{1}),
          of("ConvTranspose")
              .labelled("auto_pad")
              .reads(numbers({4, 3, 3, 3}))
              .most(3)
              .says_or("strides", Integers{2, 2}, Integers{1, 1})
              .says_or("auto_pad", std::string("SAME_LOWER"), std::string("NOTSET")),
          of("Gemm")
              .behind("Flatten")
              .reads(numbers({5, kAll}))
              .reads_or(numbers({5}), zeros({5}))
              .says_or("alpha", 0.5, 1.)
              .says_or("beta", 2., 1.)
              .says_or("transA", int64_t{0}, int64_t{0})
              .says_or("transB", int64_t{1}, int64_t{0}),
          of("MatMul").behind("Flatten").reads(numbers({kAll, 5})),
          of("tf.MatMul")
              .behind("Flatten")
              .reads(numbers({5, kAll}))
              .of_any_length()
              .says_or("transpose_a", int64_t{0}, int64_t{0})
              .says_or("transpose_b", int64_t{1}, int64_t{0})
              .says_or("grad_a", int64_t{0}, int64_t{0})
              .says_or("grad_b", int64_t{0}, int64_t{0})};
}

std::vector<ImportCase> of_normalisations() {
  const Constant each = numbers({kCaseChannels}), factors = numbers({kCaseChannels}, true);
  return {
      of("BatchNormalization")
          .reads(factors)
          .reads(each)
          .reads(each)
          .reads(factors)
          .says_or("epsilon", 0.25, 1e-5)
          .says_or("training_mode", int64_t{0}, int64_t{0})
          .ignores("momentum", 0.5),
      of("LRN").says("size", int64_t{3}).says_or("alpha", 0.5, 1e-4).says_or("beta", 0.5, 0.75).says_or("bias", 2., 1.),
      of("LayerNormalization")
          .channels_last()
          .reads(factors)
          .reads_or(each, zeros({kCaseChannels}))
          .says_or("axis", int64_t{3}, int64_t{-1})
          .says_or("epsilon", 0.25, 1e-5)
          .ignores("stash_type", int64_t{1}),
      of("InstanceNormalization").reads(factors).reads(each).says_or("epsilon", 0.25, 1e-5),
      of("GroupNormalization")
          .reads(factors)
          .reads(each)
          .says("num_groups", int64_t{2})
          .says_or("epsilon", 0.25, 1e-5)
          .ignores("stash_type", int64_t{1}),
      of("GroupNormalization")
          .labelled("of opset 18")
          .reads(numbers({2}, true))
          .reads(numbers({2}))
          .says("num_groups", int64_t{2})
          .says_or("scale_of_groups", int64_t{1}, int64_t{0})};
}

Building window(const char* op) {
  return of(op)
      .says("kernel_shape", Integers{3, 2})
      .says_or("strides", Integers{2, 1}, Integers{1, 1})
      .says_or("pads", Integers{1, 0, 0, 1}, Integers{0, 0, 0, 0})
      .says_or("dilations", Integers{1, 1}, Integers{1, 1})
      .says_or("ceil_mode", int64_t{1}, int64_t{0});
}

std::vector<ImportCase> of_poolings() {
  const auto same = [](const char* op) {
    return of(op)
        .labelled("auto_pad")
        .says("kernel_shape", Integers{3, 2})
        .says_or("auto_pad", std::string("SAME_UPPER"), std::string("NOTSET"));
  };
  return {
      window("MaxPool").ignores("storage_order", int64_t{0}),
      window("AveragePool").says_or("count_include_pad", int64_t{1}, int64_t{0}),
      same("MaxPool"),
      same("AveragePool"),
      of("GlobalAveragePool"),
      of("GlobalMaxPool"),
      of("torch.AdaptiveAvgPool2d").says("output_size", Integers{3, 5}),
      of("ReduceMean")
          .says("axes", Integers{2, 3})
          .says_or("keepdims", int64_t{0}, int64_t{1})
          .most(2)
          .says_or("noop_with_empty_axes", int64_t{0}, int64_t{0}),
      of("ReduceMax").labelled("axes as an input").reads(integers({2, 3})).says_or("keepdims", int64_t{0}, int64_t{1}),
      of("tf.Mean").channels_last().reads(integers({1, 2})).says_or("keep_dims", int64_t{1}, int64_t{0})};
}

std::vector<ImportCase> of_shapes() {
  const Constant weights = numbers({kAll, 3}), of_channels = numbers({kCaseChannels, 3}),
                 each = numbers({kCaseChannels}), factors = numbers({kCaseChannels}, true);
  return {
      of("Identity"),
      of("Dropout").most(3).ignores("ratio", 0.25).ignores("is_test", int64_t{1}).ignores("seed", int64_t{1}),
      of("Cast").says("to", int64_t{1}).ignores("saturate", int64_t{1}),
      of("Expand").reads(integers({1, 4, 8, 10})).of_any_length(),
      of("Reshape")
          .reads(integers({1, -1}))
          .of_any_length()
          .says_or("allowzero", int64_t{0}, int64_t{0})
          .read_by("MatMul", {weights}),
      of("tf.Reshape").channels_last().reads(integers({1, -1})).of_any_length().read_by("MatMul", {weights}),
      of("Flatten").says_or("axis", int64_t{-3}, int64_t{1}).read_by("MatMul", {weights}),
      of("Squeeze")
          .behind("GlobalAveragePool")
          .says_or("axes", Integers{2, 3}, Integers{2, 3})
          .most(2)
          .read_by("MatMul", {of_channels}),
      of("tf.Squeeze")
          .behind("GlobalAveragePool")
          .says_or("squeeze_dims", Integers{2, 3}, Integers{2, 3})
          .most(2)
          .read_by("MatMul", {of_channels}),
      of("Unsqueeze")
          .says("axes", Integers{1})
          .most(2)
          .read_by("Squeeze", {}, {{"axes", Integers{1}}})
          .read_by("Softmax", {}, {{"axis", int64_t{1}}}),
      of("Transpose")
          .says_or("perm", Integers{0, 2, 3, 1}, Integers{3, 2, 1, 0})
          .most(2)
          .read_by("LayerNormalization", {factors, each}),
      of("tf.Transpose").reads(integers({0, 2, 3, 1})).read_by("LayerNormalization", {factors, each}),
      of("Split").reads_or(integers({1, 3}), integers({2, 2})).writes("other").says_or("axis", int64_t{1}, int64_t{0}),
      of("Split")
          .labelled("into equal parts")
          .writes("other")
          .says_or("axis", int64_t{1}, int64_t{0})
          .most(2)
          .says_or("num_outputs", int64_t{2}, int64_t{2}),
      of("Slice")
          .reads(integers({1, 2}))
          .reads(integers({3, -1}))
          .reads_or(integers({1, 2}), integers({0, 1}))
          .reads_or(integers({1, 1}), integers({1, 1})),
      of("Gather").reads(integers({2, 0, 3})).of_any_length().says_or("axis", int64_t{1}, int64_t{0}),
      of("Concat").reads_y().says("axis", int64_t{1}).any_inputs(),
      of("tf.ConcatV2").channels_last().reads_y().reads(one(int64_t{3})).any_inputs().ignores("N", int64_t{2}),
      of("DepthToSpace").says("blocksize", int64_t{2}).says_or("mode", std::string("CRD"), std::string("DCR")),
      of("SpaceToDepth").says("blocksize", int64_t{2}),
      of("Pad")
          .reads(integers({0, 0, 1, 2, 0, 0, 2, 1}))
          .most(4)
          .says_or("mode", std::string("reflect"), std::string("constant")),
      of("Pad")
          .labelled("axes")
          .reads(integers({1, 2, 3, 4}))
          .reads_or(one(0.5F), one(0.F))
          .reads_or(integers({2, 3}), integers({0, 1, 2, 3})),
      of("Resize")
          .reads_or(zeros({0}), zeros({0}))
          .reads(Constant::of(std::vector<float>{1, 1, 2, 1.5F}, {4}))
          .most(4)
          .says_or("mode", std::string("linear"), std::string("nearest"))
          .says_or("coordinate_transformation_mode", std::string("asymmetric"), std::string("half_pixel"))
          .says_or("antialias", int64_t{0}, int64_t{0})
          .says_or("exclude_outside", int64_t{0}, int64_t{0})
          .says_or("keep_aspect_ratio_policy", std::string("stretch"), std::string("stretch"))
          .ignores("cubic_coeff_a", -0.5)
          .ignores("extrapolation_value", 0.),
      of("Resize")
          .labelled("to a size")
          .reads_none()
          .reads_none()
          .reads(integers({12, 15}))
          .says_or("axes", Integers{2, 3}, Integers{0, 1, 2, 3})
          .says_or("nearest_mode", std::string("ceil"), std::string("round_prefer_floor")),
      of("torch.ChannelShuffle").says("groups", int64_t{2})};
}

Building of_tensorflow_window(const char* op) {
  return of(op)
      .channels_last()
      .says("ksize", Integers{1, 3, 2, 1})
      .says("strides", Integers{1, 2, 1, 1})
      .says("padding", std::string("VALID"))
      .says_or("data_format", std::string("NHWC"), std::string("NHWC"))
      .ignores("explicit_paddings", Integers{});
}

std::vector<ImportCase> of_tensorflow() {
  const Constant each = numbers({kCaseChannels}), factors = numbers({kCaseChannels}, true);
  return {of("tf.Conv2D")
              .channels_last()
              .reads(numbers({3, 2, 4, 6}))
              .of_any_length()
              .says("strides", Integers{1, 2, 1, 1})
              .says("padding", std::string("SAME"))
              .says_or("dilations", Integers{1, 1, 2, 1}, Integers{1, 1, 1, 1})
              .says_or("data_format", std::string("NHWC"), std::string("NHWC"))
              .ignores("explicit_paddings", Integers{})
              .ignores("use_cudnn_on_gpu", int64_t{1}),
          of("tf.DepthwiseConv2dNative")
              .channels_last()
              .reads(numbers({3, 2, 4, 2}))
              .of_any_length()
              .says("strides", Integers{1, 2, 2, 1})
              .says("padding", std::string("VALID")),
          of_tensorflow_window("tf.MaxPool"),
          of_tensorflow_window("tf.AvgPool"),
          of("tf.LRN")
              .channels_last()
              .says_or("depth_radius", int64_t{1}, int64_t{5})
              .says_or("alpha", 0.5, 1.)
              .says_or("beta", 0.25, 0.5)
              .says_or("bias", 2., 1.),
          of("tf.FusedBatchNormV3")
              .channels_last()
              .reads(factors)
              .reads(each)
              .reads(each)
              .reads(factors)
              .says_or("is_training", int64_t{0}, int64_t{1})
              .says_or("epsilon", 0.25, 1e-4)
              .says_or("data_format", std::string("NHWC"), std::string("NHWC"))
              .ignores("exponential_avg_factor", 1.),
          of("tf.BatchNormWithGlobalNormalization")
              .channels_last()
              .reads(each)
              .reads(factors)
              .reads(each)
              .reads(factors)
              .says("variance_epsilon", 0.25)
              .says("scale_after_normalization", int64_t{0}),
          of("tf.Relu").channels_last(),
          of("tf.Relu6").channels_last(),
          of("tf.LeakyRelu").channels_last().says_or("alpha", 0.25, 0.2),
          of("tf.Softmax").channels_last(),
          of("tf.Identity").channels_last(),
          of("tf.CheckNumerics").channels_last().ignores("message", std::string("no number")),
          of("tf.PlaceholderWithDefault").channels_last().says_or("shape", Integers{-1, 8, 10, 4}, Integers{}),
          of("tf.Pad").channels_last().reads(Constant::of(Integers{0, 0, 1, 2, 3, 0, 0, 0}, {4, 2}))};
}

Building keras(const char* op) {
  return of(op).channels_last().says_or("data_format", std::string("channels_last"), std::string("channels_last"));
}

Building keras_pool(const char* op) {
  return keras(op)
      .says_or("pool_size", Integers{3, 2}, Integers{2, 2})
      .says_or("strides", Integers{2, 1}, Integers{3, 2})
      .says_or("padding", std::string("same"), std::string("valid"));
}

std::vector<ImportCase> of_keras() {
  const Constant each = numbers({kCaseChannels}), factors = numbers({kCaseChannels}, true);
  const std::string linear = "linear";
  return {keras("keras.Conv2D")
              .reads(numbers({3, 2, 2, 6}))
              .reads(numbers({6}))
              .says("kernel_size", Integers{3, 2})
              .says_or("strides", Integers{2, 1}, Integers{1, 1})
              .says_or("padding", std::string("same"), std::string("valid"))
              .says_or("groups", int64_t{2}, int64_t{1})
              .says_or("filters", int64_t{6}, int64_t{6})
              .says_or("use_bias", int64_t{1}, int64_t{1})
              .says_or("activation", std::string("tanh"), linear)
              .says_or("dilation_rate", Integers{1, 1}, Integers{1, 1}),
          keras("keras.DepthwiseConv2D")
              .reads(numbers({3, 2, 4, 2}))
              .reads(numbers({8}))
              .says("kernel_size", Integers{3, 2})
              .says_or("depth_multiplier", int64_t{2}, int64_t{1})
              .says_or("strides", Integers{2, 1}, Integers{1, 1})
              .says_or("activation", std::string("relu6"), linear),
          keras("keras.SeparableConv2D")
              .reads(numbers({3, 2, 4, 1}))
              .reads(numbers({1, 1, 4, 5}))
              .reads(numbers({5}))
              .says("kernel_size", Integers{3, 2})
              .says_or("filters", int64_t{5}, int64_t{5})
              .says_or("depth_multiplier", int64_t{1}, int64_t{1})
              .says_or("padding", std::string("same"), std::string("valid")),
          of("keras.Dense")
              .channels_last()
              .reads(numbers({4, 5}))
              .reads(numbers({5}))
              .says_or("units", int64_t{5}, int64_t{5})
              .says_or("activation", std::string("sigmoid"), linear)
              .says_or("use_bias", int64_t{1}, int64_t{1}),
          of("keras.BatchNormalization")
              .channels_last()
              .reads(factors)
              .reads(each)
              .reads(each)
              .reads(factors)
              .says_or("axis", Integers{3}, Integers{-1})
              .says_or("epsilon", 0.25, 1e-3)
              .says_or("scale", int64_t{1}, int64_t{1})
              .says_or("center", int64_t{1}, int64_t{1})
              .ignores("momentum", 0.5),
          of("keras.Rescaling").channels_last().says_or("scale", 0.5, 1.).says_or("offset", -1., 0.),
          of("keras.Activation").channels_last().says("activation", std::string("elu")),
          of("keras.ReLU")
              .channels_last()
              .says_or("max_value", 0.5, 1e30)
              .says_or("negative_slope", 0., 0.)
              .says_or("threshold", 0., 0.),
          of("keras.LeakyReLU").channels_last().says_or("negative_slope", 0.25, 0.3),
          of("keras.ELU").channels_last().says_or("alpha", 0.5, 1.),
          of("keras.Softmax").channels_last().says_or("axis", int64_t{3}, int64_t{-1}),
          keras_pool("keras.MaxPooling2D"),
          keras_pool("keras.AveragePooling2D"),
          keras("keras.GlobalAveragePooling2D").says_or("keepdims", int64_t{1}, int64_t{0}),
          keras("keras.GlobalMaxPooling2D").says_or("keepdims", int64_t{1}, int64_t{0}),
          keras("keras.Flatten").read_by("MatMul", {numbers({kAll, 3})}),
          of("keras.Reshape")
              .channels_last()
              .says("target_shape", Integers{-1})
              .list_of_any_length("target_shape")
              .read_by("MatMul", {numbers({kAll, 3})}),
          keras("keras.ZeroPadding2D").says_or("padding", Integers{1, 2, 3, 0}, Integers{1, 1}),
          of("keras.Concatenate").channels_last().reads_y().any_inputs().says_or("axis", int64_t{3}, int64_t{-1}),
          of("keras.Dropout").channels_last().ignores("rate", 0.5)};
}

}  // namespace

std::vector<ImportCase> import_cases(const std::string& family) {
  using Cases = std::vector<ImportCase> (*)();
  static const std::map<std::string, Cases> families = {
      {"activations", of_activations},   {"arithmetic", of_arithmetic},
      {"convolutions", of_convolutions}, {"normalisations", of_normalisations},
      {"poolings", of_poolings},         {"shapes", of_shapes},
      {"tensorflow", of_tensorflow},     {"keras", of_keras}};
  return families.at(family)();
}

std::set<std::string> rules_like_others() {
  return {"tf.Elu",
          "tf.Selu",
          "tf.Sigmoid",
          "tf.Tanh",
          "tf.Softplus",
          "tf.Add",
          "tf.AddV2",
          "tf.Sub",
          "tf.Mul",
          "tf.RealDiv",
          "tf.Maximum",
          "tf.Minimum",
          "tf.AddN",
          "keras.Add",
          "keras.Subtract",
          "keras.Multiply",
          "keras.Maximum",
          "keras.Minimum",
          "keras.ops.Add",
          "keras.ops.Subtract",
          "keras.ops.Multiply",
          "keras.ops.TrueDivide",
          "tf.FusedBatchNorm",
          "tf.FusedBatchNormV2",
          "tf.Concat",
          "keras.SpatialDropout2D",
          "keras.GaussianNoise",
          "keras.ActivityRegularization"};
}

source::Network network_of(const ImportCase& given) {
  source::Network network;
  network.path = "net";
  network.name = "net";
  network.inputs = {{"x", given.channels_last ? Integers{1, kCaseRows, kCaseColumns, kCaseChannels}
                                              : Integers{1, kCaseChannels, kCaseRows, kCaseColumns}}};
  network.constants = given.constants;
  network.nodes.push_back({"second", "HardSwish", {"x"}, {"y"}, {}, ""});
  for (const Node& node : given.before) network.nodes.push_back(node);
  network.nodes.push_back(given.node);
  // A node that computes nothing is no layer: a negation behind it is one, and keeps how a file sees its source.
  network.nodes.push_back({"last", "Neg", {"out"}, {"end"}, {}, ""});
  if (!given.after.empty()) network.nodes.back().inputs = {given.after.back().outputs[0]};
  network.nodes.insert(network.nodes.end() - 1, given.after.begin(), given.after.end());
  network.outputs = {"end"};
  return network;
}

}  // namespace phosphene::testing
