#include "experiment/step/step_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "runtime/error.h"

namespace phosphene {
namespace {

using Bytes = std::vector<std::byte>;

// One op by itself: what it reads are states.
class OpAlone {
 public:
  OpAlone(const Graph& whole, const Node& node, Backend& backend) : states_(backend) {
    Graph graph;
    const auto stand_in = [&](ValueId id) { return graph.state(std::to_string(id), whole.info(id)); };
    std::vector<ValueId> src;
    for (const ValueId id : node.src) src.push_back(stand_in(id));
    if (node.op->updates_state()) {
      for (const ValueId id : node.dst) dst_.push_back(stand_in(id));
      graph.append_update(node.op, src, dst_, node.layer);
    } else {
      dst_ = graph.append_all(node.op, src, node.layer);
    }
    program_ = std::make_unique<Program>(std::move(graph), node.op->updates_state() ? std::vector<ValueId>{} : dst_,
                                         backend, states_);
  }

  // The outputs' bytes, given those of the inputs (and of updated states) by the value's number in the whole graph.
  std::vector<Bytes> run(const std::map<ValueId, Bytes>& values) {
    for (const std::string& name : states_.names()) states_.write(name, values.at(std::stoi(name)));
    program_->run();
    std::vector<Bytes> outputs;
    for (const ValueId id : dst_) outputs.push_back(program_->read_bytes(id));
    return outputs;
  }

 private:
  States states_;
  std::vector<ValueId> dst_;
  std::unique_ptr<Program> program_;
};

template <class T>
double largest_error(const Bytes& expected, const Bytes& actual) {
  double error = 0, largest = 0;
  for (size_t at = 0; at < expected.size(); at += sizeof(T)) {
    T e, a;
    std::memcpy(&e, &expected[at], sizeof(T));
    std::memcpy(&a, &actual[at], sizeof(T));
    if (!std::isfinite(e) || !std::isfinite(a)) return std::numeric_limits<double>::infinity();
    error = std::max(error, std::abs(static_cast<double>(e) - static_cast<double>(a)));
    largest = std::max(largest, std::abs(static_cast<double>(e)));
  }
  return largest > 0 ? error / largest : error;
}

double largest_error(const TensorInfo& info, const Bytes& expected, const Bytes& actual) {
  if (info.dtype == DType::f32) return largest_error<float>(expected, actual);
  if (info.dtype == DType::f64) return largest_error<double>(expected, actual);
  return expected == actual ? 0 : std::numeric_limits<double>::infinity();
}

// Both backends sum K products, each in its own order: the difference is a random walk of sqrt(K) roundings for either, of the
// largest entry; 8 leaves room for the worst of a million entries. No op of a step sums more than some 2^14 products.
// In bf16 the result is rounded once, by at most 2^-8 of itself. Rounded weights move each product by as much, up or down, and so
// their sum by 2^-8 of the root of its sum of squares, which is what a sum of terms of either sign comes to itself: another
// rounding of a typical entry, and the largest is larger. 8 * 2^-9 leaves room for four of them. TF32 rounds both factors of a
// product, by at most 2^-11 of themselves, which weighs as the weights of bf16 do: 8 * 2^-11.
double tolerance_of(const TensorInfo& info, double rounding) {
  constexpr double kLongestSum = 1 << 14;
  if (info.dtype == DType::bf16) return 8 * 0x1p-9;
  if (rounding > 0x1p-24 && info.dtype == DType::f32) return 8 * rounding;
  return info.dtype == DType::f32 || info.dtype == DType::f64 ? 8 * rounding * std::sqrt(kLongestSum) : 0;
}

// The same numbers as another type holds them.
Bytes converted(const Bytes& bytes, DType from, DType to) {
  Bytes result = bytes;
  if (from == DType::f32 && to == DType::bf16) {
    const std::span<const float> numbers(reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float));
    const std::vector<uint16_t> halves = to_bf16(numbers);
    result.assign(std::as_bytes(std::span(halves)).begin(), std::as_bytes(std::span(halves)).end());
  } else if (from == DType::bf16 && to == DType::f32) {
    const std::span<const uint16_t> halves(reinterpret_cast<const uint16_t*>(bytes.data()), bytes.size() / 2);
    const std::vector<float> numbers = from_bf16(halves);
    result.assign(std::as_bytes(std::span(numbers)).begin(), std::as_bytes(std::span(numbers)).end());
  }
  return result;
}

Bytes start_of(const GraphValue& value, const States& states) {
  Bytes bytes(static_cast<size_t>(value.info.bytes()));
  if (value.storage == Storage::constant) {
    std::memcpy(bytes.data(), value.numbers, bytes.size());
  } else {
    states.read(value.name, bytes);
  }
  return bytes;
}

std::vector<ValueId> operands(const Node& node) {
  std::vector<ValueId> all = node.src;
  all.insert(all.end(), node.dst.begin(), node.dst.end());
  return all;
}

Settings in_f32(Settings settings) {
  settings.precision = DType::f32;
  return settings;
}

}  // namespace

void compare_ops(const Model& model, const Settings& settings, const std::vector<BatchImage>& images,
                 Backend& reference, Backend& tested, double rounding,
                 const std::function<void(const ValueDifference&)>& report) {
  StepProgram step(model, in_f32(settings), std::ssize(images), reference);
  const Graph& graph = step.program().graph();
  int64_t bytes = 0;  // every value stays on the host
  for (const GraphValue& value : graph.values()) bytes += value.info.bytes();
  require_memory(reference, bytes + step.bytes_to_take());
  step.start(images);
  const StepProgram tested_step(model, settings, std::ssize(images),
                                tested);  // the same ops on values of its own storage
  const Graph& tested_graph = tested_step.program().graph();
  std::map<ValueId, Bytes> values;
  for (size_t id = 0; id < graph.values().size(); ++id) {
    const GraphValue& value = graph.values()[id];
    const bool there =
        value.storage == Storage::constant || (value.storage == Storage::state && step.states().contains(value.name));
    if (there) values[static_cast<ValueId>(id)] = start_of(value, step.states());
  }
  for (size_t at = 0; at < graph.nodes().size(); ++at) {
    const Node& node = graph.nodes()[at];
    const Node& tested_node = tested_graph.nodes().at(at);
    std::map<ValueId, Bytes> stored;
    for (const ValueId id : operands(node)) {
      if (values.contains(id)) stored[id] = converted(values[id], graph.info(id).dtype, tested_graph.info(id).dtype);
    }
    const std::vector<Bytes> expected = OpAlone(graph, node, reference).run(values);
    const std::vector<Bytes> actual = OpAlone(tested_graph, tested_node, tested).run(stored);
    for (size_t i = 0; i < node.dst.size(); ++i) {
      const TensorInfo &info = graph.info(node.dst[i]), &tested_info = tested_graph.info(node.dst[i]);
      const double error = largest_error(info, expected[i], converted(actual[i], tested_info.dtype, info.dtype));
      report({node.layer, std::string(node.op->kind()), info.shape, error, tolerance_of(tested_info, rounding),
              static_cast<int64_t>(at) + 1, std::ssize(graph.nodes())});
      values[node.dst[i]] =
          converted(converted(expected[i], info.dtype, tested_info.dtype), tested_info.dtype, info.dtype);
    }
  }
}

GradientDifference compare_gradients(const Model& model, const Settings& settings,
                                     const std::vector<BatchImage>& images, Backend& reference, Backend& tested) {
  std::vector<std::vector<float>> gradients;
  for (Backend* backend : {&reference, &tested}) {
    StepProgram program(model, backend == &reference ? in_f32(settings) : settings, std::ssize(images), *backend);
    program.start(images);
    program.step();
    gradients.push_back(program.first_moments());
  }
  double largest = 0, squares = 0, squared_errors = 0;
  std::vector<double> errors;
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    const double expected = gradients[0][i], error = std::abs(expected - static_cast<double>(gradients[1][i]));
    errors.push_back(std::isfinite(error) ? error : std::numeric_limits<double>::infinity());
    largest = std::max(largest, std::abs(expected));
    squares += expected * expected;
    squared_errors += errors.back() * errors.back();
  }
  if (largest == 0) {
    const std::string& layer = settings.objective.leading().reads().front().layer;
    const std::string before = layer + ":pre";
    fail(fmt::format("channel 0 of '{}'", layer), "its gradient is exactly zero: the unit is silent{}",
         model.find(before) != nullptr ? fmt::format("; try --layer {}, the value before its ReLU", before) : "");
  }
  std::nth_element(errors.begin(), errors.begin() + std::ssize(errors) / 2, errors.end());
  return {errors[errors.size() / 2] / largest, std::sqrt(squared_errors / squares)};
}

std::vector<float> parameter_after(const Model& model, const Settings& settings, const std::vector<BatchImage>& images,
                                   Backend& backend, int64_t steps, const std::function<void(int64_t)>& done) {
  StepProgram program(model, settings, std::ssize(images), backend);
  program.start(images);
  for (int64_t step = 0; step < steps; ++step) {
    program.step();
    done(step + 1);
  }
  std::vector<float> all;
  for (const ImageParameter& parameter : program.parameters()) {
    const std::vector<float> one = program.states().read<float>(parameter.name);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

}  // namespace phosphene
