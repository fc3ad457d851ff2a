#include "runtime/cpu/onednn_convolution.h"

#include <cmath>
#include <unordered_map>
#include <utility>

#include "runtime/cpu/onednn_version.h"

namespace phosphene {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Geometry = ConvolutionGeometry;

memory at(const memory::desc& desc, void* data) { return {desc, onednn_engine(), data}; }

dnnl::primitive_attr with_own_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

// A change of layout between two memories. Its scratchpad, if it needs any, is its own: the library's belongs to the thread that made
// the primitive.
struct Reorder {
  Reorder(const memory& source, const memory& target)
      : Reorder(dnnl::reorder::primitive_desc(source, target, with_own_scratchpad()), source, target) {}

  void run() { primitive.execute(onednn_stream(), arguments); }

  dnnl::reorder primitive;
  memory from, to;
  std::unordered_map<int, memory> arguments;

 private:
  Reorder(const dnnl::reorder::primitive_desc& desc, const memory& source, const memory& target)
      : primitive(desc), from(source), to(target), arguments{{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}} {
    const memory::desc scratchpad = desc.scratchpad_desc();
    if (scratchpad.get_size() > 0) arguments.emplace(DNNL_ARG_SCRATCHPAD, memory(scratchpad, onednn_engine()));
  }
};

class ConvolutionTask final : public Task {
 public:
  // `adds`: to what stands in the destination's memory; where the addend, then the second operand, is not there yet, it is copied.
  ConvolutionTask(Candidate candidate, const memory::desc& in, const memory::desc& out, Packed weights,
                  std::optional<Packed> bias, bool adds, const Parallel& parallel)
      : candidate_(std::move(candidate)),
        user_in_(in),
        user_out_(out),
        weights_(std::move(weights)),
        bias_(std::move(bias)),
        adds_(adds),
        parallel_(parallel) {}

  [[nodiscard]] int64_t workspace_bytes() const {
    return onednn_bytes(candidate_.scratchpad) + (candidate_.in != user_in_ ? onednn_bytes(candidate_.in) : 0) +
           (candidate_.out != user_out_ ? onednn_bytes(candidate_.out) : 0);
  }

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    const auto take = [&workspace](const memory::desc& desc) {
      return at(desc, std::exchange(workspace, workspace + onednn_bytes(desc)));
    };
    memory in = at(user_in_, operands[0]);
    memory out = at(user_out_, operands.back());
    if (adds_ && operands[1] != operands.back()) addend_.emplace(at(user_out_, operands[1]), out);
    arguments_ = {{DNNL_ARG_WEIGHTS, at(candidate_.weights, weights_.data())},
                  {DNNL_ARG_SCRATCHPAD, take(candidate_.scratchpad)}};
    if (bias_) arguments_.emplace(DNNL_ARG_BIAS, at(bias_desc(), bias_->data()));
    if (candidate_.in != user_in_) {
      before_.emplace(in, take(candidate_.in));
      in = before_->to;
    }
    if (candidate_.out != user_out_) {
      after_.emplace(take(candidate_.out), out);
      out = after_->from;
    }
    arguments_.emplace(candidate_.in_argument, in);
    arguments_.emplace(candidate_.out_argument, out);
  }

  void run() override {
    parallel_.claim();
    if (addend_) addend_->run();
    if (before_) before_->run();
    candidate_.primitive.execute(onednn_stream(), arguments_);
    if (after_) after_->run();
  }

 private:
  [[nodiscard]] memory::desc bias_desc() const {
    return {{bias_->bytes / size_of(DType::f32)}, memory::data_type::f32, Tag::a};
  }

  Candidate candidate_;
  memory::desc user_in_, user_out_;
  Packed weights_;
  std::optional<Packed> bias_;
  bool adds_;
  Parallel parallel_;
  std::unordered_map<int, memory> arguments_;
  std::optional<Reorder> addend_, before_, after_;
};

// A convolution of one image, for images that lie one behind the other; they share the workspace.
class EachImageTask final : public Task {
 public:
  EachImageTask(std::vector<std::unique_ptr<Task>> tasks, int64_t in_bytes, int64_t out_bytes)
      : tasks_(std::move(tasks)), in_bytes_(in_bytes), out_bytes_(out_bytes) {}

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    std::vector<std::byte*> pointers(operands.begin(), operands.end());
    for (const auto& task : tasks_) {
      task->bind(pointers, workspace);
      for (size_t i = 0; i < pointers.size(); ++i) pointers[i] += i == 0 ? in_bytes_ : out_bytes_;
    }
  }
  void run() override {
    for (const auto& task : tasks_) task->run();
  }

 private:
  std::vector<std::unique_ptr<Task>> tasks_;
  int64_t in_bytes_, out_bytes_;  // of an image: of the first operand, and of all others
};

memory::desc any_weights(const Geometry& g) { return {g.weight_dims(), onednn_type(g.storage), Tag::any}; }

dnnl::primitive_attr attributes(const ForwardForm& form) {
  dnnl::primitive_attr attributes = with_own_scratchpad();
  dnnl::post_ops post_ops;
  if (form.adds) post_ops.append_sum(1.F);
  if (form.relu && std::isfinite(form.ceiling)) {
    post_ops.append_eltwise(1.F, dnnl::algorithm::eltwise_clip, 0.F, form.ceiling);
  } else if (form.relu) {
    post_ops.append_eltwise(1.F, dnnl::algorithm::eltwise_relu, 0.F, 0.F);
  }
  attributes.set_post_ops(post_ops);
  return attributes;
}

dnnl::convolution_forward::primitive_desc forward_desc(const Geometry& g, const ForwardForm& form) {
  using Forward = dnnl::convolution_forward;
  const memory::desc src = g.src_desc(form.tag), dst = g.dst_desc(form.tag);
  const auto kind = dnnl::prop_kind::forward_inference;
  if (!form.biased) {
    const Forward::desc desc(kind, form.algorithm, src, any_weights(g), dst, g.strides(), g.dilations(),
                             g.pads_before(), g.pads_after());
    return {desc, attributes(form), onednn_engine()};
  }
  const memory::desc bias_desc({g.dst.c}, memory::data_type::f32, Tag::a);
  const Forward::desc desc(kind, form.algorithm, src, any_weights(g), bias_desc, dst, g.strides(), g.dilations(),
                           g.pads_before(), g.pads_after());
  return {desc, attributes(form), onednn_engine()};
}

}  // namespace

std::string onednn_version() {
  const dnnl::version_t* version = dnnl::version();
  return fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
}

Candidate forward_candidate(const std::string& name, const Geometry& g, const ForwardForm& form) {
  const auto desc = forward_desc(g, form);
  return {name,
          dnnl::convolution_forward(desc),
          desc.impl_info_str(),
          desc.src_desc(),
          desc.dst_desc(),
          desc.weights_desc(),
          desc.scratchpad_desc(),
          DNNL_ARG_SRC,
          DNNL_ARG_DST};
}

Candidate backward_candidate(const std::string& name, const Geometry& g, Tag tag) {
  using Backward = dnnl::convolution_backward_data;
  const Backward::desc desc(dnnl::algorithm::convolution_direct, g.src_desc(tag), any_weights(g), g.dst_desc(tag),
                            g.strides(), g.dilations(), g.pads_before(), g.pads_after());
  const Backward::primitive_desc primitive(desc, attributes({}), onednn_engine(), forward_desc(g, {.tag = tag}));
  return {name,
          Backward(primitive),
          primitive.impl_info_str(),
          primitive.diff_dst_desc(),
          primitive.diff_src_desc(),
          primitive.weights_desc(),
          primitive.scratchpad_desc(),
          DNNL_ARG_DIFF_DST,
          DNNL_ARG_DIFF_SRC};
}

PlannedTask plan_candidate(const Candidate& candidate, const memory::desc& in, const memory::desc& out,
                           const Packed& weights, const std::optional<Packed>& bias, bool adds,
                           const Parallel& parallel, int64_t images) {
  PlannedTask planned;
  planned.implementation = fmt::format("onednn {} {}", candidate.name, candidate.implementation);
  account(planned, weights);
  if (bias) account(planned, *bias);
  if (adds) planned.in_place = 1;
  std::vector<std::unique_ptr<Task>> tasks;
  for (int64_t image = 0; image < images; ++image) {
    auto task = std::make_unique<ConvolutionTask>(candidate, in, out, weights, bias, adds, parallel);
    planned.workspace_bytes = task->workspace_bytes();
    tasks.push_back(std::move(task));
  }
  planned.task = images == 1 ? std::move(tasks.front())
                             : std::make_unique<EachImageTask>(std::move(tasks), static_cast<int64_t>(in.get_size()),
                                                               static_cast<int64_t>(out.get_size()));
  return planned;
}

}  // namespace phosphene
