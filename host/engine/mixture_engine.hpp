// Gaussian mixtures on one device: owns the memory that fits and scores need and runs their kernels.
#pragma once

#include "host/neutral/mixture.hpp"
#include "kernels/analysis/mixture.hpp"
#include "kernels/exec/buffer.hpp"

#include <span>

namespace zener {
inline namespace ZENER_BACKEND {

// samples [N][D]. Throws ConfigError for a plan that cannot be and for fewer samples than components, DataError for numbers
// that are not finite, DeviceError when the memory is too small (estimated first).
MixtureFit fit_mixture(Queue &queue, const MixturePlan &plan, int features, std::span<const double> samples);

// A mixture that lies on the device, ready to classify.
class DeviceMixture {
public:
  DeviceMixture(Queue &queue, const Mixture &mixture, const std::vector<std::int32_t> &class_of_component, int classes);
  int classes() const { return classes_; }
  // samples [N][columns >= D]; the numbers of ClassifierView.
  void classify(View<const double, 2> samples, View<double, 2> probability, View<double, 1> log_density,
                View<std::uint8_t, 1> label);

private:
  Queue &queue_;
  MixtureShape shape_;
  int classes_;
  DeviceBuffer<double> component_;
  DeviceBuffer<std::int32_t> class_of_;
};

MixtureScores score_mixture(Queue &queue, const Mixture &mixture, const std::vector<std::int32_t> &class_of_component,
                            int classes, std::span<const double> samples);

} // namespace ZENER_BACKEND
} // namespace zener
