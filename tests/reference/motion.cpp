#include "tests/reference/motion.hpp"

namespace zener::reference {

Path without_drift(const Path &path, const std::vector<double> &mass) {
  Path out = path;
  for (std::vector<Vector3> &frame : out) {
    for (std::size_t d = 0; d < 3; ++d) {
      double sum = 0.0, total = 0.0;
      for (std::size_t i = 0; i < frame.size(); ++i) {
        sum += mass[i] * frame[i][d];
        total += mass[i];
      }
      for (Vector3 &x : frame) {
        x[d] -= sum / total;
      }
    }
  }
  return out;
}

double mean_square(const Path &path, const std::vector<std::size_t> &atoms, std::size_t d, std::int64_t lag,
                   std::int64_t stride, std::int64_t origins, std::int64_t begin, std::int64_t end) {
  double sum = 0.0, count = 0.0;
  for (std::int64_t f = begin; f < end; ++f) {
    if (f % stride == 0 && f >= lag && (f - lag) % (stride * origins) == 0) {
      for (const std::size_t i : atoms) {
        const double x = path[static_cast<std::size_t>(f)][i][d] - path[static_cast<std::size_t>(f - lag)][i][d];
        sum += x * x;
        count += 1.0;
      }
    }
  }
  return sum / count;
}

double correlation(const Path &path, const std::vector<std::size_t> &atoms, std::size_t d, std::int64_t lag,
                   std::int64_t stride, std::int64_t origins, std::int64_t begin, std::int64_t end) {
  const auto sample = [&](std::int64_t s, std::size_t i) {
    double mean = 0.0;
    for (std::int64_t f = s * stride; f < (s + 1) * stride; ++f) {
      mean += path[static_cast<std::size_t>(f)][i][d] / static_cast<double>(stride);
    }
    return mean;
  };
  double sum = 0.0, count = 0.0;
  for (std::int64_t s = lag; (s + 1) * stride - 1 < end; ++s) {
    if ((s + 1) * stride - 1 >= begin && (s - lag) % origins == 0) {
      for (const std::size_t i : atoms) {
        sum += sample(s, i) * sample(s - lag, i);
        count += 1.0;
      }
    }
  }
  return sum / count;
}

std::array<std::complex<double>, 3> current(const std::vector<Vector3> &positions, const std::vector<Vector3> &velocities,
                                            const std::vector<std::size_t> &atoms, const Vector3 &k) {
  std::array<std::complex<double>, 3> sum{};
  for (const std::size_t i : atoms) {
    const double angle = k[0] * positions[i][0] + k[1] * positions[i][1] + k[2] * positions[i][2];
    for (std::size_t d = 0; d < 3; ++d) {
      sum[d] += velocities[i][d] * std::polar(1.0, -angle);
    }
  }
  return sum;
}

} // namespace zener::reference
