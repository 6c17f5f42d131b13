#include "tests/reference/lennard_jones.hpp"

#include <cmath>
#include <numbers>

namespace zener::reference {
namespace {

// Tables 2 and 3 of the paper. Checked against two independent public programs.
constexpr double kGamma = 1.92907278;

double diameter(double t) {
  return 0.011117524 / t - 0.076383859 / std::sqrt(t) + 1.080142248 + 0.000693129 * std::sqrt(t) - 0.063920968 * std::log(t);
}

double second_virial_difference(double t) {
  constexpr double c[8] = {0.02459877,  0.0,        -7.02181962, 2.90616279,
                           -4.13749995, 0.87361369, 0.43102052,  -0.58544978}; // of T^(-i/2)
  double sum = 0.0;
  for (int i = 0; i < 8; ++i) {
    sum += c[i] * std::pow(t, -0.5 * i);
  }
  return sum;
}

// Of T^(i/2) rho^j, j = 2 … 6.
double polynomial(double t, double rho) {
  constexpr struct {
    int i;
    double c[5];
  } kRows[4] = {{0, {2.01546797, -28.17881636, 28.28313847, -10.42402873, 0.0}},
                {-1, {-19.58371655, 75.62340289, -120.70586598, 93.92740328, -27.37737354}},
                {-2, {29.34470520, -112.35356937, 170.64908980, -123.06669187, 34.42288969}},
                {-4, {-13.37031968, 65.38059570, -115.09233113, 88.91973082, -25.62099890}}};
  double sum = 0.0;
  for (const auto &row : kRows) {
    for (int j = 0; j < 5; ++j) {
      sum += row.c[j] * std::pow(t, 0.5 * row.i) * std::pow(rho, j + 2);
    }
  }
  return sum;
}

} // namespace

double lennard_jones_free_energy(double t, double rho) {
  const double eta = std::numbers::pi / 6.0 * rho * std::pow(diameter(t), 3);
  const double spheres =
      5.0 / 3.0 * std::log(1.0 - eta) + eta * (34.0 - 33.0 * eta + 4.0 * eta * eta) / (6.0 * std::pow(1.0 - eta, 2));
  return t * (spheres + std::exp(-kGamma * rho * rho) * rho * second_virial_difference(t)) + polynomial(t, rho);
}

// The derivatives by differences: five points, errors of 1e-10.
double lennard_jones_entropy(double t, double rho) {
  const double h = 1e-3 * t;
  const auto a = [&](double x) { return lennard_jones_free_energy(x, rho); };
  return -(8.0 * (a(t + h) - a(t - h)) - (a(t + 2 * h) - a(t - 2 * h))) / (12.0 * h);
}

double lennard_jones_energy(double t, double rho) {
  return lennard_jones_free_energy(t, rho) + t * lennard_jones_entropy(t, rho);
}

double lennard_jones_pressure(double t, double rho) {
  const double h = 1e-3 * rho;
  const auto a = [&](double x) { return lennard_jones_free_energy(t, x); };
  return rho * t + rho * rho * (8.0 * (a(rho + h) - a(rho - h)) - (a(rho + 2 * h) - a(rho - 2 * h))) / (12.0 * h);
}

} // namespace zener::reference
