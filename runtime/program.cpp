#include "runtime/program.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/error.h"
#include "runtime/fuse.h"
#include "runtime/overflow.h"
#include "runtime/problems/problem.h"
#include "runtime/stop.h"

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

constexpr float kLargest = std::numeric_limits<float>::max();

std::span<const float> constant_numbers(const GraphValue& value) {
  return {reinterpret_cast<const float*>(value.numbers), static_cast<size_t>(value.info.shape.elements())};
}

bool is_float(DType type) { return type == DType::f32 || type == DType::bf16 || type == DType::f64; }

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
    : graph_(std::move(graph)), backend_(backend), states_(states), options_(options) {
  std::vector<Instruction> list = lower(graph_);
  prune(list, keep);
  if (options_.fused) {
    fuse(list, graph_, keep, [&](DType storage) { return backend_.gradient_epilogues(storage); });
  }
  note_operands(list, keep);
  find_lifetimes(list, keep);
  lay_out();
  require_memory(backend_, bytes_to_take());  // before a backend is asked about sizes that nothing holds
  choose_implementations(list);
  share_memory(list);
  lay_out();  // again, with workspaces
  if (!options_.take_memory) return;
  require_memory(backend_, bytes_to_take() + states.bytes_to_take());
  take_memory();
}

void Program::note_operands(const std::vector<Instruction>& list, const std::vector<ValueId>& keep) {
  std::vector<bool> used(graph_.values().size(), false);
  for (const ValueId id : keep) used[static_cast<size_t>(id)] = true;
  for (const Instruction& instruction : list) {
    operands_.push_back(instruction.src);
    operands_.back().insert(operands_.back().end(), instruction.dst.begin(), instruction.dst.end());
    for (const ValueId id : operands_.back()) used[static_cast<size_t>(id)] = true;
  }
  for (size_t id = 0; id < used.size(); ++id) {
    const GraphValue& value = graph_.values()[id];
    if (!used[id] || value.storage == Storage::transient) continue;
    stored_.push_back(static_cast<ValueId>(id));
    if (value.storage == Storage::state) states_.declare(value.name, value.info);
    if (value.storage != Storage::constant) continue;
    copied_bytes_ += value.info.bytes();
    if (value.info.dtype == DType::f32 && largest_magnitude(constant_numbers(value)) > kLargest)
      fail(value.name, "holds a number that is not finite");
  }
  constant_bytes_ = copied_bytes_;
}

void Program::find_lifetimes(const std::vector<Instruction>& list, const std::vector<ValueId>& keep) {
  const int end = static_cast<int>(list.size());
  const auto is_transient = [&](ValueId id) { return graph_.value(id).storage == Storage::transient; };
  for (int i = 0; i < end; ++i) {
    for (const ValueId id : list[static_cast<size_t>(i)].dst) {
      if (is_transient(id)) lifetimes_[id] = {graph_.info(id).bytes(), i, i};
    }
    for (const ValueId id : list[static_cast<size_t>(i)].src) {
      if (!is_transient(id)) continue;
      if (!lifetimes_.contains(id)) {
        fail_internal(list[static_cast<size_t>(i)].layer, "'{}' is read before it is written", graph_.value(id).name);
      }
      lifetimes_[id].last = i;
    }
  }
  for (const ValueId id : keep) {
    if (!is_transient(id)) continue;
    if (!lifetimes_.contains(id)) fail_internal(graph_.value(id).name, "cannot keep a value that nothing writes");
    lifetimes_[id].last = end;
  }
  dies_after_.resize(list.size());
  writes_.resize(list.size());
  for (const auto& [id, lifetime] : lifetimes_) {
    if (lifetime.last < end) dies_after_[static_cast<size_t>(lifetime.last)].push_back(id);
    writes_[static_cast<size_t>(lifetime.first)].push_back(id);
  }
}

void Program::choose_implementations(const std::vector<Instruction>& list) {
  for (const Instruction& instruction : list) {
    stop_if_requested();  // oneDNN compiles kernels, autotuning measures them
    safe_sources_.push_back(largest_safe_source(instruction.problem, instruction.layer));
    PlannedTask planned = backend_.plan(instruction.problem, instruction.layer);
    Step step;
    step.layer = instruction.layer;
    step.kind = instruction.kind;
    step.implementation = planned.implementation;
    step.attempts = std::move(planned.attempts);
    step.dst = graph_.shape(instruction.dst.front());
    step.flops = flops(instruction.problem);
    step.bytes = bytes_of(instruction, graph_);
    step.workspace_bytes = planned.workspace_bytes;
    step.constant_bytes = planned.constant_bytes;
    step.shared_bytes = planned.shared_bytes;
    updates_state_.push_back(instruction.updates_state);
    in_place_.push_back(planned.in_place);
    constant_bytes_ += planned.constant_bytes;
    shared_bytes_ += planned.shared_bytes;
    steps_.push_back(std::move(step));
    tasks_.push_back(std::move(planned.task));
  }
}

// Of the values, and of the workspaces of those steps that have been planned.
void Program::lay_out() {
  std::vector<Lifetime> all;
  for (const auto& [id, lifetime] : lifetimes_) all.push_back(lifetime);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const int at = static_cast<int>(i);
    if (steps_[i].workspace_bytes > 0) all.push_back({steps_[i].workspace_bytes, at, at});
  }
  MemoryPlan plan = plan_memory(all, backend_.alignment(), options_.check_memory ? kSentinelBytes : 0);
  arena_bytes_ = plan.peak;
  offsets_ = std::move(plan.offsets);
}

void Program::take_memory() {
  arena_ = backend_.allocate(std::max<int64_t>(arena_bytes_, 64));
  pointers_.assign(graph_.values().size(), nullptr);
  for (const ValueId id : stored_) {
    const GraphValue& value = graph_.value(id);
    std::byte*& pointer = pointers_[static_cast<size_t>(id)];
    if (value.storage == Storage::state) {
      pointer = states_.require(value.name, value.info).data();
    } else {
      constants_.push_back(backend_.allocate(value.info.bytes()));
      pointer = constants_.back()->data();
      backend_.write(pointer, {value.numbers, static_cast<size_t>(value.info.bytes())});
    }
  }
  size_t next = 0;
  for (const auto& [id, lifetime] : lifetimes_) pointers_[static_cast<size_t>(id)] = arena_->data() + offsets_[next++];
  for (const auto& [id, owner] : owners_) pointers_[static_cast<size_t>(id)] = pointers_[static_cast<size_t>(owner)];
  for (size_t i = 0; i < tasks_.size(); ++i) {
    std::vector<std::byte*> operands;
    for (const ValueId id : operands_[i]) operands.push_back(pointers_[static_cast<size_t>(id)]);
    tasks_[i]->bind(operands, steps_[i].workspace_bytes > 0 ? arena_->data() + offsets_[next++] : nullptr);
  }
  std::vector<Task*> tasks;
  for (const auto& task : tasks_) tasks.push_back(task.get());
  sequence_ = backend_.sequence(std::move(tasks));
}

// A destination that is written in place of a source that dies there shares its memory, whose first owner lives on through it.
void Program::share_memory(const std::vector<Instruction>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (in_place_[i] < 0) continue;
    const ValueId dst = list[i].dst.front(), src = list[i].src[static_cast<size_t>(in_place_[i])];
    const ValueId owner = owners_.contains(src) ? owners_.at(src) : src;
    const auto from = lifetimes_.find(owner), to = lifetimes_.find(dst);
    if (from == lifetimes_.end() || to == lifetimes_.end() || from->second.bytes != to->second.bytes ||
        from->second.last != static_cast<int>(i) || std::count(list[i].src.begin(), list[i].src.end(), src) > 1)
      continue;
    from->second.last = to->second.last;
    lifetimes_.erase(to);
    owners_[dst] = owner;
    std::erase(dies_after_[i], src);
  }
}

void Program::run() {
  stop_if_requested();
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
    stop_if_requested();
    seconds[i] += backend_.time(*tasks_[i]);
  }
}

Program::Look Program::look(int64_t images, ValueId value, bool updates) {
  Look seen;
  seen.overflows.resize(static_cast<size_t>(images));
  std::vector<float> numbers;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (updates_state_[i] && !updates) continue;
    look_at_source(i, seen.overflows, numbers);
    tasks_[i]->run();
    if (std::find(writes_[i].begin(), writes_[i].end(), value) != writes_[i].end()) seen.numbers = read(value);
  }
  return seen;
}

void Program::look_at_source(size_t index, std::vector<std::optional<Overflow>>& overflows,
                             std::vector<float>& numbers) const {
  if (overflows.empty() || safe_sources_[index] > kLargest) return;
  const ValueId source = operands_[index].front();
  const auto images = std::ssize(overflows);
  for (int64_t n = 0; n < images; ++n) {
    std::optional<Overflow>& first = overflows[static_cast<size_t>(n)];
    if (first) continue;
    const float magnitude = largest_of_image(source, n, images, numbers);
    if (magnitude > safe_sources_[index]) first = {steps_[index].layer, graph_.value(source).name, magnitude};
  }
}

// Of a value that has numbers for each image of a batch, or for each group of them, those of image n. Read part by part: a plan has no
// memory for a copy of a whole layer.
float Program::largest_of_image(ValueId value, int64_t n, int64_t images, std::vector<float>& part) const {
  constexpr int64_t kPart = 1 << 18;
  const Shape& shape = graph_.shape(value);
  const int64_t owner = shape.n == images ? n : n * shape.n / images, each = shape.elements() / shape.n;
  float largest = 0;
  for (int64_t at = 0; at < each; at += kPart) {
    read_into(value, owner * each + at, std::min(kPart, each - at), part);
    largest = std::max(largest, largest_magnitude(part));
  }
  return largest;
}

std::string Program::first_not_finite(int64_t n) {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (updates_state_[i]) continue;
    stop_if_requested();
    tasks_[i]->run();
    for (const ValueId id : writes_[i]) {
      const TensorInfo& info = graph_.info(id);
      if (!is_float(info.dtype)) continue;
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
      fail_internal(steps_[index].layer, "{} wrote past the end of '{}'", steps_[index].kind, graph_.value(id).name);
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
  std::vector<float> numbers;
  read_into(value, 0, graph_.shape(value).elements(), numbers);
  return numbers;
}

void Program::read_into(ValueId value, int64_t first, int64_t wanted, std::vector<float>& numbers) const {
  const TensorInfo& info = graph_.info(value);
  const std::byte* source = pointers_.at(static_cast<size_t>(value));
  if (source == nullptr || !is_float(info.dtype)) fail_internal(graph_.value(value).name, "not a value that was kept");
  const auto count = static_cast<size_t>(wanted);
  source += first * size_of(info.dtype);
  if (info.dtype == DType::f64) {
    std::vector<double> wide(count);
    backend_.read(std::as_writable_bytes(std::span<double>(wide)), source);
    numbers.assign(wide.begin(), wide.end());
  } else if (info.dtype == DType::bf16) {
    std::vector<uint16_t> halves(count);
    backend_.read(std::as_writable_bytes(std::span<uint16_t>(halves)), source);
    numbers = from_bf16(halves);
  } else {
    numbers.resize(count);
    backend_.read(std::as_writable_bytes(std::span<float>(numbers)), source);
  }
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
