#include "loaders/state_dict/pickled.h"

#include <algorithm>
#include <array>
#include <optional>

#include "loaders/shown.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Kind = PickleNode::Kind;

template <class Value>
struct Row {
  std::string_view name;
  Value value;
};

constexpr auto kStorageTypes = std::to_array<Row<StateType>>({
    {"torch.FloatStorage", StateType::f32},
    {"torch.DoubleStorage", StateType::f64},
    {"torch.HalfStorage", StateType::f16},
    {"torch.BFloat16Storage", StateType::bf16},
    {"torch.CharStorage", StateType::i8},
    {"torch.ShortStorage", StateType::i16},
    {"torch.IntStorage", StateType::i32},
    {"torch.LongStorage", StateType::i64},
    {"torch.ByteStorage", StateType::u8},
    {"torch.BoolStorage", StateType::boolean},
});
constexpr auto kTypes = std::to_array<Row<StateType>>({
    {"torch.float32", StateType::f32},
    {"torch.float64", StateType::f64},
    {"torch.float16", StateType::f16},
    {"torch.bfloat16", StateType::bf16},
    {"torch.int8", StateType::i8},
    {"torch.int16", StateType::i16},
    {"torch.int32", StateType::i32},
    {"torch.int64", StateType::i64},
    {"torch.uint8", StateType::u8},
    {"torch.uint16", StateType::u16},
    {"torch.uint32", StateType::u32},
    {"torch.uint64", StateType::u64},
    {"torch.bool", StateType::boolean},
});
// Bytes without a type, and numbers that are not read: how many bytes an element takes.
constexpr auto kOtherStorages = std::to_array<Row<uint64_t>>({
    {"torch.UntypedStorage", 1},
    {"torch._UntypedStorage", 1},
    {"torch.storage.UntypedStorage", 1},
    {"torch.storage._UntypedStorage", 1},
    {"torch.ComplexDoubleStorage", 16},
    {"torch.ComplexFloatStorage", 8},
    {"torch.QInt32Storage", 4},
    {"torch.QInt8Storage", 1},
    {"torch.QUInt2x4Storage", 1},
    {"torch.QUInt4x2Storage", 1},
    {"torch.QUInt8Storage", 1},
});

// How a function that makes a tensor takes its arguments.
enum class Maker {
  of_storage,  // storage, offset, sizes, strides, and then what concerns training only
  of_bytes,    // the same, with the type as the seventh argument
  of_tensor,   // a tensor, and what concerns training only
  of_call,     // another such function, a class, that function's arguments
  not_read,
};
constexpr auto kMakers = std::to_array<Row<Maker>>({
    {"torch._utils._rebuild_tensor", Maker::of_storage},
    {"torch._utils._rebuild_tensor_v2", Maker::of_storage},
    {"torch._utils._rebuild_tensor_v3", Maker::of_bytes},
    {"torch._utils._rebuild_parameter", Maker::of_tensor},
    {"torch._utils._rebuild_parameter_with_state", Maker::of_tensor},
    {"torch._tensor._rebuild_from_type_v2", Maker::of_call},
    {"torch._utils._rebuild_device_tensor_from_cpu_tensor", Maker::not_read},
    {"torch._utils._rebuild_device_tensor_from_numpy", Maker::not_read},
    {"torch._utils._rebuild_meta_tensor_no_storage", Maker::not_read},
    {"torch._utils._rebuild_nested_tensor", Maker::not_read},
    {"torch._utils._rebuild_qtensor", Maker::not_read},
    {"torch._utils._rebuild_sparse_csr_tensor", Maker::not_read},
    {"torch._utils._rebuild_sparse_tensor", Maker::not_read},
});
constexpr int kMaxWrapping = 4;  // parameters of tensors of a type

template <class Rows>
auto find_row(const Rows& rows, std::string_view name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

// One call that makes a tensor, and the name the tensor has.
struct Call {
  const PickledFile& file;
  std::string_view function;
  const PickleNode* arguments;  // a tuple
  const std::string& name;

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... values) const {
    fail(file.path, "tensor '{}' {}", shown(name), fmt::format(what, std::forward<Arguments>(values)...));
  }
  [[nodiscard]] const PickleNode& node(PickleId id) const { return file.pickle->node(id); }
  [[nodiscard]] PickleId argument_id(size_t index) const {
    if (arguments->kind != Kind::tuple || index >= arguments->items.size())
      refuse("is made by {} with {} arguments: the file is damaged", function, arguments->items.size());
    return arguments->items[index];
  }
  [[nodiscard]] const PickleNode& argument(size_t index) const { return node(argument_id(index)); }
  [[nodiscard]] bool has(size_t index) const {
    return arguments->kind == Kind::tuple && index < arguments->items.size();
  }
  [[nodiscard]] std::vector<int64_t> integers(size_t index) const {
    const PickleNode* list = &argument(index);
    if (list->kind == Kind::call && node(list->items[0]).text == "torch.Size") {
      const PickleNode* const sizes = file.pickle->argument(*list, 0);
      if (sizes != nullptr) list = sizes;
    }
    std::vector<int64_t> values;
    bool right = list->kind == Kind::tuple || list->kind == Kind::list;
    for (const PickleId id : list->items) {
      right = right && node(id).kind == Kind::integer;
      if (right) values.push_back(node(id).integer);
    }
    if (!right) refuse("has a shape that is no list of integers");
    return values;
  }
};

// A tensor whose sign or imaginary part is only noted, not applied.
void refuse_lazy_bits(const Call& call, size_t index) {
  if (!call.has(index)) return;
  const PickleNode& noted = call.argument(index);
  for (const char* bit : {"conj", "neg"}) {
    const PickleNode* const value = noted.kind == Kind::dict ? call.file.pickle->value(noted, bit) : nullptr;
    if (value != nullptr && value->integer != 0) call.refuse("is a view with the flag '{}'; save a copy of it", bit);
  }
}

StateTensor made_of_storage(const Call& call, std::optional<StateType> type, size_t metadata) {
  const PickleNode& persistent = call.argument(0);
  if (persistent.kind != Kind::persistent || !call.file.storage) call.refuse("has no storage in the file");
  const StorageReference reference = storage_reference(call.file.path, *call.file.pickle, persistent);
  if (!type) type = reference.type;
  if (!type) call.refuse("lies in a {}: only dense tensors of real numbers are read", reference.class_name);
  const PickleNode& offset = call.argument(1);
  if (offset.kind != Kind::integer) call.refuse("begins at an element that is no number");
  refuse_lazy_bits(call, metadata);

  StateTensor tensor;
  tensor.type = *type;
  tensor.name = call.name;
  tensor.dims = call.integers(2);
  tensor.strides = call.integers(3);
  tensor.storage = call.file.storage(reference);
  tensor.offset = offset.integer;
  check_layout(tensor);
  return tensor;
}

StateTensor made(const Call& call, int wrapped) {
  const auto* const maker = find_row(kMakers, call.function);
  if (maker == nullptr || wrapped > kMaxWrapping)
    call.refuse("is made by {}, which makes no tensor", shown(call.function));
  constexpr size_t kMetadataV2 = 6, kType = 6, kMetadataV3 = 7;
  switch (maker->value) {
    case Maker::of_storage:
      return made_of_storage(call, {}, kMetadataV2);
    case Maker::of_bytes: {
      const std::string_view name = call.argument(kType).text;
      const auto* const type = find_row(kTypes, name);
      if (type == nullptr) call.refuse("is of the type '{}', which is not read", shown(name));
      return made_of_storage(call, type->value, kMetadataV3);
    }
    case Maker::of_tensor: {
      const PickleNode& inner = call.argument(0);
      if (inner.kind != Kind::call) call.refuse("is a parameter without numbers");
      return made({call.file, call.node(inner.items[0]).text, &call.node(inner.items[1]), call.name}, wrapped + 1);
    }
    case Maker::of_call:
      return made({call.file, call.argument(0).text, &call.argument(2), call.name}, wrapped + 1);
    default:
      call.refuse("is made by {}: only dense tensors of real numbers are read", call.function);
  }
}

}  // namespace

StorageReference storage_reference(const std::string& file, const Pickle& pickle, const PickleNode& persistent) {
  const PickleNode& tuple = pickle.node(persistent.items[0]);
  const auto item = [&](size_t index) -> const PickleNode& { return pickle.node(tuple.items[index]); };
  constexpr size_t kItems = 5, kView = 5;
  if (tuple.kind != Kind::tuple || tuple.items.size() < kItems || item(0).text != "storage" ||
      item(1).kind != Kind::global || item(2).kind != Kind::text || item(4).kind != Kind::integer ||
      item(4).integer < 0)
    fail(file, "the pickle refers to something outside that is no storage of a tensor");
  StorageReference reference;
  reference.key = item(2).text;
  reference.elements = reference.view_elements = static_cast<uint64_t>(item(4).integer);
  const std::string_view type = item(1).text;
  reference.class_name = type;
  if (const auto* const known = find_row(kStorageTypes, type)) {
    reference.type = known->value;
    reference.element_bytes = bytes_of(known->value);
  } else if (const auto* const other = find_row(kOtherStorages, type)) {
    reference.element_bytes = other->value;
  } else {
    fail(file, "storage '{}' is a '{}', which is none", shown(reference.key), shown(type));
  }
  if (tuple.items.size() > kView && item(kView).kind != Kind::none) {
    const PickleNode& view = item(kView);
    const auto number = [&](size_t index) { return pickle.node(view.items[index]); };
    if (view.kind != Kind::tuple || view.items.size() != 3 || number(1).kind != Kind::integer ||
        number(2).kind != Kind::integer || number(1).integer < 0 || number(2).integer < 0)
      fail(file, "storage '{}' has a view that is none: the file is damaged", shown(reference.key));
    reference.view_begin = static_cast<uint64_t>(number(1).integer);
    reference.view_elements = static_cast<uint64_t>(number(2).integer);
    if (reference.view_begin > reference.elements ||
        reference.view_elements > reference.elements - reference.view_begin)
      fail(file, "storage '{}' has a view that reaches beyond it: the file is damaged", shown(reference.key));
  }
  return reference;
}

bool is_tensor(const Pickle& pickle, PickleId id) {
  return pickle.node(id).kind == Kind::call &&
         (find_row(kMakers, pickle.called(id)) != nullptr || is_numpy_array(pickle, id));
}

bool is_scalar(const Pickle& pickle, PickleId id) {
  constexpr size_t kSizes = 2;
  const PickleNode* const sizes =
      pickle.node(id).kind == Kind::call ? pickle.argument(pickle.node(id), kSizes) : nullptr;
  return is_tensor(pickle, id) && sizes != nullptr && sizes->kind == Kind::tuple && sizes->items.empty();
}

StateTensor pickled_tensor(const PickledFile& file, PickleId id, std::string name) {
  if (is_numpy_array(*file.pickle, id)) return numpy_array(file, id, std::move(name));
  const PickleNode& call = file.pickle->node(id);
  return made({file, file.pickle->called(id), &file.pickle->node(call.items[1]), name}, 0);
}

}  // namespace phosphene
