#include "runtime/cpu/convolution.h"

#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/cpu/image_gradient.h"
#include "runtime/cpu/onednn.h"

namespace phosphene {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

// A convolution in any of its forms, as oneDNN sees it: what goes in, what comes out, and the weights it wants.
struct Candidate {
  std::string name;
  dnnl::primitive primitive;
  std::string implementation;
  memory::desc in, out, weights, scratchpad;
  int in_argument = DNNL_ARG_SRC, out_argument = DNNL_ARG_DST;
};

memory at(const memory::desc& desc, void* data) { return {desc, onednn_engine(), data}; }

// A change of layout between two memories.
struct Reorder {
  Reorder(memory source, memory target) : primitive(source, target), from(std::move(source)), to(std::move(target)) {}

  void run() { primitive.execute(onednn_stream(), from, to); }

  dnnl::reorder primitive;
  memory from, to;
};

class ConvolutionTask final : public Task {
 public:
  // `adds`: to what stands in the destination's memory; where the addend, then the second operand, is not there yet, it is copied.
  ConvolutionTask(Candidate candidate, memory::desc in, memory::desc out, memory weights, std::optional<memory> bias,
                  bool adds)
      : candidate_(std::move(candidate)),
        user_in_(std::move(in)),
        user_out_(std::move(out)),
        weights_(std::move(weights)),
        bias_(std::move(bias)),
        adds_(adds) {}

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
    arguments_ = {{DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_SCRATCHPAD, take(candidate_.scratchpad)}};
    if (bias_) arguments_.emplace(DNNL_ARG_BIAS, *bias_);
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
    if (addend_) addend_->run();
    if (before_) before_->run();
    candidate_.primitive.execute(onednn_stream(), arguments_);
    if (after_) after_->run();
  }

 private:
  Candidate candidate_;
  memory::desc user_in_, user_out_;
  memory weights_;
  std::optional<memory> bias_;
  bool adds_;
  std::unordered_map<int, memory> arguments_;
  std::optional<Reorder> addend_, before_, after_;
};

// The geometry of one convolution and how its tensors are to lie. The bias is float32 whatever the others are.
struct Geometry {
  Shape src, dst;
  Window window;
  int64_t groups = 1;
  DType storage = DType::f32;

  [[nodiscard]] memory::desc src_desc(Tag tag) const { return onednn_desc(src, storage, tag); }
  [[nodiscard]] memory::desc dst_desc(Tag tag) const { return onednn_desc(dst, storage, tag); }
  [[nodiscard]] memory::dims strides() const { return {window.stride_h, window.stride_w}; }
  [[nodiscard]] memory::dims pads_before() const { return {window.pad_top, window.pad_left}; }
  [[nodiscard]] memory::dims pads_after() const { return {window.pad_bottom, window.pad_right}; }
  [[nodiscard]] memory::dims weight_dims() const {
    const int64_t k = dst.c / groups, c = src.c / groups;
    if (groups == 1) return {k, c, window.r, window.s};
    return {groups, k, c, window.r, window.s};
  }
};

memory::desc any_weights(const Geometry& g) { return {g.weight_dims(), onednn_type(g.storage), Tag::any}; }

// What is done to the sums before they are written.
struct Epilogue {
  bool relu = false;
  bool adds = false;  // what stood in the destination
};

dnnl::primitive_attr attributes(Epilogue epilogue) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post_ops;
  if (epilogue.adds) post_ops.append_sum(1.F);
  if (epilogue.relu) post_ops.append_eltwise(1.F, dnnl::algorithm::eltwise_relu, 0.F, 0.F);
  attributes.set_post_ops(post_ops);
  return attributes;
}

dnnl::convolution_forward::primitive_desc forward_desc(const Geometry& g, Tag tag, bool bias, Epilogue epilogue) {
  using Forward = dnnl::convolution_forward;
  const memory::desc src = g.src_desc(tag), dst = g.dst_desc(tag);
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  if (!bias) {
    const Forward::desc desc(kind, algorithm, src, any_weights(g), dst, g.strides(), g.pads_before(), g.pads_after());
    return {desc, attributes(epilogue), onednn_engine()};
  }
  const memory::desc bias_desc({g.dst.c}, memory::data_type::f32, Tag::a);
  const Forward::desc desc(kind, algorithm, src, any_weights(g), bias_desc, dst, g.strides(), g.pads_before(),
                           g.pads_after());
  return {desc, attributes(epilogue), onednn_engine()};
}

Candidate forward_candidate(const std::string& name, const Geometry& g, Tag tag, bool bias, Epilogue epilogue) {
  const auto desc = forward_desc(g, tag, bias, epilogue);
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
                            g.strides(), g.pads_before(), g.pads_after());
  const Backward::primitive_desc primitive(desc, attributes({}), onednn_engine(), forward_desc(g, tag, false, {}));
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

// The forward convolution that is the gradient of a stride-1 one: channels exchanged, window rotated, paddings r - 1 - pad.
Geometry rotated(const Geometry& g) {
  const Window& w = g.window;
  Geometry r{g.dst, g.src, w, 1, g.storage};
  r.window.pad_top = w.r - 1 - w.pad_top;
  r.window.pad_left = w.s - 1 - w.pad_left;
  r.window.pad_bottom = w.r - 1 - w.pad_bottom;
  r.window.pad_right = w.s - 1 - w.pad_right;
  return r;
}

std::vector<float> rotate_weights(const Weights& weights, const Geometry& g) {
  const int64_t k_count = g.dst.c, c_count = g.src.c, taps = g.window.r * g.window.s;
  std::vector<float> rotated_weights(static_cast<size_t>(weights.elements()));
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t c = 0; c < c_count; ++c) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        rotated_weights[static_cast<size_t>((c * k_count + k) * taps + taps - 1 - tap)] =
            weights.data[(k * c_count + c) * taps + tap];
      }
    }
  }
  return rotated_weights;
}

// Weights as a file holds them, rounded to `wanted`'s type and laid out as it says.
memory pack(const float* plain, const Geometry& g, const memory::desc& wanted) {
  const memory::desc desc(g.weight_dims(), memory::data_type::f32, g.groups == 1 ? Tag::oihw : Tag::goihw);
  memory from(desc, onednn_engine(), const_cast<float*>(plain));
  memory packed(wanted, onednn_engine());
  dnnl::reorder(from, packed).execute(onednn_stream(), from, packed);
  onednn_stream().wait();
  return packed;
}

// Tries the ways in order; the first that oneDNN runs by something better than its reference loops is taken.
struct Way {
  std::string name;
  std::function<Candidate()> make;
  std::string refusal = {};  // known beforehand
  std::string family = {};   // of oneDNN's implementations, if it is to be taken only by one of these
};

Candidate choose(const std::vector<Way>& ways, const std::string& where, std::vector<Consideration>& considerations) {
  for (const Way& way : ways) {
    std::string refusal = way.refusal;
    if (refusal.empty()) {
      try {
        Candidate candidate = way.make();
        if (candidate.implementation.find("ref") == std::string::npos &&
            candidate.implementation.starts_with(way.family)) {
          considerations.push_back({way.name, ""});
          return candidate;
        }
        refusal = "oneDNN has only " + candidate.implementation;
      } catch (const dnnl::error& error) {
        refusal = fmt::format("oneDNN: {}", error.what());
      }
    }
    considerations.push_back({way.name, refusal});
  }
  fail_internal(where, "no fast convolution; the last refusal: {}", considerations.back().refusal);
}

PlannedTask finish(Candidate candidate, std::vector<Consideration> considerations, memory::desc in, memory::desc out,
                   memory weights, std::optional<memory> bias, bool adds = false) {
  PlannedTask planned;
  planned.implementation = fmt::format("onednn {} {}", candidate.name, candidate.implementation);
  planned.considerations = std::move(considerations);
  planned.constant_bytes = static_cast<int64_t>(weights.get_desc().get_size());
  auto task = std::make_unique<ConvolutionTask>(std::move(candidate), std::move(in), std::move(out), std::move(weights),
                                                std::move(bias), adds);
  if (adds) planned.in_place = 1;
  planned.workspace_bytes = task->workspace_bytes();
  planned.task = std::move(task);
  return planned;
}

}  // namespace

std::string onednn_version() {
  const dnnl::version_t* version = dnnl::version();
  return fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
}

PlannedTask plan_convolution(const ConvolutionProblem& problem, const std::string& where) {
  const Geometry g{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const bool has_bias = problem.bias.data != nullptr;
  std::vector<Consideration> considerations;
  Candidate candidate = choose(
      {{"nhwc", [&] { return forward_candidate("nhwc", g, Tag::nhwc, has_bias, {.relu = problem.relu}); }},
       {"reordered", [&] { return forward_candidate("reordered", g, Tag::any, has_bias, {.relu = problem.relu}); }}},
      where, considerations);
  return onednn_checked(where, [&] {
    memory weights = pack(problem.weights.data, g, candidate.weights);
    std::optional<memory> bias;
    if (has_bias) {
      bias.emplace(memory::desc({g.dst.c}, memory::data_type::f32, Tag::a), onednn_engine());
      std::memcpy(bias->get_data_handle(), problem.bias.data, static_cast<size_t>(g.dst.c) * sizeof(float));
    }
    return finish(std::move(candidate), std::move(considerations), g.src_desc(Tag::nhwc), g.dst_desc(Tag::nhwc),
                  std::move(weights), std::move(bias));
  });
}

PlannedTask plan_convolution(const ConvolutionBackwardProblem& problem, const Parallel& parallel,
                             const std::string& where) {
  const std::string not_an_image = refuse_image_gradient(problem);
  if (not_an_image.empty()) return plan_image_gradient(problem, parallel);
  const Geometry g{problem.src, problem.dst, problem.window, problem.groups, problem.storage};
  const std::string cannot_rotate = refuse_rotation(problem);
  const std::string cannot_add = problem.addend ? "only a convolution itself adds to what is there" : "";
  const auto rotate = [&] {
    return forward_candidate("rotated", rotated(g), Tag::nhwc, false, {.adds = problem.addend});
  };
  std::vector<Consideration> considerations{{"image", not_an_image}};
  // On AVX-512 oneDNN computes convolutions by small matrix products, up to a tenth faster than their gradients.
  Candidate candidate =
      choose({{"rotated", rotate, cannot_rotate, problem.addend ? "" : "brgconv"},
              {"nhwc", [&] { return backward_candidate("nhwc", g, Tag::nhwc); }, cannot_add},
              {"rotated", rotate, cannot_rotate},
              {"reordered", [&] { return backward_candidate("reordered", g, Tag::any); }, cannot_add}},
             where, considerations);
  return onednn_checked(where, [&] {
    const bool is_rotated = candidate.name == "rotated";
    memory weights = is_rotated ? pack(rotate_weights(problem.weights, g).data(), rotated(g), candidate.weights)
                                : pack(problem.weights.data, g, candidate.weights);
    return finish(std::move(candidate), std::move(considerations), g.dst_desc(Tag::nhwc), g.src_desc(Tag::nhwc),
                  std::move(weights), std::nullopt, problem.addend);
  });
}

}  // namespace phosphene
