#include "runtime/fuse.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "runtime/error.h"

namespace phosphene {
namespace {

// The readers and the writer of each value. A kept value has a reader that is not an instruction.
struct Uses {
  std::map<ValueId, std::vector<size_t>> readers;
  std::map<ValueId, size_t> writer;
  std::set<ValueId> kept;

  Uses(const std::vector<Instruction>& list, std::span<const ValueId> keep) : kept(keep.begin(), keep.end()) {
    for (size_t i = 0; i < list.size(); ++i) {
      for (const ValueId id : list[i].src) readers[id].push_back(i);
      for (const ValueId id : list[i].dst) writer[id] = i;
    }
  }

  // The only instruction that reads `id`, or -1.
  [[nodiscard]] int only_reader(ValueId id) const {
    const auto found = readers.find(id);
    if (kept.contains(id) || found == readers.end() || found->second.size() != 1) return -1;
    return static_cast<int>(found->second.front());
  }
};

// The ceiling of a ReLU, or of a clip that starts at 0; none for what is neither.
std::optional<float> ceiling_of(const Problem& problem) {
  if (std::holds_alternative<ReluProblem>(problem)) return ConvolutionProblem().ceiling;
  const auto* activation = std::get_if<ActivationProblem>(&problem);
  if (activation == nullptr || activation->function.kind != ActivationKind::clip || activation->function.a != 0)
    return std::nullopt;
  return activation->function.b;
}

void fuse_relu(std::vector<Instruction>& list, const Uses& uses, std::vector<bool>& dead) {
  for (auto& instruction : list) {
    auto* convolution = std::get_if<ConvolutionProblem>(&instruction.problem);
    if (convolution == nullptr || convolution->relu) continue;
    const int reader = uses.only_reader(instruction.dst[0]);
    if (reader < 0) continue;
    const Instruction& relu = list[static_cast<size_t>(reader)];
    const std::optional<float> ceiling = ceiling_of(relu.problem);
    if (!ceiling) continue;
    convolution->relu = true;
    convolution->ceiling = *ceiling;
    instruction.dst = relu.dst;
    instruction.layer = relu.layer;
    dead[static_cast<size_t>(reader)] = true;
  }
}

// An unmasked sum that only single-source accumulations read is summed by each of them instead: they read disjoint slices
// of it, or there is one of them.
void fuse_accumulate(std::vector<Instruction>& list, const Uses& uses, std::vector<bool>& dead) {
  const auto accumulates = [&](size_t i) { return std::get_if<AccumulateProblem>(&list[i].problem); };
  for (size_t i = 0; i < list.size(); ++i) {
    const AccumulateProblem* inner = accumulates(i);
    const auto readers = uses.readers.find(list[i].dst.empty() ? kNoValue : list[i].dst[0]);
    if (inner == nullptr || inner->masked || readers == uses.readers.end() || uses.kept.contains(list[i].dst[0]))
      continue;
    const bool all_single = std::all_of(readers->second.begin(), readers->second.end(), [&](size_t reader) {
      const AccumulateProblem* outer = accumulates(reader);
      return outer != nullptr && outer->sources == 1 && list[reader].src[0] == list[i].dst[0];
    });
    int64_t read = 0;
    for (const size_t reader : readers->second) {
      if (all_single) read += accumulates(reader)->dst.c;
    }
    if (!all_single || read > inner->dst.c) continue;
    for (const size_t reader : readers->second) {
      auto* outer = std::get_if<AccumulateProblem>(&list[reader].problem);
      std::vector<ValueId> src = list[i].src;
      if (outer->masked) src.push_back(list[reader].src.back());
      list[reader].src = std::move(src);
      outer->sources = inner->sources;
      outer->src_c = inner->src_c;
      outer->offset += inner->offset;
    }
    dead[i] = true;
  }
}

// Whole sums under a mask, [mask] (a + b + ...): each term that is the gradient of a convolution, read by nobody else, takes up
// the sum of those written before it, and the last one the mask. What cannot be taken up stays a sum.
void fuse_epilogues(std::vector<Instruction>& list, const Uses& uses, const AllowedEpilogues& allowed,
                    std::vector<bool>& dead) {
  const auto writer = [&](ValueId id) { return uses.writer.contains(id) ? static_cast<int>(uses.writer.at(id)) : -1; };
  const auto convolution = [&](ValueId id) -> ConvolutionBackwardProblem* {
    if (writer(id) < 0 || uses.only_reader(id) < 0) return nullptr;
    auto* problem = std::get_if<ConvolutionBackwardProblem>(&list[static_cast<size_t>(writer(id))].problem);
    if (problem == nullptr || problem->addend || problem->masked || problem->bias.data != nullptr) return nullptr;
    const GradientEpilogues of_it = allowed(problem->storage);
    return of_it.sums && (of_it.sums_of_others || refuse_rotation(*problem).empty()) ? problem : nullptr;
  };
  for (size_t i = 0; i < list.size(); ++i) {
    auto* sum = std::get_if<AccumulateProblem>(&list[i].problem);
    if (sum == nullptr || sum->src_c != sum->dst.c) continue;
    std::vector<ValueId> terms(list[i].src.begin(), list[i].src.begin() + sum->sources);
    std::stable_sort(terms.begin(), terms.end(), [&](ValueId a, ValueId b) { return writer(a) < writer(b); });
    ValueId taken = terms.front();
    std::vector<ValueId> left;
    for (size_t t = 1; t < terms.size(); ++t) {
      if (ConvolutionBackwardProblem* problem = convolution(terms[t])) {
        problem->addend = true;
        list[static_cast<size_t>(writer(terms[t]))].src.push_back(std::exchange(taken, terms[t]));
      } else {
        left.push_back(terms[t]);
      }
    }
    auto* last = uses.only_reader(taken) < 0 || writer(taken) < 0
                     ? nullptr
                     : std::get_if<ConvolutionBackwardProblem>(&list[static_cast<size_t>(writer(taken))].problem);
    const bool takes_up = last != nullptr && !last->masked && last->bias.data == nullptr;
    if (left.empty() && takes_up && (!sum->masked || allowed(last->storage).masks)) {
      Instruction& whole = list[static_cast<size_t>(writer(taken))];
      if (sum->masked) {
        last->masked = true;
        whole.src.push_back(list[i].src.back());
      }
      whole.dst = list[i].dst;
      dead[i] = true;
      continue;
    }
    left.push_back(taken);
    sum->sources = static_cast<int>(left.size());
    if (sum->masked) left.push_back(list[i].src.back());
    list[i].src = std::move(left);
  }
}

// The mask of a ReLU moves into the gradient of the pooling or the normalisation that alone read it.
void fuse_masks(std::vector<Instruction>& list, const Uses& uses, std::vector<bool>& dead) {
  for (size_t i = 0; i < list.size(); ++i) {
    const auto* sum = std::get_if<AccumulateProblem>(&list[i].problem);
    if (sum == nullptr || !sum->masked || sum->sources != 1 || sum->src_c != sum->dst.c) continue;
    const auto writer = uses.writer.find(list[i].src[0]);
    if (writer == uses.writer.end() || uses.only_reader(list[i].src[0]) < 0) continue;
    Instruction& gradient = list[writer->second];
    bool* masked = nullptr;
    if (auto* pooling = std::get_if<PoolingBackwardProblem>(&gradient.problem)) masked = &pooling->masked;
    if (auto* lrn = std::get_if<LrnBackwardProblem>(&gradient.problem)) masked = &lrn->masked;
    if (masked == nullptr || *masked) continue;
    *masked = true;
    gradient.src.push_back(list[i].src.back());
    gradient.dst = list[i].dst;
    dead[i] = true;
  }
}

void fuse_whiten(std::vector<Instruction>& list, const Graph& graph, const Uses& uses, std::vector<bool>& dead) {
  for (auto& instruction : list) {
    auto* adam = std::get_if<AdamProblem>(&instruction.problem);
    if (adam == nullptr || adam->whitened) continue;
    const auto writer = uses.writer.find(instruction.src[0]);
    if (writer == uses.writer.end() || uses.only_reader(instruction.src[0]) < 0) continue;
    const Instruction& whiten = list[writer->second];
    if (!std::holds_alternative<WhitenProblem>(whiten.problem)) continue;
    adam->whitened = true;
    adam->scale_rows = graph.shape(whiten.src[1]).h;
    instruction.src[0] = whiten.src[0];
    instruction.src.push_back(whiten.src[1]);
    dead[writer->second] = true;
  }
}

void erase_dead(std::vector<Instruction>& list, const std::vector<bool>& dead) {
  size_t next = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (!dead[i]) {
      if (next != i) list[next] = std::move(list[i]);
      ++next;
    }
  }
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(next), list.end());
}

}  // namespace

std::vector<Instruction> lower(const Graph& graph) {
  std::vector<Instruction> list;
  for (const Node& node : graph.nodes()) {
    list.push_back({node.op->lower(graph.infos(node.src), graph.infos(node.dst)), node.src, node.dst, node.layer,
                    std::string(node.op->kind()), node.op->updates_state()});
  }
  return list;
}

void prune(std::vector<Instruction>& list, std::span<const ValueId> keep) {
  std::set<ValueId> wanted(keep.begin(), keep.end());
  std::vector<bool> dead(list.size(), false);
  for (size_t i = list.size(); i-- > 0;) {
    const bool used = list[i].updates_state || std::any_of(list[i].dst.begin(), list[i].dst.end(),
                                                           [&](ValueId id) { return wanted.contains(id); });
    if (used) {
      wanted.insert(list[i].src.begin(), list[i].src.end());
    } else {
      dead[i] = true;
    }
  }
  erase_dead(list, dead);
}

void fuse(std::vector<Instruction>& list, const Graph& graph, std::span<const ValueId> keep,
          const AllowedEpilogues& allowed) {
  const auto repeat = [&](auto pass) {
    // Chains shrink by one link a round.
    for (size_t before = list.size() + 1; list.size() < before;) {
      before = list.size();
      std::vector<bool> dead(list.size(), false);
      pass(Uses(list, keep), dead);
      erase_dead(list, dead);
    }
  };
  const auto epilogues = [&](const Uses& uses, std::vector<bool>& dead) { fuse_epilogues(list, uses, allowed, dead); };
  repeat([&](const Uses& uses, std::vector<bool>& dead) { fuse_relu(list, uses, dead); });
  repeat(epilogues);  // before sums are spread over the slices that read them
  repeat([&](const Uses& uses, std::vector<bool>& dead) { fuse_accumulate(list, uses, dead); });
  repeat(epilogues);
  repeat([&](const Uses& uses, std::vector<bool>& dead) { fuse_masks(list, uses, dead); });
  repeat([&](const Uses& uses, std::vector<bool>& dead) { fuse_whiten(list, graph, uses, dead); });
}

}  // namespace phosphene
