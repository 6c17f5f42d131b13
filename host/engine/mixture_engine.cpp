#include "host/engine/mixture_engine.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kIterationsPerLook = 8; // between two looks at which starts are done

void check_plan(const MixturePlan &plan, int features, std::size_t samples) {
  const auto refuse = [](const std::string &text) { throw ConfigError("mixture: " + text); };
  if (features < 1 || features > kMostFeatures) {
    refuse(std::to_string(features) + " features; 1 to " + std::to_string(kMostFeatures) + " are allowed");
  }
  if (plan.components < 1 || plan.components > kMostComponents) {
    refuse(std::to_string(plan.components) + " components; 1 to " + std::to_string(kMostComponents) + " are allowed");
  }
  if (plan.starts < 1 || plan.starts > 10000 || plan.most_iterations < 1 || plan.lloyd < 0) {
    refuse("1 to 10000 starts, 1 or more iterations and 0 or more of k-means are needed");
  }
  if (!(plan.regularisation >= 0.0) || !(plan.tolerance >= 0.0) || !std::isfinite(plan.regularisation)) {
    refuse("regularisation and tolerance must be 0 or more");
  }
  if (samples < static_cast<std::size_t>(plan.components)) {
    refuse(std::to_string(samples) + " samples are fewer than " + std::to_string(plan.components) + " components");
  }
  if (samples > 0x7fffffff) {
    refuse(std::to_string(samples) + " samples are more than can be numbered");
  }
}

class Fit {
public:
  Fit(Queue &queue, const MixturePlan &plan, int features, std::span<const double> samples)
      : queue_(queue), plan_(plan), features_(features) {
    shape_ = {features, plan.components, plan.start ? 1 : plan.starts, static_cast<std::int64_t>(samples.size()) / features,
              plan.regularisation};
    const std::int64_t padded = mixture_padded(shape_.samples), blocks = padded / kMixtureBlock;
    items_ = std::int64_t{shape_.components} * mixture_rows(features) + 1;
    const std::int64_t each = std::int64_t{shape_.starts} * shape_.components;
    check_memory(static_cast<double>(features * padded) +
                 static_cast<double>(shape_.starts) * static_cast<double>(padded + blocks * items_ + items_));
    std::vector<double> columns(static_cast<std::size_t>(features * padded), 0.0);
    for (std::int64_t i = 0; i < shape_.samples; ++i) {
      for (std::int64_t d = 0; d < features; ++d) {
        columns[static_cast<std::size_t>(d * padded + i)] = samples[static_cast<std::size_t>(i * features + d)];
      }
    }
    sample_ = DeviceBuffer<double>(queue, features * padded, "samples");
    sample_.upload(columns.data());
    component_ = DeviceBuffer<double>(queue, each * mixture_numbers(features), "components");
    component_.zero();
    weight_ = DeviceBuffer<double>(queue, each, "weights");
    weight_.zero();
    covariance_ = DeviceBuffer<double>(queue, each * mixture_pairs(features), "covariances");
    covariance_.zero();
    partial_ = DeviceBuffer<double>(queue, shape_.starts * blocks * items_, "sums of blocks");
    sums_ = DeviceBuffer<double>(queue, shape_.starts * items_, "sums");
    log_likelihood_ = DeviceBuffer<double>(queue, shape_.starts, "log-likelihoods");
    log_likelihood_.zero();
    active_ = DeviceBuffer<std::int32_t>(queue, shape_.starts, "active starts");
    iterations_ = DeviceBuffer<std::int32_t>(queue, shape_.starts, "iterations");
    iterations_.zero();
    view_ = {sample_.shaped(features, padded),
             component_.shaped(shape_.starts, shape_.components, mixture_numbers(features)),
             weight_.shaped(shape_.starts, shape_.components),
             covariance_.shaped(shape_.starts, shape_.components, mixture_pairs(features)),
             partial_.shaped(shape_.starts, blocks, items_),
             sums_.shaped(shape_.starts, items_),
             log_likelihood_.view(),
             active_.view(),
             iterations_.view()};
  }

  MixtureFit operator()() {
    all_active();
    if (plan_.start) {
      take_start();
    } else {
      begin_by_centres();
    }
    std::vector<std::int32_t> active(static_cast<std::size_t>(shape_.starts), 1);
    for (int i = 1; i <= plan_.most_iterations; ++i) {
      sum_mixture(queue_, shape_, view_, false);
      update_mixture(queue_, shape_, view_);
      judge_mixture(queue_, shape_, view_, plan_.tolerance, plan_.most_iterations);
      if (i % kIterationsPerLook == 0) {
        active_.download(active.data());
        if (std::all_of(active.begin(), active.end(), [](std::int32_t a) { return a == 0; })) {
          break;
        }
      }
    }
    MixtureFit fit;
    fit.iterations.resize(active.size());
    std::vector<std::int32_t> iterations(active.size());
    iterations_.download(iterations.data());
    std::copy(iterations.begin(), iterations.end(), fit.iterations.begin());
    all_active(); // of what they ended with
    sum_mixture(queue_, shape_, view_, false);
    judge_mixture(queue_, shape_, view_, 0.0, 1);
    fit.log_likelihood.resize(active.size());
    log_likelihood_.download(fit.log_likelihood.data());
    take_best(fit);
    return fit;
  }

private:
  void check_memory(double numbers) const {
    const double needed = numbers * sizeof(double);
    const auto free = static_cast<double>(queue_.properties().memory_free_bytes);
    if (free > 0.0 && needed > free) {
      const auto mebibytes = [](double bytes) { return std::to_string(static_cast<std::int64_t>(bytes / (1 << 20))); };
      throw DeviceError("a mixture of " + std::to_string(shape_.samples) + " samples in " + std::to_string(shape_.starts) +
                        " starts needs about " + mebibytes(needed) + " MiB; " + mebibytes(free) +
                        " MiB are free on the device. Use fewer samples or starts");
    }
  }

  void all_active() {
    const std::vector<std::int32_t> ones(static_cast<std::size_t>(shape_.starts), 1);
    active_.upload(ones.data());
  }

  void begin_by_centres() {
    const std::int64_t padded = mixture_padded(shape_.samples), blocks = padded / kMixtureBlock;
    DeviceBuffer<double> near(queue_, shape_.starts * padded, "distances to centres");
    DeviceBuffer<double> block_sum(queue_, shape_.starts * blocks, "sums of distances");
    choose_centres(queue_, shape_, view_, near.shaped(shape_.starts, padded), block_sum.shaped(shape_.starts, blocks),
                   plan_.seed);
    for (int i = 0; i < plan_.lloyd; ++i) {
      sum_mixture(queue_, shape_, view_, true);
      move_centres(queue_, shape_, view_);
    }
    sum_mixture(queue_, shape_, view_, true);
    update_mixture(queue_, shape_, view_);
    queue_.wait(); // before the scratch memory goes
  }

  void take_start() {
    const Mixture &from = *plan_.start;
    std::vector<double> component(static_cast<std::size_t>(component_.size()), 0.0), covariance;
    for (std::size_t k = 0; k < from.components(); ++k) {
      std::copy(from.mean[k].begin(), from.mean[k].end(),
                component.begin() + static_cast<std::ptrdiff_t>(k) * mixture_numbers(features_));
      for (int i = 0; i < features_; ++i) {
        for (int j = 0; j <= i; ++j) {
          covariance.push_back(from.covariance[k][static_cast<std::size_t>(i * features_ + j)]);
        }
      }
    }
    component_.upload(component.data());
    weight_.upload(from.weight.data());
    covariance_.upload(covariance.data());
    prepare_mixture(queue_, shape_, view_);
  }

  void take_best(MixtureFit &fit) const {
    for (std::size_t s = 0; s < fit.log_likelihood.size(); ++s) {
      const double best = fit.log_likelihood[fit.best];
      if (fit.log_likelihood[s] > best || !std::isfinite(best)) {
        fit.best = s;
      }
    }
    if (!std::isfinite(fit.log_likelihood[fit.best])) {
      throw DataError("mixture: no start has a finite likelihood; are the samples numbers of one size?");
    }
    fit.converged = fit.iterations[fit.best] < plan_.most_iterations;
    std::vector<double> component(static_cast<std::size_t>(component_.size())),
        weight(static_cast<std::size_t>(weight_.size())), covariance(static_cast<std::size_t>(covariance_.size()));
    component_.download(component.data());
    weight_.download(weight.data());
    covariance_.download(covariance.data());
    const auto n = static_cast<std::size_t>(features_);
    fit.mixture.features = features_;
    for (std::size_t k = 0; k < static_cast<std::size_t>(shape_.components); ++k) {
      const std::size_t c = fit.best * static_cast<std::size_t>(shape_.components) + k;
      const double *mean = &component[c * static_cast<std::size_t>(mixture_numbers(features_))];
      const double *lower = &covariance[c * static_cast<std::size_t>(mixture_pairs(features_))];
      fit.mixture.weight.push_back(weight[c]);
      fit.mixture.mean.emplace_back(mean, mean + n);
      std::vector<double> full(n * n);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          full[i * n + j] = full[j * n + i] = lower[i * (i + 1) / 2 + j];
        }
      }
      fit.mixture.covariance.push_back(std::move(full));
      fit.emptied += weight[c] > 0.0 ? 0 : 1;
    }
  }

  Queue &queue_;
  const MixturePlan &plan_;
  int features_;
  MixtureShape shape_;
  std::int64_t items_ = 0;
  DeviceBuffer<double> sample_, component_, weight_, covariance_, partial_, sums_, log_likelihood_;
  DeviceBuffer<std::int32_t> active_, iterations_;
  MixtureView view_;
};

void check_mixture(const Mixture &mixture) {
  const auto n = static_cast<std::size_t>(mixture.features);
  bool fine = mixture.components() > 0 && mixture.mean.size() == mixture.components() &&
              mixture.covariance.size() == mixture.components();
  for (std::size_t k = 0; fine && k < mixture.components(); ++k) {
    fine = mixture.mean[k].size() == n &&
           (mixture.weight[k] == 0.0 || (mixture.weight[k] > 0.0 && is_covariance(mixture.covariance[k], mixture.features)));
  }
  if (!fine) {
    throw ConfigError("mixture: its weights, means and covariances do not belong together, or a covariance is not positive "
                      "definite");
  }
}

void check_samples(std::span<const double> samples, int features) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(samples[i])) {
      throw DataError("mixture: feature " + std::to_string(i % static_cast<std::size_t>(features) + 1) + " of sample " +
                      std::to_string(i / static_cast<std::size_t>(features) + 1) + " is no number");
    }
  }
}

} // namespace

MixtureFit fit_mixture(Queue &queue, const MixturePlan &plan, int features, std::span<const double> samples) {
  check_plan(plan, features, samples.size() / static_cast<std::size_t>(std::max(features, 1)));
  check_samples(samples, features);
  if (plan.start) {
    check_mixture(*plan.start);
    if (plan.start->features != features || plan.start->components() != static_cast<std::size_t>(plan.components)) {
      throw ConfigError("mixture: the start has other features or components than the plan");
    }
  }
  return Fit(queue, plan, features, samples)();
}

DeviceMixture::DeviceMixture(Queue &queue, const Mixture &mixture, const std::vector<std::int32_t> &class_of_component,
                             int classes)
    : queue_(queue), classes_(classes) {
  check_mixture(mixture);
  const int features = mixture.features;
  shape_.features = features;
  shape_.components = static_cast<int>(mixture.components());
  shape_.starts = 1;
  if (shape_.components > kMostComponents || features > kMostFeatures || classes < 1 || classes > 255 ||
      class_of_component.size() != mixture.components()) {
    throw ConfigError("mixture: more components, features or classes than a classifier holds");
  }
  std::vector<double> component(mixture.components() * static_cast<std::size_t>(mixture_numbers(features)), 0.0), covariance;
  for (std::size_t k = 0; k < mixture.components(); ++k) {
    std::copy(mixture.mean[k].begin(), mixture.mean[k].end(),
              component.begin() + static_cast<std::ptrdiff_t>(k) * mixture_numbers(features));
    for (int i = 0; i < features; ++i) {
      for (int j = 0; j <= i; ++j) {
        covariance.push_back(mixture.covariance[k][static_cast<std::size_t>(i * features + j)]);
      }
    }
  }
  component_ = DeviceBuffer<double>(queue, static_cast<std::int64_t>(component.size()), "components");
  component_.upload(component.data());
  class_of_ = DeviceBuffer<std::int32_t>(queue, shape_.components, "classes of components");
  class_of_.upload(class_of_component.data());
  DeviceBuffer<double> weight(queue, shape_.components, "weights");
  weight.upload(mixture.weight.data());
  DeviceBuffer<double> lower(queue, static_cast<std::int64_t>(covariance.size()), "covariances");
  lower.upload(covariance.data());
  MixtureView view;
  view.component = component_.shaped(1, shape_.components, mixture_numbers(features));
  view.weight = weight.shaped(1, shape_.components);
  view.covariance = lower.shaped(1, shape_.components, mixture_pairs(features));
  prepare_mixture(queue, shape_, view);
  queue.wait(); // before weights and covariances go
}

void DeviceMixture::classify(View<const double, 2> samples, View<double, 2> probability, View<double, 1> log_density,
                             View<std::uint8_t, 1> label) {
  classify_by_mixture(queue_, shape_, samples,
                      {component_.shaped(1, shape_.components, mixture_numbers(shape_.features)),
                       std::as_const(class_of_).view(), probability, log_density, label});
}

MixtureScores score_mixture(Queue &queue, const Mixture &mixture, const std::vector<std::int32_t> &class_of_component,
                            int classes, std::span<const double> samples) {
  DeviceMixture device(queue, mixture, class_of_component, classes);
  const std::int64_t n = static_cast<std::int64_t>(samples.size()) / mixture.features;
  DeviceBuffer<double> sample(queue, n * mixture.features, "samples");
  sample.upload(samples.data());
  DeviceBuffer<double> probability(queue, n * classes, "probabilities"), log_density(queue, n, "log-densities");
  DeviceBuffer<std::uint8_t> label(queue, n, "labels");
  device.classify(sample.shaped(n, mixture.features), probability.shaped(n, classes), log_density.view(), label.view());
  MixtureScores scores;
  scores.log_density.resize(static_cast<std::size_t>(n));
  scores.probability.resize(static_cast<std::size_t>(n * classes));
  log_density.download(scores.log_density.data());
  probability.download(scores.probability.data());
  return scores;
}

} // namespace ZENER_BACKEND
} // namespace zener
