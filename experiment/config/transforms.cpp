#include "experiment/config/transforms.h"

#include "experiment/config/size.h"
#include "experiment/image/parameterization.h"

namespace phosphene {
namespace {

// A step as a config writes it: one that is drawn from a range, or chooses among numbers.
struct WrittenStep {
  TransformStep step;
  std::vector<float> choices;

  void append_to(TransformList& list) const {
    if (choices.empty()) return list.steps.push_back(step);
    list.add_choice(step.kind, choices);
  }
};

Value<std::vector<float>> floats(double least, double most) {
  return {list(number(least, most)).format, [=](const JsonReader& reader) { return reader.numbers(least, most); }, {}};
}

WrittenStep choice(TransformKind kind, std::vector<float> numbers) {
  WrittenStep written;
  written.step.kind = kind;
  written.choices = std::move(numbers);
  return written;
}

Value<WrittenStep> range(TransformKind kind, double least, double most) {
  return {list(number(least, most), 2, 2).format,
          [=](const JsonReader& reader) {
            const std::vector<float> ends = reader.numbers(least, most);
            if (ends.size() != 2 || !(ends[0] <= ends[1])) reader.refuse("expected two numbers, the smaller first");
            WrittenStep written;
            written.step.kind = kind;
            written.step.low = ends[0];
            written.step.high = ends[1];
            return written;
          },
          {}};
}

// A bare list of scales is a choice, a bare pair of degrees a range; {"choices"} and {"range"} say which.
Value<WrittenStep> spread(TransformKind kind, double least, double most, bool bare_range) {
  const auto chosen = [kind](std::vector<float> numbers) { return choice(kind, std::move(numbers)); };
  const Value<WrittenStep> choices = converted(floats(least, most), chosen), ends = range(kind, least, most);
  return either<WrittenStep>(
      {bare_range ? ends : choices, one_of<WrittenStep>("", {{"choices", "One of these numbers.", choices},
                                                             {"range", "Uniform in `[low, high]`.", ends}})});
}

Value<WrittenStep> pixels(TransformKind kind) {
  return converted(integer(0, kMaxSide), [kind](int64_t amount) {
    WrittenStep written;
    written.step.kind = kind;
    written.step.amount = static_cast<int32_t>(amount);
    return written;
  });
}

Value<WrittenStep> crop() {
  return converted(size_value(), [](const Size& size) {
    WrittenStep written;
    written.step.kind = TransformKind::crop;
    written.step.height = static_cast<int32_t>(size.height);
    written.step.width = static_cast<int32_t>(size.width);
    return written;
  });
}

Value<WrittenStep> step_value() {
  return one_of<WrittenStep>(
      "One random transform.",
      {{"pad", "Pixels added at each side.", pixels(TransformKind::pad)},
       {"jitter", "Moves the image by up to this many pixels; it loses as many rows and columns.",
        pixels(TransformKind::jitter)},
       {"scale", "One of a list of factors, or uniform in a range.", spread(TransformKind::scale, 0.05, 20, false)},
       {"rotate", "Degrees, uniform between two numbers, or one of some choices.",
        spread(TransformKind::rotate, -360, 360, true)},
       {"crop", "Cut out the centre at this size, or pad to it.", crop()}});
}

// A preset's name, or a list of steps.
Value<Transforms> transform_list() {
  std::vector<std::pair<std::string, std::string>> presets;
  for (const std::string& name : transform_presets()) presets.emplace_back(name, name);
  const auto of_preset = [](const std::string& name) {
    Transforms transforms;
    transforms.preset = name;
    return transforms;
  };
  const auto of_steps = [](const std::vector<WrittenStep>& steps) {
    Transforms transforms;
    transforms.preset.clear();
    for (const WrittenStep& step : steps) step.append_to(transforms.list);
    return transforms;
  };
  return either<Transforms>(
      {converted(word(std::move(presets)), of_preset), converted(list(step_value(), 0, kTransformSteps), of_steps)});
}

// A member of `list`, which Object<T> cannot point to.
Key<Transforms> outside_key() {
  return key_read_by<Transforms>("outside",
                                 word<Outside>({{"constant", Outside::constant}, {"reflect", Outside::reflect}}),
                                 "Beyond the image: grey (constant) or its mirror image (reflect).",
                                 [](Outside outside, Transforms& transforms) { transforms.list.outside = outside; })
      .by_default("\"constant\"");
}

}  // namespace

Value<Transforms> transforms_value() {
  std::vector<Key<Transforms>> drawn;
  drawn.push_back(key_read_by<Transforms>("list", transform_list(), "A preset's name, or steps.",
                                          [](const Transforms& read, Transforms& transforms) { transforms = read; })
                      .required());
  drawn.push_back(key_read_by<Transforms>("shared", boolean(),
                                          "Draw one transform for all images of a job, instead of one for each.",
                                          [](bool shared, Transforms& transforms) { transforms.list.shared = shared; })
                      .by_default("false"));
  drawn.push_back(outside_key());
  drawn.push_back(key("noise", &Transforms::noise, number(0, 10),
                      "Standard deviation of noise that is added to what the network sees, another at each step; the "
                      "picture is in `[0, 1]`."));
  std::vector<Key<Transforms>> replayed;
  replayed.push_back(key_read_by<Transforms>("replay", file("matrices.safetensors"),
                                             "A safetensors file with recorded `matrices`: steps x images (or 1) x 6.",
                                             [](const NamedFile& replay, Transforms& transforms) {
                                               transforms.preset.clear();
                                               transforms.replay = replay;
                                             })
                         .required());
  replayed.push_back(outside_key());
  return either<Transforms>({transform_list(), Object<Transforms>("", std::move(drawn)).value(),
                             Object<Transforms>("", std::move(replayed)).value()});
}

}  // namespace phosphene
