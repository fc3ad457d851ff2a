#include "runtime/graph.h"

#include "runtime/error.h"

namespace phosphene {

void Op::differentiate(Differentiator& /*differentiator*/, const Node& node) const {
  fail_internal(node.layer, "{} has no gradient", kind());
}

ValueId Graph::state(const std::string& name, const TensorInfo& info) {
  for (size_t id = 0; id < values_.size(); ++id) {
    if (values_[id].storage != Storage::state || values_[id].name != name) continue;
    if (values_[id].info != info) {
      fail_internal(name, "state of shape {} was asked for with shape {}", to_string(values_[id].info.shape),
                    to_string(info.shape));
    }
    return static_cast<ValueId>(id);
  }
  values_.push_back({name, info, Storage::state, {}, nullptr});
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::constant(const std::string& name, const TensorInfo& info, Weights numbers) {
  if (numbers.elements() != info.shape.elements() || info.dtype != DType::f32) {
    fail_internal(name, "{} numbers for a constant of shape {}", numbers.elements(), to_string(info.shape));
  }
  const auto* data = reinterpret_cast<const std::byte*>(numbers.data);
  values_.push_back({name, info, Storage::constant, std::move(numbers.owner), data});
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::constant(const std::string& name, const TensorInfo& info, std::vector<double> numbers) {
  if (std::ssize(numbers) != info.shape.elements() || info.dtype != DType::f64) {
    fail_internal(name, "{} numbers for a constant of shape {}", numbers.size(), to_string(info.shape));
  }
  const auto owner = std::make_shared<const std::vector<double>>(std::move(numbers));
  values_.push_back({name, info, Storage::constant, owner, reinterpret_cast<const std::byte*>(owner->data())});
  return static_cast<ValueId>(values_.size() - 1);
}

std::vector<TensorInfo> Graph::infos(std::span<const ValueId> ids) const {
  std::vector<TensorInfo> infos;
  infos.reserve(ids.size());
  for (const ValueId id : ids) infos.push_back(info(id));
  return infos;
}

std::vector<ValueId> Graph::append_all(std::shared_ptr<const Op> op, std::vector<ValueId> src,
                                       const std::string& name) {
  for (const OpConstant& table : op->constants()) {
    const TensorInfo info{{1, table.numbers.elements(), 1, 1}, Layout::channels_last, DType::f32};
    src.push_back(constant(fmt::format("{} {}", name, table.name), info, table.numbers));
  }
  const std::vector<TensorInfo> dst_infos = at_place(name, [&] { return op->infer(infos(src)); });
  std::vector<ValueId> dst;
  for (const TensorInfo& info : dst_infos) {
    values_.push_back(
        {dst.empty() ? name : fmt::format("{}#{}", name, dst.size()), info, Storage::transient, {}, nullptr});
    dst.push_back(static_cast<ValueId>(values_.size() - 1));
  }
  nodes_.push_back({std::move(op), std::move(src), dst, name});
  return dst;
}

ValueId Graph::append(std::shared_ptr<const Op> op, std::vector<ValueId> src, const std::string& name) {
  return append_all(std::move(op), std::move(src), name).front();
}

void Graph::append_update(std::shared_ptr<const Op> op, std::vector<ValueId> src, std::vector<ValueId> states,
                          const std::string& name) {
  for (const ValueId id : states) {
    if (value(id).storage != Storage::state) fail_internal(name, "{} is not a state", value(id).name);
  }
  nodes_.push_back({std::move(op), std::move(src), std::move(states), name});
}

}  // namespace phosphene
