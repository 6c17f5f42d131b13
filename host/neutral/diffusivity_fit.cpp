#include "host/neutral/diffusivity_fit.hpp"

#include "host/neutral/elastic_tensor.hpp"
#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

namespace zener {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double k = kBoltzmannConstant_eV_per_K;

struct Point {
  double temperature_K, ln_d, weight; // weight 1/sigma^2 of ln D, or 1
};

std::size_t parameters_of(DiffusionModel model) {
  return model == DiffusionModel::arrhenius ? 2 : model == DiffusionModel::quadratic ? 3 : 4;
}

struct Value {
  double ln_d = 0.0;
  std::array<double, 6> gradient{}; // by the parameters
};

Value value_of(DiffusionModel model, const std::vector<double> &p, double temperature_K) {
  const double x = 1.0 / (k * temperature_K), u = 1.0 / temperature_K;
  if (model == DiffusionModel::arrhenius) {
    return {p[0] - p[1] * x, {1.0, -x}};
  }
  if (model == DiffusionModel::quadratic) {
    return {p[0] + (p[1] + p[2] * u) * u, {1.0, u, u * u}};
  }
  const double first = p[0] - p[1] * x, second = p[2] - p[3] * x, most = std::max(first, second);
  const double sum = std::exp(first - most) + std::exp(second - most);
  const double w = std::exp(first - most) / sum;
  return {most + std::log(sum), {w, -x * w, 1.0 - w, -x * (1.0 - w)}};
}

struct Normal {
  Matrix6 matrix{};
  Voigt right{};
  double chi_squared = 0.0;
};

Normal normal_equations(DiffusionModel model, const std::vector<double> &p, const std::vector<Point> &points) {
  Normal out;
  for (const Point &point : points) {
    const Value at = value_of(model, p, point.temperature_K);
    const double off = point.ln_d - at.ln_d;
    out.chi_squared += point.weight * off * off;
    for (std::size_t i = 0; i < p.size(); ++i) {
      out.right[i] += point.weight * at.gradient[i] * off;
      for (std::size_t j = 0; j < p.size(); ++j) {
        out.matrix[i][j] += point.weight * at.gradient[i] * at.gradient[j];
      }
    }
  }
  for (std::size_t i = p.size(); i < 6; ++i) {
    out.matrix[i][i] = 1.0;
  }
  return out;
}

// The inverse, its diagonal brought to 1 + damping beforehand.
std::optional<Matrix6> scaled_inverse(const Matrix6 &m, double damping) {
  Matrix6 scaled = m;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      scaled[i][j] = m[i][j] / std::sqrt(m[i][i] * m[j][j]) * (i == j ? 1.0 + damping : 1.0);
    }
  }
  std::optional<Matrix6> out = inverse(scaled);
  for (std::size_t i = 0; out && i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      (*out)[i][j] /= std::sqrt(m[i][i] * m[j][j]);
    }
  }
  return out;
}

// Levenberg and Marquardt from `start`; exact after a few steps where the model is linear.
std::optional<DiffusionFit> least_squares(DiffusionModel model, std::vector<double> p, const std::vector<Point> &points) {
  constexpr int kMostSteps = 500;
  double damping = 1e-3;
  Normal at = normal_equations(model, p, points);
  for (int step = 0; step < kMostSteps && damping < 1e12; ++step) {
    const std::optional<Matrix6> inverted = scaled_inverse(at.matrix, damping);
    if (!inverted) {
      damping *= 10.0;
      continue;
    }
    std::vector<double> trial = p;
    for (std::size_t i = 0; i < p.size(); ++i) {
      for (std::size_t j = 0; j < p.size(); ++j) {
        trial[i] += (*inverted)[i][j] * at.right[j];
      }
    }
    const Normal next = normal_equations(model, trial, points);
    if (!(next.chi_squared <= at.chi_squared)) {
      damping *= 10.0;
      continue;
    }
    const bool done = at.chi_squared - next.chi_squared <= 1e-10 * at.chi_squared && damping < 1e-4;
    p = trial;
    at = next;
    damping = std::max(1e-14, 0.1 * damping);
    if (done) {
      break;
    }
  }
  const std::optional<Matrix6> covariance = scaled_inverse(at.matrix, 0.0);
  if (!covariance || !std::isfinite(at.chi_squared)) {
    return std::nullopt;
  }
  DiffusionFit fit;
  fit.model = model;
  fit.parameters = p;
  fit.chi_squared = at.chi_squared;
  for (std::size_t i = 0; i < p.size(); ++i) {
    for (std::size_t j = 0; j < p.size(); ++j) {
      fit.covariance.push_back((*covariance)[i][j]);
    }
  }
  return fit;
}

// The linear model in two or three steps of its own size: from a horizontal line.
std::optional<DiffusionFit> linear_fit(DiffusionModel model, const std::vector<Point> &points) {
  std::vector<double> start(parameters_of(model), 0.0);
  start[0] = points[0].ln_d;
  return least_squares(model, start, points);
}

// Points in ascending temperature.
std::optional<DiffusionFit> two_exponentials(const std::vector<Point> &points) {
  std::optional<DiffusionFit> best;
  for (std::size_t cut = 2; cut + 2 <= points.size(); ++cut) {
    const std::optional<DiffusionFit> cold =
        linear_fit(DiffusionModel::arrhenius, {points.begin(), points.begin() + static_cast<std::ptrdiff_t>(cut)});
    const std::optional<DiffusionFit> hot =
        linear_fit(DiffusionModel::arrhenius, {points.begin() + static_cast<std::ptrdiff_t>(cut), points.end()});
    if (!cold || !hot) {
      continue;
    }
    std::vector<double> start = cold->parameters;
    start.insert(start.end(), hot->parameters.begin(), hot->parameters.end());
    std::optional<DiffusionFit> fit = least_squares(DiffusionModel::two_exponential, start, points);
    if (fit && (!best || fit->chi_squared < best->chi_squared)) {
      best = std::move(fit);
    }
  }
  if (!best) {
    return best;
  }
  if (best->parameters[1] > best->parameters[3]) {
    std::swap(best->parameters[0], best->parameters[2]);
    std::swap(best->parameters[1], best->parameters[3]);
    std::vector<double> swapped(16);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        swapped[4 * i + j] = best->covariance[4 * ((i + 2) % 4) + (j + 2) % 4];
      }
    }
    best->covariance = swapped;
  }
  return best;
}

// One exponential that is everywhere below a thousandth of the other, or is the other again, is not a second one.
bool are_two(const DiffusionFit &fit, const std::vector<Point> &points) {
  double least = 1.0, most = 0.0;
  for (const Point &point : points) {
    const double w = value_of(fit.model, fit.parameters, point.temperature_K).gradient[0];
    least = std::min(least, w);
    most = std::max(most, w);
  }
  return most > 1e-3 && least < 1.0 - 1e-3 && fit.parameters[3] - fit.parameters[1] > 1e-6 * std::abs(fit.parameters[3]);
}

} // namespace

double DiffusionFit::parameter_error(std::size_t p) const { return std::sqrt(covariance[p * parameters.size() + p]); }

double DiffusionFit::ln_diffusivity(double temperature_K) const { return value_of(model, parameters, temperature_K).ln_d; }

double DiffusionFit::ln_diffusivity_error(double temperature_K) const {
  const Value at = value_of(model, parameters, temperature_K);
  double variance = 0.0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      variance += at.gradient[i] * at.gradient[j] * covariance[i * parameters.size() + j];
    }
  }
  return std::sqrt(std::max(0.0, variance));
}

const char *diffusion_model_name(DiffusionModel model) {
  return model == DiffusionModel::arrhenius   ? "arrhenius"
         : model == DiffusionModel::quadratic ? "quadratic"
                                              : "two_exponential";
}

std::vector<const char *> parameter_names(DiffusionModel model) {
  switch (model) {
  case DiffusionModel::arrhenius:
    return {"ln_D0", "Q_eV"};
  case DiffusionModel::quadratic:
    return {"a", "b_K", "c_K2"};
  case DiffusionModel::two_exponential:
    break;
  }
  return {"ln_D1", "Q1_eV", "ln_D2", "Q2_eV"};
}

std::vector<DiffusionFit> diffusion_fits(std::span<const double> temperatures_K, std::span<const Estimate> d) {
  if (temperatures_K.size() != d.size()) {
    throw InvariantError("a diffusivity for each temperature is needed");
  }
  std::vector<Point> points;
  std::set<double> different;
  bool weighted = true;
  for (std::size_t i = 0; i < d.size(); ++i) {
    if (std::isfinite(d[i].mean) && d[i].mean > 0.0 && temperatures_K[i] > 0.0) {
      const double sigma = d[i].standard_error / d[i].mean;
      weighted = weighted && std::isfinite(sigma) && sigma > 0.0;
      points.push_back({temperatures_K[i], std::log(d[i].mean), 1.0 / (sigma * sigma)});
      different.insert(temperatures_K[i]);
    }
  }
  if (different.size() < 3) {
    return {};
  }
  for (Point &point : points) {
    point.weight = weighted ? point.weight : 1.0;
  }
  std::stable_sort(points.begin(), points.end(),
                   [](const Point &a, const Point &b) { return a.temperature_K < b.temperature_K; });

  std::vector<DiffusionFit> fits;
  const std::optional<ArrheniusFit> line = arrhenius_fit(temperatures_K, d);
  DiffusionFit first;
  first.parameters = {line->ln_prefactor.mean, line->activation_energy_eV.mean};
  first.chi_squared = line->chi_squared;
  const double of_energy = std::pow(line->activation_energy_eV.standard_error, 2);
  double total = 0.0, mean_x = 0.0;
  for (const Point &point : points) {
    total += point.weight;
    mean_x += point.weight / (k * point.temperature_K);
  }
  mean_x /= total;
  first.covariance = {std::pow(line->ln_prefactor.standard_error, 2), mean_x * of_energy, mean_x * of_energy, of_energy};
  fits.push_back(std::move(first));
  const auto add = [&](std::optional<DiffusionFit> fit) {
    if (fit) {
      const int free = static_cast<int>(points.size() - fit->parameters.size());
      for (double &c : fit->covariance) {
        c *= weighted ? 1.0 : free > 0 ? fit->chi_squared / free : kNone;
      }
      fits.push_back(std::move(*fit));
    }
  };
  if (different.size() >= 4) {
    add(linear_fit(DiffusionModel::quadratic, points));
  }
  if (different.size() >= 5) {
    std::optional<DiffusionFit> two = two_exponentials(points);
    if (two && are_two(*two, points)) {
      add(std::move(two));
    }
  }
  for (DiffusionFit &fit : fits) {
    const auto n = static_cast<double>(points.size());
    const double p = static_cast<double>(fit.parameters.size()) + (weighted ? 0.0 : 1.0);
    fit.points = static_cast<int>(points.size());
    fit.weighted = weighted;
    const double misfit = weighted ? fit.chi_squared : n * std::log(fit.chi_squared / n);
    fit.aicc = n - p - 1.0 > 0.0 && std::isfinite(misfit) ? misfit + 2.0 * p + 2.0 * p * (p + 1.0) / (n - p - 1.0) : kNone;
  }
  return fits;
}

std::size_t best_fit(const std::vector<DiffusionFit> &fits) {
  std::size_t best = 0;
  for (std::size_t f = 1; f < fits.size(); ++f) {
    best = fits[f].aicc < fits[best].aicc ? f : best;
  }
  return best;
}

void add_common_error(DiffusionFit &fit, double entropy_error_k, double energy_error_eV) {
  const std::size_t p = fit.parameters.size();
  const bool in_kelvin = fit.model == DiffusionModel::quadratic;
  for (std::size_t i = 0; i < 4 && i < p; ++i) {
    for (std::size_t j = 0; j < 4 && j < p; ++j) {
      if (i % 2 != j % 2 || (in_kelvin && (i == 2 || j == 2))) {
        continue; // entropy and energy are independent; c is neither
      }
      const double error = i % 2 == 0 ? entropy_error_k : energy_error_eV / (in_kelvin ? k : 1.0);
      fit.covariance[i * p + j] += error * error;
    }
  }
}

} // namespace zener
