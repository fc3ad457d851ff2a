#include "experiment/config/optimiser.h"

namespace phosphene {
namespace {

constexpr double kBelowOne = 1 - 1e-9;

// What all rules have. Rates: Adam's is the article's; the others were chosen by eye, for pictures as strong as Adam's after 128
// steps of the Fourier image.
struct RuleKeys {
  std::optional<double> learning_rate;
  LearningRateSchedule schedule;
  int64_t warmup = 0;
  double clip_norm = 0;

  [[nodiscard]] LearningRateSchedule whole_schedule() const {
    LearningRateSchedule whole = schedule;
    whole.warmup = warmup;
    return whole;
  }
};

struct AdamKeys : RuleKeys {
  double beta1 = AdamAttributes{}.beta1, beta2 = AdamAttributes{}.beta2, epsilon = AdamAttributes{}.epsilon;
  AdamEpsilon epsilon_form = AdamAttributes{}.epsilon_form;
};

struct MomentumKeys : RuleKeys {
  double momentum = 0;
};

LearningRateSchedule exponential(double decay, int64_t every) {
  LearningRateSchedule schedule;
  schedule.shape = ScheduleShape::exponential;
  schedule.decay = decay;
  schedule.every = every;
  return schedule;
}

LearningRateSchedule cosine(double to) {
  LearningRateSchedule schedule;
  schedule.shape = ScheduleShape::cosine;
  schedule.to = to;
  return schedule;
}

Value<LearningRateSchedule> schedule_value() {
  struct Exponential {
    double decay = 1;
    int64_t every = 1;
  };
  struct Cosine {
    double to = 0;
  };
  const Object<Exponential> exponential_keys(
      "", {key("decay", &Exponential::decay, number(1e-6, 1), "The factor.").required().example("0.99"),
           key("every", &Exponential::every, integer(1, kMaxSteps), "Steps from one change to the next.")});
  const Object<Cosine> cosine_keys(
      "", {key("to", &Cosine::to, number(0, 1), "The fraction of the rate that is left at the last step.")});
  return either<LearningRateSchedule>(
      {converted(word<bool>({{"constant", true}}), [](bool /*constant*/) { return LearningRateSchedule{}; }),
       one_of<LearningRateSchedule>(
           "",
           {{"exponential", "Multiplies the rate by a factor every few steps.",
             converted(exponential_keys.value(), [](const Exponential& e) { return exponential(e.decay, e.every); })},
            {"cosine", "Falls along half a cosine.",
             converted(cosine_keys.value(), [](const Cosine& c) { return cosine(c.to); })}})});
}

template <class T>
std::vector<Key<T>> rule_keys(double rate, bool clips) {
  std::vector<Key<T>> keys;
  keys.push_back(
      key_of<T>("learning_rate", &T::learning_rate, number(1e-12, 1e6),
                "How far a step goes. A tenth of this by default for a CPPN, whose weights change an image more than "
                "as many coefficients do."));
  keys.back().description.default_value =
      number(0, 1).text(rate);  // shown, and taken from the row where the key is missing
  keys.push_back(key_of<T>("schedule", &T::schedule, schedule_value(), "Schedule of the learning rate.")
                     .by_default("\"constant\""));
  keys.push_back(
      key_of<T>("warmup", &T::warmup, integer(0, kMaxSteps), "Number of steps over which the learning rate rises."));
  if (clips) {
    keys.push_back(
        key_of<T>("clip_norm", &T::clip_norm, number(1e-12, 1e12),
                  "Largest L2 norm of an image's gradient; longer gradients are scaled down. By default none is.")
            .without_default());
  }
  return keys;
}

void take_rule(const RuleKeys& keys, OptimiserKind kind, WrittenOptimiser& into) {
  into.attributes.kind = kind;
  into.attributes.clip_norm = keys.clip_norm;
  into.rate_given = keys.learning_rate.has_value();
}

Value<WrittenOptimiser> adam(OptimiserKind kind, double rate, bool has_forms) {
  std::vector<Key<AdamKeys>> keys = rule_keys<AdamKeys>(rate, true);
  keys.push_back(key("beta1", &AdamKeys::beta1, number(0, kBelowOne), "Decay of the first moment."));
  keys.push_back(key("beta2", &AdamKeys::beta2, number(0, kBelowOne), "Decay of the second moment."));
  keys.push_back(key("epsilon", &AdamKeys::epsilon, number(1e-30, 1e3), "Added to the root of the second moment."));
  if (has_forms) {
    keys.push_back(key("epsilon_form", &AdamKeys::epsilon_form,
                       word<AdamEpsilon>({{"torch", AdamEpsilon::torch}, {"tf1", AdamEpsilon::tf1}}),
                       "Add epsilon after the bias correction (torch) or before it (tf1)."));
  }
  return converted(Object<AdamKeys>("", std::move(keys)).value(), [kind, rate](const AdamKeys& read) {
    WrittenOptimiser made;
    take_rule(read, kind, made);
    made.attributes.adam = {.learning_rate = read.learning_rate.value_or(rate),
                            .beta1 = read.beta1,
                            .beta2 = read.beta2,
                            .epsilon = read.epsilon,
                            .epsilon_form = read.epsilon_form,
                            .schedule = read.whole_schedule(),
                            .nesterov = kind == OptimiserKind::nadam};
    return made;
  });
}

Value<WrittenOptimiser> with_momentum(OptimiserKind kind, double rate, double momentum) {
  std::vector<Key<MomentumKeys>> keys = rule_keys<MomentumKeys>(rate, kind != OptimiserKind::steepest);
  keys.push_back(key("momentum", &MomentumKeys::momentum, number(0, kBelowOne),
                     "The share of the last step that is added to the next.")
                     .by_default(number(0, kBelowOne).text(momentum)));
  return converted(Object<MomentumKeys>("", std::move(keys)).value(), [kind, rate](const MomentumKeys& read) {
    WrittenOptimiser made;
    take_rule(read, kind, made);
    made.attributes.momentum = {.learning_rate = read.learning_rate.value_or(rate),
                                .momentum = read.momentum,
                                .sign = kind == OptimiserKind::sign,
                                .schedule = read.whole_schedule()};
    return made;
  });
}

}  // namespace

void WrittenOptimiser::scale_default_rate(double factor) {
  if (rate_given) return;
  attributes.adam.learning_rate *= factor;
  attributes.momentum.learning_rate *= factor;
}

Value<WrittenOptimiser> optimiser_value() {
  return one_of<WrittenOptimiser>(
      "", {{"adam", "Kingma and Ba, 2015.", adam(OptimiserKind::adam, AdamAttributes{}.learning_rate, true)},
           {"nadam", "Adam with Nesterov's momentum: Dozat, 2016.",
            adam(OptimiserKind::nadam, AdamAttributes{}.learning_rate, false)},
           {"sgd", "Gradient ascent with momentum. The right rate depends on the size of the objective.",
            with_momentum(OptimiserKind::sgd, MomentumAttributes{}.learning_rate, MomentumAttributes{}.momentum)},
           {"sign", "Every parameter moves by the learning rate along the sign of its gradient (or of its momentum).",
            with_momentum(OptimiserKind::sign, 0.03, 0)},
           {"steepest", "Steepest ascent: each image moves along its gradient by the learning rate, in L2 norm.",
            with_momentum(OptimiserKind::steepest, 3, 0)}});
}

}  // namespace phosphene
