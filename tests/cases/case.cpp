#include "tests/cases/case.h"

#include <cmath>
#include <numeric>
#include <random>

#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

std::vector<float> random_floats(int64_t count, float low, float high, unsigned seed) {
  std::minstd_rand generator(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> floats(static_cast<size_t>(count));
  for (float& number : floats) number = uniform(generator);
  return floats;
}

DType stored_type(const Operand& operand, DType storage) {
  return operand.network && storage == DType::bf16 ? DType::bf16 : operand.type;
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& numbers) {
  const auto bytes = std::as_bytes(std::span<const T>(numbers));
  return {bytes.begin(), bytes.end()};
}

Problem with_storage_of(Problem problem, DType storage) {
  std::visit(
      [storage](auto& p) {
        if constexpr (requires { p.storage; }) p.storage = storage;
      },
      problem);
  return problem;
}

}  // namespace

double Case::bytes() const {
  double sum = 0;
  for (const Operand& operand : operands)
    sum += operand.passes * static_cast<double>(operand.count * size_of(operand.type));
  return sum;
}

Weights random_weights(const std::vector<int64_t>& shape) {
  const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  return Weights::from(random_floats(count, -1, 1, 7), shape);
}

std::vector<std::byte> contents(const Operand& operand, DType storage, unsigned seed) {
  const DType type = stored_type(operand, storage);
  if (operand.access == Access::written)
    return std::vector<std::byte>(static_cast<size_t>(operand.count * size_of(type)), std::byte{0xFF});
  if (!operand.table.empty()) return operand.table;
  const std::vector<float> floats = random_floats(operand.count, operand.low, operand.high, seed);
  return type == DType::bf16 ? bytes_of(to_bf16(floats)) : bytes_of(floats);
}

std::vector<Case> every_case(Size size, int64_t images) {
  CaseList list{size, images, {}};
  add_network_cases(list);
  add_arithmetic_cases(list);
  add_activation_cases(list);
  add_rearrange_cases(list);
  add_convolution_cases(list);
  add_image_cases(list);
  add_objective_cases(list);
  add_optimiser_cases(list);
  return std::move(list.cases);
}

RunningCase::RunningCase(Backend& backend, const Case& planned, DType storage)
    : backend_(&backend),
      planned_(backend.plan(with_storage_of(planned.problem, storage), planned.name)),
      workspace_(backend.allocate(planned_.workspace_bytes)) {
  for (const Operand& operand : planned.operands) {
    const std::vector<std::byte> bytes = contents(operand, storage, static_cast<unsigned>(sizes_.size()) + 1);
    memories_.push_back(backend.allocate(std::ssize(bytes)));
    pointers_.push_back(memories_.back()->data());
    sizes_.push_back(bytes.size());
    backend.write(pointers_.back(), bytes);
  }
  planned_.task->bind(pointers_, workspace_->data());
}

std::vector<std::byte> RunningCase::read(size_t operand) const {
  std::vector<std::byte> bytes(sizes_[operand]);
  backend_->read(bytes, pointers_[operand]);
  return bytes;
}

}  // namespace phosphene::cases
