#include "tests/support/op_harness.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "runtime/cpu/cpu_backend.h"
#include "runtime/differentiate.h"
#include "tests/support/given_gradient.h"

namespace phosphene::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

constexpr const char* kCotangent = "cotangent";

std::string name_of(size_t operand) { return "operand" + std::to_string(operand); }

std::vector<float> in_layout(const TensorInfo& info, const std::vector<double>& nchw) {
  const Shape& s = info.shape;
  if (static_cast<int64_t>(nchw.size()) != s.elements())
    throw std::invalid_argument("numbers do not fill " + to_string(s));
  std::vector<float> numbers(nchw.begin(), nchw.end());
  if (info.layout == Layout::planar) return numbers;
  const int64_t positions = s.h * s.w;
  for (int64_t i = 0; i < s.elements(); ++i) {
    const int64_t n = i / (positions * s.c), p = i / s.c % positions, c = i % s.c;
    numbers[static_cast<size_t>(i)] = static_cast<float>(nchw[static_cast<size_t>((n * s.c + c) * positions + p)]);
  }
  return numbers;
}

void write_numbers(States& states, const std::string& name, const TensorInfo& info, const std::vector<double>& nchw) {
  const std::vector<float> numbers = in_layout(info, nchw);
  if (info.dtype == DType::bf16) {
    states.write(name, to_bf16(numbers));
  } else {
    states.write(name, numbers);
  }
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

std::vector<double> along(const std::vector<double>& x, const std::vector<double>& direction, double step) {
  std::vector<double> moved = x;
  for (size_t i = 0; i < x.size(); ++i) moved[i] += step * direction[i];
  return moved;
}

}  // namespace

Operand channels_last(const Shape& shape, std::vector<double> nchw) {
  return {{shape, Layout::channels_last, DType::f32}, std::move(nchw), {}, true};
}

Operand planar(const Shape& shape, std::vector<double> nchw) {
  return {{shape, Layout::planar, DType::f32}, std::move(nchw), {}, true};
}

std::vector<double> rounded_to_bf16(const std::vector<double>& numbers) {
  const std::vector<float> rounded = from_bf16(to_bf16(std::vector<float>(numbers.begin(), numbers.end())));
  return {rounded.begin(), rounded.end()};
}

Operand in_bf16(Operand operand) {
  operand.info.dtype = DType::bf16;
  operand.nchw = rounded_to_bf16(operand.nchw);
  return operand;
}

Operand fixed(Operand operand) {
  operand.wanted = false;
  return operand;
}

std::vector<double> random_numbers(int64_t count, unsigned seed, double low, double high) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> numbers(static_cast<size_t>(count));
  for (double& number : numbers) number = std::round(uniform(generator) * 1024) / 1024;
  return numbers;
}

std::vector<double> random_integers(int64_t count, unsigned seed, int low, int high) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> uniform(low, high);
  std::vector<double> numbers(static_cast<size_t>(count));
  for (double& number : numbers) number = uniform(generator);
  return numbers;
}

std::vector<double> distinct_numbers(int64_t count, unsigned seed, double spacing) {
  std::vector<double> numbers(static_cast<size_t>(count));
  const int64_t middle = count / 2;
  for (int64_t i = 0; i < count; ++i)
    numbers[static_cast<size_t>(i)] = spacing * (static_cast<double>(i - middle) + 0.5);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(seed));
  return numbers;
}

OpHarness::OpHarness(std::shared_ptr<const Op> op, std::vector<Operand> operands, int threads, size_t outputs)
    : OpHarness([&](Graph& graph, const std::vector<ValueId>& src) { return graph.append_all(op, src, "op"); },
                op->is_objective(), std::move(operands), threads, outputs) {}

OpHarness::OpHarness(const Build& build, bool objective, std::vector<Operand> operands, int threads, size_t outputs)
    : operands_(std::move(operands)), objective_(objective), backend_(make_cpu_backend(threads)) {
  Graph graph;
  std::vector<ValueId> src, wanted;
  for (size_t i = 0; i < operands_.size(); ++i) {
    src.push_back(graph.state(name_of(i), operands_[i].info));
    if (operands_[i].wanted) wanted.push_back(src.back());
  }
  outputs_ = build(graph, src);
  outputs_.resize(outputs);
  dst_ = graph.shape(outputs_[0]);
  cotangent_info_ = graph.info(outputs_[0]);
  if (!objective_) {
    const ValueId cotangent = graph.state(kCotangent, cotangent_info_);
    graph.append(std::make_shared<GivenGradient>(cotangent), {outputs_[0]}, "objective");
  }
  const std::vector<ValueId> gradients = differentiate(graph, wanted);
  std::vector<ValueId> keep = outputs_;
  size_t next = 0;
  for (const Operand& operand : operands_) {
    gradients_.push_back(operand.wanted ? gradients[next++] : kNoValue);
    if (gradients_.back() != kNoValue) keep.push_back(gradients_.back());
  }

  ProgramOptions options;
  options.check_memory = true;
  states_ = std::make_unique<States>(*backend_);
  program_ = std::make_unique<Program>(std::move(graph), keep, *backend_, *states_, options);
  for (size_t i = 0; i < operands_.size(); ++i) {
    states_->require(name_of(i), operands_[i].info);  // an op may be given a source that nothing reads
    if (operands_[i].table.empty()) {
      set(i, operands_[i].nchw);
    } else {
      states_->write(name_of(i), operands_[i].table);
    }
  }
  states_->require(kCotangent, cotangent_info_);
}

void OpHarness::set(size_t operand, const std::vector<double>& nchw) {
  operands_.at(operand).nchw = nchw;
  write_numbers(*states_, name_of(operand), operands_[operand].info, nchw);
}

std::vector<double> OpHarness::forward(size_t output) {
  program_->run();
  const std::vector<float> numbers = program_->read_nchw(outputs_.at(output)).data;
  return {numbers.begin(), numbers.end()};
}

std::vector<std::vector<double>> OpHarness::backward(const std::vector<double>& cotangent) {
  write_numbers(*states_, kCotangent, cotangent_info_, cotangent);
  program_->run();
  std::vector<std::vector<double>> gradients;
  for (const ValueId id : gradients_) {
    gradients.emplace_back();
    if (id == kNoValue) continue;
    const std::vector<float> numbers = program_->read_nchw(id).data;
    gradients.back().assign(numbers.begin(), numbers.end());
  }
  return gradients;
}

std::vector<std::string> OpHarness::implementations() const {
  std::vector<std::string> names;
  for (const Program::Step& step : program_->steps()) names.push_back(step.implementation);
  return names;
}

std::vector<double> OpHarness::cotangent_for(unsigned seed) const {
  const auto count = static_cast<size_t>(dst_.elements());
  return objective_ ? std::vector<double>(count, 1.0) : random_numbers(dst_.elements(), seed);
}

AssertionResult OpHarness::adjoint_identity(double tolerance, double step, unsigned seed) {
  const std::vector<double> w = cotangent_for(seed);
  const std::vector<std::vector<double>> gradients = backward(w);
  const std::vector<Operand> start = operands_;
  std::vector<std::vector<double>> v;
  double right = 0;
  for (size_t i = 0; i < start.size(); ++i) {
    v.push_back(random_numbers(static_cast<int64_t>(gradients[i].size()), seed + 17 + static_cast<unsigned>(i), -1, 1));
    right += dot(v[i], gradients[i]);
  }
  const auto moved = [&](double by) {
    for (size_t i = 0; i < start.size(); ++i) {
      if (!v[i].empty()) set(i, along(start[i].nchw, v[i], by));
    }
    return forward();
  };
  const std::vector<double> above = moved(step), below = moved(-step);
  moved(0);
  std::vector<double> jv = along(above, below, -1);
  for (double& number : jv) number /= 2 * step;
  const double scale = std::sqrt(dot(jv, jv) * dot(w, w));
  const double error = std::abs(dot(jv, w) - right) / scale;
  if (!(error <= tolerance)) {
    return AssertionFailure() << "<Jv, w> = " << dot(jv, w) << ", <v, J'w> = " << right << ", |Jv||w| = " << scale
                              << ": error " << error << " > " << tolerance;
  }
  return AssertionSuccess() << "adjoint error " << error;
}

AssertionResult OpHarness::central_differences(double tolerance, double step, size_t most, unsigned seed) {
  const std::vector<double> w = cotangent_for(seed);
  const std::vector<std::vector<double>> gradients = backward(w);
  size_t compared = 0;
  double worst = 0;
  for (size_t i = 0; i < operands_.size(); ++i) {
    if (gradients[i].empty()) continue;
    const std::vector<double> start = operands_[i].nchw;
    double largest = 0;
    for (const double g : gradients[i]) largest = std::max(largest, std::abs(g));
    const size_t stride =
        std::max<size_t>(1, start.size() / most) | 1;  // odd, so that it does not keep to one row or channel
    for (size_t at = 0; at < start.size(); at += stride, ++compared) {
      std::vector<double> moved = start;
      moved[at] = static_cast<float>(start[at] + step);
      const double up = moved[at];
      set(i, moved);
      const std::vector<double> above = forward();
      moved[at] = static_cast<float>(start[at] - step);
      set(i, moved);
      const std::vector<double> difference = along(above, forward(), -1);
      const double derivative = dot(difference, w) / (up - moved[at]);
      const double error = std::abs(derivative - gradients[i][at]) / largest;
      if (!(error <= tolerance)) {
        set(i, start);
        return AssertionFailure() << "operand " << i << " element " << at << ": difference " << derivative
                                  << ", gradient " << gradients[i][at] << ", largest " << largest << ": error " << error
                                  << " > " << tolerance;
      }
      worst = std::max(worst, error);
    }
    set(i, start);
  }
  if (compared == 0) return AssertionFailure() << "nothing to compare";
  return AssertionSuccess() << compared << " derivatives, worst error " << worst;
}

}  // namespace phosphene::testing
