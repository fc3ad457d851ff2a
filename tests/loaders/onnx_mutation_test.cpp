// A good file with one thing changed: each field left out, given twice, of another type; unknown fields; damaged bytes.
#include <cmath>
#include <random>
#include <set>

#include "loaders/onnx/onnx_file.h"
#include "loaders/onnx/onnx_wire.h"
#include "tests/loaders/small_onnx.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::onnx_mutation_test {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

enum class Action { leave_out, twice, other_type, unknown };

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string of_other_type(const onnx::Field& field) {
  const std::string number =
      field.wire_type == 2 ? varint(field.number << 3 | 0) + '\1' : varint(field.number << 3 | 2);
  return field.wire_type == 2 ? number : number + "\1\xFF";  // no packed number either
}

// The message with the first field called `wanted` ("NodeProto.name") altered; `done` says that there was one.
std::string mutated(std::span<const std::byte> message, const Descriptor& type, const std::string& wanted,
                    Action action, bool& done) {
  std::string result;
  onnx::Fields fields(message);
  while (const auto field = fields.next()) {
    const FieldDescriptor& known = *type.FindFieldByNumber(static_cast<int>(field->number));
    const std::string whole = text_of(field->whole);
    if (!done && type.name() + "." + known.name() == wanted) {
      done = true;
      if (action == Action::twice) result += whole + whole;
      if (action == Action::other_type) result += of_other_type(*field);
      if (action == Action::unknown) result += whole + varint(200 << 3 | 0) + '\1';
    } else if (known.type() == FieldDescriptor::TYPE_MESSAGE) {
      const std::string inner = mutated(field->payload, *known.message_type(), wanted, action, done);
      result += varint(field->number << 3 | 2) + varint(inner.size()) + inner;
    } else {
      result += whole;
    }
  }
  return result;
}

std::string mutated(const std::string& bytes, const std::string& wanted, Action action) {
  bool done = false;
  std::string result = mutated(std::as_bytes(std::span(bytes)), *onnx::ModelProto::descriptor(), wanted, action, done);
  EXPECT_TRUE(done) << wanted;
  return result;
}

void list_fields(std::span<const std::byte> message, const Descriptor& type, std::set<std::string>& names) {
  onnx::Fields fields(message);
  while (const auto field = fields.next()) {
    const FieldDescriptor& known = *type.FindFieldByNumber(static_cast<int>(field->number));
    names.insert(type.name() + "." + known.name());
    if (known.type() == FieldDescriptor::TYPE_MESSAGE) list_fields(field->payload, *known.message_type(), names);
  }
}

// "" where the file is read all the same: the field says nothing, or what is left is another sound network.
struct Answers {
  std::string left_out, twice;
};
constexpr const char* kTwice = "twice";

const std::map<std::string, Answers>& answers() {
  static const std::map<std::string, Answers> table = {
      {"ModelProto.ir_version", {"", kTwice}},
      {"ModelProto.producer_name", {"", kTwice}},
      {"ModelProto.producer_version", {"", kTwice}},
      {"ModelProto.domain", {"", kTwice}},
      {"ModelProto.model_version", {"", kTwice}},
      {"ModelProto.doc_string", {"", kTwice}},
      {"ModelProto.graph", {"no graph", kTwice}},
      {"ModelProto.opset_import", {"does not say its opset", kTwice}},
      {"ModelProto.metadata_props", {"", ""}},
      {"OperatorSetIdProto.domain", {"", kTwice}},
      {"OperatorSetIdProto.version", {"opset 0", kTwice}},
      {"StringStringEntryProto.key", {"", kTwice}},
      {"StringStringEntryProto.value", {"", kTwice}},
      {"GraphProto.node", {"reads 'c'", "writes 'c'"}},
      {"GraphProto.name", {"", kTwice}},
      {"GraphProto.doc_string", {"", kTwice}},
      {"GraphProto.initializer", {"reads 'w'", "two initializers are called 'w'"}},
      {"GraphProto.input", {"reads 'x'", "two inputs called 'x'"}},
      {"GraphProto.output", {"no outputs", "two outputs called 'y'"}},
      {"GraphProto.value_info", {"", ""}},
      {"GraphProto.metadata_props", {"", ""}},
      {"NodeProto.input", {"", ""}},  // how many an op has, its import knows
      {"NodeProto.output", {"has no output", "writes 'c'"}},
      {"NodeProto.name", {"", kTwice}},
      {"NodeProto.op_type", {"has no op", kTwice}},
      {"NodeProto.domain", {"", kTwice}},
      {"NodeProto.overload", {"", kTwice}},
      {"NodeProto.doc_string", {"", kTwice}},
      {"NodeProto.metadata_props", {"", ""}},
      {"NodeProto.attribute", {"", "gives the attribute kernel_shape twice"}},
      {"AttributeProto.name", {"an attribute without a name", kTwice}},
      {"AttributeProto.type", {"", kTwice}},
      {"AttributeProto.i", {"", kTwice}},
      {"AttributeProto.f", {"", kTwice}},
      {"AttributeProto.s", {"", kTwice}},
      {"AttributeProto.t", {"holds none", kTwice}},
      {"AttributeProto.ints", {"", ""}},
      {"AttributeProto.doc_string", {"", kTwice}},
      {"TensorProto.dims", {"2 numbers; expected 1", "2 numbers; expected 4"}},
      {"TensorProto.data_type", {"no type", kTwice}},
      {"TensorProto.name", {"no name", kTwice}},
      {"TensorProto.raw_data", {"initializer 'w' holds no numbers", kTwice}},
      {"TensorProto.float_data", {"attribute value holds no numbers", "holds 4 numbers; expected 2"}},
      {"TensorProto.doc_string", {"", kTwice}},
      {"ValueInfoProto.name", {"an input has no name", kTwice}},
      {"ValueInfoProto.type", {"expected a dense tensor", kTwice}},
      {"ValueInfoProto.doc_string", {"", kTwice}},
      {"TypeProto.tensor_type", {"expected a dense tensor", kTwice}},
      {"TypeProto.denotation", {"", kTwice}},
      {"TensorType.elem_type", {"no type", kTwice}},
      {"TensorType.shape", {"has no shape", kTwice}},
      {"TensorShapeProto.dim", {"", ""}},
      {"Dimension.dim_value", {"", kTwice}},
      {"Dimension.denotation", {"", kTwice}},
  };
  return table;
}

::testing::AssertionResult answers_with(const std::string& bytes, const std::string& words) {
  if (!words.empty()) return refuses([&] { read_onnx_text(bytes); }, {"net.onnx", words});
  try {
    read_onnx_text(bytes);
    return ::testing::AssertionSuccess();
  } catch (const Error& error) {
    return ::testing::AssertionFailure() << error.what();
  }
}

TEST(OnnxMutation, EachFieldLeftOutOrTwiceOrOfAnotherType) {
  const std::string good = full_onnx().bytes();
  EXPECT_EQ(mutated(good, "ModelProto.ir_version", Action::twice).size(), good.size() + 2) << "all else is as it was";
  std::set<std::string> present;
  list_fields(std::as_bytes(std::span(good)), *onnx::ModelProto::descriptor(), present);
  for (const std::string& field : present) {
    SCOPED_TRACE(field);
    ASSERT_TRUE(answers().contains(field));
    EXPECT_TRUE(answers_with(mutated(good, field, Action::leave_out), answers().at(field).left_out));
    EXPECT_TRUE(answers_with(mutated(good, field, Action::twice), answers().at(field).twice));
    const std::string name = field.substr(field.find('.') + 1);
    EXPECT_TRUE(refuses([&] { read_onnx_text(mutated(good, field, Action::other_type)); }, {"net.onnx", name}));
    EXPECT_TRUE(answers_with(mutated(good, field, Action::unknown), "unknown field 200"));
  }
  EXPECT_EQ(present.size(), answers().size()) << "an answer for a field that is not tried";
}

TEST(OnnxMutation, RenamedAttributesArePassedOn) {
  onnx::ModelProto good = full_onnx().model();
  int renamed = 0;
  for (onnx::NodeProto& node : *good.mutable_graph()->mutable_node()) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      const std::string name = attribute.name();
      attribute.set_name("renamed");
      if (node.op_type() == "Constant") {
        EXPECT_TRUE(answers_with(good.SerializeAsString(), "holds renamed"));
      } else {
        const source::Network network = read_onnx_text(good.SerializeAsString());
        const bool found = std::any_of(network.nodes.begin(), network.nodes.end(), [&](const source::Node& read) {
          return read.attributes.contains("renamed") && !read.attributes.contains(name);
        });
        EXPECT_TRUE(found) << "the importer must see it, to refuse it";
      }
      attribute.set_name(name);
      ++renamed;
    }
  }
  EXPECT_EQ(renamed, 5);
}

// Reads or refuses; a network that is read is sound.
void read_any(const std::string& bytes) {
  try {
    const source::Network network = read_onnx_text(bytes);
    for (const auto& [name, constant] : network.constants) {
      EXPECT_EQ(static_cast<int64_t>(constant.integers.size()), constant.integral ? constant.elements() : 0);
      for (int64_t i = 0; !constant.integral && i < constant.elements(); ++i)
        EXPECT_TRUE(std::isfinite(constant.numbers.data[i]));
    }
    source::check(network);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::user) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(OnnxMutation, DamagedBytesAreReadOrRefused) {
  const std::string good = full_onnx().bytes();
  std::mt19937 random(1);
  for (int mutant = 0; mutant < 500; ++mutant) {
    std::string bytes = good;
    for (int changes = 1 + mutant % 4; changes > 0; --changes) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
          break;
        case 2:
          bytes.erase(at, 1 + random() % 4);
          break;
        default:
          bytes.insert(at, 1 + random() % 4, static_cast<char>(random()));
      }
      if (bytes.empty()) bytes = good;
    }
    SCOPED_TRACE(mutant);
    read_any(bytes);
  }
  onnx::ModelProto needed = full_onnx().model();
  needed.clear_metadata_props();  // the last, and of no need
  const std::string whole = needed.SerializeAsString();
  for (size_t length = 1; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    EXPECT_TRUE(refuses([&] { read_onnx_text(cut); }, {"net.onnx"})) << length;
  }
}

}  // namespace
}  // namespace phosphene::testing::onnx_mutation_test
