#include "runtime/program.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "runtime/error.h"
#include "runtime/memory_plan.h"

namespace phosphene {
namespace {

constexpr int64_t kSentinelBytes = 64;
constexpr std::byte kSentinel{0xA5};
constexpr std::byte kNan{0xFF};  // repeated, a NaN of every floating type

std::vector<TensorInfo> operand_infos(const Instruction& instruction, const Graph& graph) {
  std::vector<TensorInfo> infos = graph.infos(instruction.src);
  for (const ValueId id : instruction.dst) infos.push_back(graph.info(id));
  return infos;
}

// Each operand once; of a value that is sliced, the slice.
int64_t bytes_of(const Instruction& instruction, const Graph& graph) {
  if (const auto* sum = std::get_if<AccumulateProblem>(&instruction.problem))
    return (sum->sources + (sum->masked ? 2 : 1)) * graph.info(instruction.dst.front()).bytes();
  int64_t bytes = 0;
  for (const TensorInfo& info : operand_infos(instruction, graph)) bytes += info.bytes();
  return bytes;
}

}  // namespace

Program::Program(Graph graph, const std::vector<ValueId>& keep, Backend& backend, States& states,
                 ProgramOptions options)
    : graph_(std::move(graph)), backend_(backend), options_(options) {
  std::vector<Instruction> list = lower(graph_);
  prune(list, keep);
  if (options_.fused) fuse(list, graph_, keep, backend_.gradient_epilogues());
  choose_implementations(list);

  pointers_.assign(graph_.values().size(), nullptr);
  std::vector<bool> used(graph_.values().size(), false);
  for (const ValueId id : keep) used[static_cast<size_t>(id)] = true;
  for (const Instruction& instruction : list) {
    for (const ValueId id : instruction.src) used[static_cast<size_t>(id)] = true;
    for (const ValueId id : instruction.dst) used[static_cast<size_t>(id)] = true;
  }
  for (size_t id = 0; id < graph_.values().size(); ++id) {
    const Value& value = graph_.values()[id];
    if (!used[id]) continue;
    if (value.storage == Storage::state) {
      pointers_[id] = states.require(value.name, value.info).data();
    } else if (value.storage == Storage::constant) {
      constants_.push_back(backend_.allocate(value.info.bytes()));
      pointers_[id] = constants_.back()->data();
      backend_.write(pointers_[id], {value.numbers, static_cast<size_t>(value.info.bytes())});
      constant_bytes_ += value.info.bytes();
    }
  }
  lay_out(list, keep);
}

void Program::choose_implementations(const std::vector<Instruction>& list) {
  for (const Instruction& instruction : list) {
    PlannedTask planned = backend_.plan(instruction.problem, instruction.layer);
    Step step;
    step.layer = instruction.layer;
    step.kind = instruction.kind;
    step.implementation = planned.implementation;
    step.considerations = std::move(planned.considerations);
    step.dst = graph_.shape(instruction.dst.front());
    step.flops = flops(instruction.problem);
    step.bytes = bytes_of(instruction, graph_);
    step.workspace_bytes = planned.workspace_bytes;
    step.constant_bytes = planned.constant_bytes;
    updates_state_.push_back(instruction.updates_state);
    in_place_.push_back(planned.in_place);
    constant_bytes_ += planned.constant_bytes;
    steps_.push_back(std::move(step));
    tasks_.push_back(std::move(planned.task));
  }
}

void Program::lay_out(const std::vector<Instruction>& list, const std::vector<ValueId>& keep) {
  const int end = static_cast<int>(list.size());
  std::map<ValueId, Lifetime> lifetimes;
  const auto is_transient = [&](ValueId id) { return graph_.value(id).storage == Storage::transient; };
  for (int i = 0; i < end; ++i) {
    for (const ValueId id : list[static_cast<size_t>(i)].dst) {
      if (is_transient(id)) lifetimes[id] = {graph_.info(id).bytes(), i, i};
    }
    for (const ValueId id : list[static_cast<size_t>(i)].src) {
      if (!is_transient(id)) continue;
      if (!lifetimes.contains(id)) {
        fail_internal(list[static_cast<size_t>(i)].layer, "'{}' is read before it is written", graph_.value(id).name);
      }
      lifetimes[id].last = i;
    }
  }
  for (const ValueId id : keep) {
    if (!is_transient(id)) continue;
    if (!lifetimes.contains(id)) fail_internal(graph_.value(id).name, "a value that nothing writes cannot be kept");
    lifetimes[id].last = end;
  }
  const std::map<ValueId, ValueId> in_place = share_memory(list, lifetimes);

  std::vector<Lifetime> all;
  for (const auto& [id, lifetime] : lifetimes) all.push_back(lifetime);
  for (int i = 0; i < end; ++i) {
    if (steps_[static_cast<size_t>(i)].workspace_bytes > 0)
      all.push_back({steps_[static_cast<size_t>(i)].workspace_bytes, i, i});
  }
  const MemoryPlan plan = plan_memory(all, backend_.alignment(), options_.check_memory ? kSentinelBytes : 0);
  arena_bytes_ = plan.peak;
  arena_ = backend_.allocate(std::max<int64_t>(arena_bytes_, 64));

  size_t next = 0;
  for (const auto& [id, lifetime] : lifetimes)
    pointers_[static_cast<size_t>(id)] = arena_->data() + plan.offsets[next++];
  for (const auto& [id, within] : in_place) pointers_[static_cast<size_t>(id)] = pointers_[static_cast<size_t>(within)];
  dies_after_.resize(list.size());
  writes_.resize(list.size());
  for (const auto& [id, lifetime] : lifetimes) {
    if (lifetime.last < end) dies_after_[static_cast<size_t>(lifetime.last)].push_back(id);
    writes_[static_cast<size_t>(lifetime.first)].push_back(id);
  }
  for (size_t i = 0; i < list.size(); ++i) {
    if (in_place.contains(list[i].dst.front())) writes_[i].push_back(list[i].dst.front());
    std::vector<std::byte*> operands;
    for (const ValueId id : list[i].src) operands.push_back(pointers_[static_cast<size_t>(id)]);
    for (const ValueId id : list[i].dst) operands.push_back(pointers_[static_cast<size_t>(id)]);
    std::byte* workspace = steps_[i].workspace_bytes > 0 ? arena_->data() + plan.offsets[next++] : nullptr;
    tasks_[i]->bind(operands, workspace);
  }
  std::vector<Task*> tasks;
  for (const auto& task : tasks_) tasks.push_back(task.get());
  sequence_ = backend_.sequence(std::move(tasks));
}

// Destinations that are written in place of a source that dies there, and the value whose memory it was first; that one's lifetime
// goes on through theirs.
std::map<ValueId, ValueId> Program::share_memory(const std::vector<Instruction>& list,
                                                 std::map<ValueId, Lifetime>& lifetimes) const {
  std::map<ValueId, ValueId> in_place;
  for (size_t i = 0; i < list.size(); ++i) {
    if (in_place_[i] < 0) continue;
    const ValueId dst = list[i].dst.front(), src = list[i].src[static_cast<size_t>(in_place_[i])];
    const ValueId owner = in_place.contains(src) ? in_place.at(src) : src;
    const auto from = lifetimes.find(owner), to = lifetimes.find(dst);
    if (from == lifetimes.end() || to == lifetimes.end() || from->second.bytes != to->second.bytes ||
        from->second.last != static_cast<int>(i) || std::count(list[i].src.begin(), list[i].src.end(), src) > 1)
      continue;
    from->second.last = to->second.last;
    lifetimes.erase(to);
    in_place[dst] = owner;
  }
  return in_place;
}

void Program::run() {
  if (!options_.check_memory) {
    sequence_->run();
    return;
  }
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const std::vector<std::byte> sentinel(kSentinelBytes, kSentinel);
    for (const ValueId id : writes_[i])
      backend_.write(pointers_[static_cast<size_t>(id)] + graph_.info(id).bytes(), sentinel);
    tasks_[i]->run();
    check_step(i);
  }
}

void Program::run_timed(std::vector<double>& seconds) {
  seconds.resize(tasks_.size(), 0);
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    tasks_[i]->run();
    backend_.wait();
    seconds[i] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
}

std::string Program::first_not_finite(int64_t n) {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (updates_state_[i]) continue;
    tasks_[i]->run();
    for (const ValueId id : writes_[i]) {
      const TensorInfo& info = graph_.info(id);
      if (info.dtype != DType::f32 && info.dtype != DType::bf16 && info.dtype != DType::f64) continue;
      const std::vector<float> numbers = read(id);
      const auto each = static_cast<ptrdiff_t>(numbers.size()) / info.shape.n;
      const auto first = numbers.begin() + (n < info.shape.n ? n * each : 0);
      if (std::any_of(first, first + each, [](float x) { return !std::isfinite(x); })) return steps_[i].layer;
    }
  }
  return "";
}

std::unique_ptr<Transfer> Program::start_read(ValueId value) const {
  const std::byte* source = pointers_.at(static_cast<size_t>(value));
  if (source == nullptr) fail_internal(graph_.value(value).name, "not a value that was kept");
  return backend_.start_read(source, graph_.info(value).bytes());
}

// A value is surrounded by its sentinel from the step that writes it to the step after which it dies; dead bytes are NaN.
void Program::check_step(size_t index) {
  const auto check = [&](ValueId id) {
    std::vector<std::byte> behind(kSentinelBytes);
    backend_.read(behind, pointers_[static_cast<size_t>(id)] + graph_.info(id).bytes());
    if (std::any_of(behind.begin(), behind.end(), [](std::byte byte) { return byte != kSentinel; })) {
      fail_internal(steps_[index].layer, "{} wrote behind the end of '{}'", steps_[index].kind, graph_.value(id).name);
    }
  };
  for (const ValueId id : writes_[index]) check(id);
  for (const ValueId id : dies_after_[index]) {
    check(id);
    const std::vector<std::byte> nan(static_cast<size_t>(graph_.info(id).bytes()), kNan);
    backend_.write(pointers_[static_cast<size_t>(id)], nan);
  }
}

std::vector<float> Program::read(ValueId value) const {
  const TensorInfo& info = graph_.info(value);
  const std::byte* source = pointers_.at(static_cast<size_t>(value));
  const auto count = static_cast<size_t>(info.shape.elements());
  if (source != nullptr && info.dtype == DType::f64) {
    std::vector<double> numbers(count);
    backend_.read(std::as_writable_bytes(std::span<double>(numbers)), source);
    return {numbers.begin(), numbers.end()};
  }
  if (source != nullptr && info.dtype == DType::bf16) {
    std::vector<uint16_t> halves(count);
    backend_.read(std::as_writable_bytes(std::span<uint16_t>(halves)), source);
    return from_bf16(halves);
  }
  if (source == nullptr || info.dtype != DType::f32)
    fail_internal(graph_.value(value).name, "not a value that was kept");
  std::vector<float> numbers(count);
  backend_.read(std::as_writable_bytes(std::span<float>(numbers)), source);
  return numbers;
}

std::vector<std::byte> Program::read_bytes(ValueId value) const {
  const std::byte* source = pointers_.at(static_cast<size_t>(value));
  if (source == nullptr) fail_internal(graph_.value(value).name, "not a value that was kept");
  std::vector<std::byte> bytes(static_cast<size_t>(graph_.info(value).bytes()));
  backend_.read(bytes, source);
  return bytes;
}

HostTensor Program::read_nchw(ValueId value) const {
  const auto& [shape, layout, dtype] = graph_.info(value);
  HostTensor tensor{{shape.n, shape.c, shape.h, shape.w}, read(value)};
  if (layout == Layout::planar) return tensor;
  const std::vector<float> nhwc = std::move(tensor.data);
  tensor.data.resize(nhwc.size());
  const int64_t positions = shape.h * shape.w;
  for (int64_t n = 0; n < shape.n; ++n) {
    for (int64_t p = 0; p < positions; ++p) {
      for (int64_t c = 0; c < shape.c; ++c) {
        tensor.data[static_cast<size_t>((n * shape.c + c) * positions + p)] =
            nhwc[static_cast<size_t>((n * positions + p) * shape.c + c)];
      }
    }
  }
  return tensor;
}

}  // namespace phosphene
