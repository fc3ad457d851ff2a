// NumPy's arrays in pickles: numpy.core.multiarray._reconstruct with a state (version, shape, dtype, column-major, bytes), or since
// protocol 5 numpy.core.numeric._frombuffer(bytes, dtype, shape, order).
#include <algorithm>
#include <array>
#include <optional>

#include "loaders/shown.h"
#include "loaders/state_dict/pickled.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Kind = PickleNode::Kind;

struct NumpyType {
  std::string_view name;
  StateType type;
};
constexpr auto kNumpyTypes = std::to_array<NumpyType>({{"f2", StateType::f16},
                                                       {"f4", StateType::f32},
                                                       {"f8", StateType::f64},
                                                       {"i1", StateType::i8},
                                                       {"i2", StateType::i16},
                                                       {"i4", StateType::i32},
                                                       {"i8", StateType::i64},
                                                       {"u1", StateType::u8},
                                                       {"u2", StateType::u16},
                                                       {"u4", StateType::u32},
                                                       {"u8", StateType::u64},
                                                       {"b1", StateType::boolean}});

bool reconstructs(std::string_view function) {
  return function == "numpy.core.multiarray._reconstruct" || function == "numpy._core.multiarray._reconstruct";
}

bool takes_a_buffer(std::string_view function) {
  return function == "numpy.core.numeric._frombuffer" || function == "numpy._core.numeric._frombuffer";
}

// The parts of an array, wherever they stand.
struct Parts {
  const PickleNode *shape = nullptr, *dtype = nullptr, *bytes = nullptr;
  bool column_major = false;
};

std::optional<Parts> parts_of_state(const Pickle& pickle, const PickleNode& call) {
  constexpr size_t kState = 2, kOldest = 4;  // the oldest state has no version
  if (call.items.size() <= kState) return {};
  const PickleNode& state = pickle.node(call.items.back());
  if (state.kind != Kind::tuple || (state.items.size() != kOldest && state.items.size() != kOldest + 1)) return {};
  const auto item = [&](size_t index) { return &pickle.node(state.items[state.items.size() - kOldest + index]); };
  if (item(2)->kind != Kind::boolean && item(2)->kind != Kind::integer) return {};
  return Parts{item(0), item(1), item(3), item(2)->integer != 0};
}

std::optional<Parts> parts_of_buffer(const Pickle& pickle, const PickleNode& call) {
  constexpr size_t kArguments = 4;
  const PickleNode& arguments = pickle.node(call.items[1]);
  if (arguments.kind != Kind::tuple || arguments.items.size() != kArguments) return {};
  const auto item = [&](size_t index) { return &pickle.node(arguments.items[index]); };
  if (item(3)->text != "C" && item(3)->text != "F") return {};
  return Parts{item(2), item(1), item(0), item(3)->text == "F"};
}

// numpy.dtype("f4", False, True) and its state (3, "<", subtype, names, ...), which says the order of bytes.
void read_dtype(const std::string& path, const Pickle& pickle, const PickleNode& dtype, StateTensor& tensor) {
  constexpr size_t kState = 2, kOrder = 1, kSubtype = 2, kNames = 3;
  const PickleNode* const code = dtype.kind == Kind::call ? pickle.argument(dtype, 0) : nullptr;
  std::string_view name =
      code != nullptr && pickle.node(dtype.items[0]).text == "numpy.dtype" ? code->text : std::string_view();
  std::string_view order;
  if (!name.empty() && (name[0] == '<' || name[0] == '>' || name[0] == '|' || name[0] == '=')) {
    order = name.substr(0, 1);
    name.remove_prefix(1);
  }
  bool plain = true;
  if (dtype.kind == Kind::call && dtype.items.size() > kState) {
    const PickleNode& state = pickle.node(dtype.items.back());
    plain = state.kind == Kind::tuple && state.items.size() > kNames &&
            pickle.node(state.items[kSubtype]).kind == Kind::none &&
            pickle.node(state.items[kNames]).kind == Kind::none;
    if (plain) order = pickle.node(state.items[kOrder]).text;
  }
  const auto* const known =
      std::find_if(kNumpyTypes.begin(), kNumpyTypes.end(), [&](const NumpyType& row) { return row.name == name; });
  if (!plain || known == kNumpyTypes.end())
    fail(path, "array '{}' is of the type '{}', which is not read: expected real numbers", shown(tensor.name),
         shown(name));
  tensor.type = known->type;
  tensor.big_endian = order == ">";
}

}  // namespace

bool is_numpy_array(const Pickle& pickle, PickleId id) {
  return pickle.node(id).kind == Kind::call && (reconstructs(pickle.called(id)) || takes_a_buffer(pickle.called(id)));
}

StateTensor numpy_array(const PickledFile& file, PickleId id, std::string name) {
  const Pickle& pickle = *file.pickle;
  const PickleNode& call = pickle.node(id);
  const auto parts = reconstructs(pickle.called(id)) ? parts_of_state(pickle, call) : parts_of_buffer(pickle, call);
  const std::string place = fmt::format("{}: array '{}'", file.path, shown(name));
  if (!parts || parts->shape->kind != Kind::tuple) fail(place, "has no shape, type and bytes: the file is damaged");
  StateTensor tensor;
  tensor.name = std::move(name);
  read_dtype(file.path, pickle, *parts->dtype, tensor);
  for (const PickleId size : parts->shape->items) {
    if (pickle.node(size).kind != Kind::integer) fail(place, "has a shape that is no list of integers");
    tensor.dims.push_back(pickle.node(size).integer);
  }
  if (parts->bytes->kind != Kind::bytes && parts->bytes->kind != Kind::text)
    fail(place, "holds objects of Python's, not numbers");

  auto storage = std::make_shared<StateStorage>();
  storage->file = file.path;
  storage->name = "its bytes";
  storage->bytes = std::as_bytes(std::span(parts->bytes->text));
  const std::byte* const end = storage->bytes.data() + storage->bytes.size();
  const bool in_file = storage->bytes.data() >= file.bytes.data() && end <= file.bytes.data() + file.bytes.size();
  storage->owner = in_file ? file.owner : std::shared_ptr<const void>(file.pickle);
  tensor.storage = std::move(storage);
  tensor.strides.assign(tensor.dims.size(), 0);
  check_layout(tensor);  // the sizes, before they are multiplied
  int64_t needed = 0;
  if (__builtin_mul_overflow(tensor.elements(), static_cast<int64_t>(bytes_of(tensor.type)), &needed) ||
      static_cast<uint64_t>(needed) != tensor.storage->bytes.size()) {
    fail(place, "of shape [{}] and type {} has {} bytes: the file is damaged", fmt::join(tensor.dims, ", "),
         name_of(tensor.type), tensor.storage->bytes.size());
  }
  tensor.strides = strides_of(tensor.dims, parts->column_major);
  check_layout(tensor);
  return tensor;
}

}  // namespace phosphene
