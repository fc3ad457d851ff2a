#include "loaders/caffe/harmless_fields.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <set>
#include <vector>

namespace phosphene::caffe {
namespace {

using google::protobuf::io::Tokenizer;

// The parameters of data, loss and accuracy layers stand here because those layers are refused by their type, or left out.
const std::set<std::string>& harmless() {
  static const std::set<std::string> names = {"weight_filler",
                                              "bias_filler",
                                              "filler",
                                              "engine",
                                              "param",
                                              "propagate_down",
                                              "loss_weight",
                                              "lr_mult",
                                              "decay_mult",
                                              "blobs_lr",
                                              "weight_decay",
                                              "debug_info",
                                              "force_backward",
                                              "moving_average_fraction",
                                              "data_param",
                                              "hdf5_data_param",
                                              "window_data_param",
                                              "image_data_param",
                                              "memory_data_param",
                                              "dummy_data_param",
                                              "loss_param",
                                              "accuracy_param",
                                              "infogain_loss_param",
                                              "hinge_loss_param",
                                              "contrastive_loss_param",
                                              "hdf5_output_param",
                                              "force_nd_im2col",
                                              "stable_prod_grad",
                                              "dropout_param"};
  return names;
}

class Silent final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int /*line*/, int /*column*/, const std::string& /*message*/) override { failed = true; }
  bool failed = false;
};

struct Token {
  Tokenizer::TokenType type;
  std::string text;
  size_t begin, end;
};

std::vector<Token> tokens_of(const std::string& text, bool& failed) {
  std::vector<size_t> lines{0};
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') lines.push_back(i + 1);
  }
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Silent errors;
  Tokenizer tokenizer(&stream, &errors);
  tokenizer.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
  tokenizer.set_allow_f_after_float(true);
  tokenizer.set_require_space_after_number(false);
  std::vector<Token> tokens;
  while (tokenizer.Next()) {
    const Tokenizer::Token& one = tokenizer.current();
    // Columns count a tab as up to eight; a text with tabs before a field has its place found by its words.
    const size_t from = lines.at(static_cast<size_t>(one.line));
    const size_t after = tokens.empty() ? 0 : tokens.back().end;
    const size_t begin = text.find(one.text, std::max(from, after));
    if (begin == std::string::npos) break;
    tokens.push_back({one.type, one.text, begin, begin + one.text.size()});
  }
  failed = errors.failed;
  return tokens;
}

// The token behind a bracket's partner.
size_t behind_brackets(const std::vector<Token>& tokens, size_t open) {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    const std::string& text = tokens[i].text;
    if (text == "{" || text == "<" || text == "[") ++depth;
    if (text == "}" || text == ">" || text == "]") --depth;
    if (depth == 0) return i + 1;
  }
  return tokens.size();
}

bool opens(const Token& token) { return token.text == "{" || token.text == "<" || token.text == "["; }

// The token behind the value of the field whose name is token `name`.
size_t behind_value(const std::vector<Token>& tokens, size_t name) {
  size_t at = name + 1;
  if (at < tokens.size() && tokens[at].text == ":") ++at;
  if (at < tokens.size() && opens(tokens[at])) return behind_brackets(tokens, at);
  if (at < tokens.size() && tokens[at].text == "-") ++at;
  ++at;
  while (at < tokens.size() && tokens[at].type == Tokenizer::TYPE_STRING &&
         tokens[at - 1].type == Tokenizer::TYPE_STRING)
    ++at;
  return std::min(at, tokens.size());
}

}  // namespace

std::string without_harmless_fields(const std::string& text) {
  bool failed = false;
  const std::vector<Token> tokens = tokens_of(text, failed);
  if (failed) return text;
  std::string blanked = text;
  for (size_t i = 0; i + 1 < tokens.size();) {
    const bool is_name = tokens[i].type == Tokenizer::TYPE_IDENTIFIER &&
                         (tokens[i + 1].text == ":" || opens(tokens[i + 1])) && (i == 0 || tokens[i - 1].text != ":");
    if (!is_name || !harmless().contains(tokens[i].text)) {
      ++i;
      continue;
    }
    const size_t next = behind_value(tokens, i);
    for (size_t c = tokens[i].begin; c < tokens[next - 1].end; ++c) {
      if (blanked[c] != '\n') blanked[c] = ' ';
    }
    i = next;
  }
  return blanked;
}

}  // namespace phosphene::caffe
