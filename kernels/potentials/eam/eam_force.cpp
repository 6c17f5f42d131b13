// Embedded-atom potentials on a device: tables as rows of coefficients, and the two kernels of eam_kernels.hpp.
#include "kernels/potentials/eam/eam_kernels.hpp"

#include "host/engine/potentials.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/potentials/eam/eam_model.hpp"

#include <algorithm>
#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Knots of tables that stand on a device at once, in rows of 8: indices are 32-bit.
constexpr std::int64_t kMaxRows = std::int64_t{1} << 29;

// Slopes at the knots times the step: the five-point difference, three points at the second and last but one, two at the ends.
std::vector<double> knot_slopes(const double *f, int n) {
  std::vector<double> s(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) {
    double slope = 0.0;
    if (k == 0) {
      slope = f[1] - f[0];
    } else if (k == n - 1) {
      slope = f[n - 1] - f[n - 2];
    } else if (k == 1 || k == n - 2) {
      slope = 0.5 * (f[k + 1] - f[k - 1]);
    } else {
      slope = ((f[k - 2] - f[k + 2]) + 8.0 * (f[k + 1] - f[k - 1])) / 12.0;
    }
    s[static_cast<std::size_t>(k)] = slope;
  }
  return s;
}

// The cubic of each interval in p from 0 to 1; of the last knot, its value and slope. Rows `stride` numbers apart.
template <class Real> void cubics(const double *f, int n, Real *rows, std::size_t stride) {
  const std::vector<double> slopes = knot_slopes(f, n);
  for (int k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k);
    Real *row = rows + at * stride;
    row[0] = static_cast<Real>(f[k]);
    row[1] = static_cast<Real>(slopes[at]);
    row[2] = row[3] = Real(0);
    if (k + 1 < n) {
      const double rise = f[k + 1] - f[k];
      row[2] = static_cast<Real>(3.0 * rise - 2.0 * slopes[at] - slopes[at + 1]);
      row[3] = static_cast<Real>(slopes[at] + slopes[at + 1] - 2.0 * rise);
    }
  }
}

// A form on the device with the memory it looks at. `types` are the model's indices of the batch's elements.
template <class T> DeviceBuffer<T> upload(Queue &queue, const std::vector<T> &values, const char *name) {
  DeviceBuffer<T> buffer(queue, static_cast<std::int64_t>(values.size()), name);
  buffer.upload(values.data());
  return buffer;
}

template <class Real> struct SplineData {
  using Form = SplineForm<Real>;
  DeviceBuffer<Real> pairs;
  DeviceBuffer<double> embedding;
  Form form;

  SplineData(Queue &queue, const EamModel &model, const std::vector<int> &types) {
    const EamTables &tables = model.tables;
    const std::size_t count = types.size();
    const auto knots = static_cast<std::size_t>(tables.radii);
    const auto densities = static_cast<std::size_t>(tables.densities);
    if (static_cast<std::int64_t>(count * count * knots) > kMaxRows) {
      throw ConfigError("the tables of the potential are too large: " + std::to_string(count) + " elements with " +
                        std::to_string(knots) + " radii");
    }
    std::vector<Real> pair_rows(count * count * knots * 8);
    std::vector<double> embedding_rows(count * densities * 4);
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b < count; ++b) {
        Real *rows = pair_rows.data() + (a * count + b) * knots * 8;
        cubics(tables.density.data() + tables.density_begin(types[a], types[b], model.size()), tables.radii, rows, 8);
        cubics(tables.pair_times.data() + tables.pair_begin(types[a], types[b]), tables.radii, rows + 4, 8);
      }
      cubics(tables.embedding.data() + static_cast<std::size_t>(types[a]) * densities, tables.densities,
             embedding_rows.data() + a * densities * 4, 4);
    }
    pairs = upload(queue, pair_rows, "pair tables");
    embedding = upload(queue, embedding_rows, "embedding tables");
    form.pair_rows = pairs.view();
    form.embedding_rows = embedding.view();
    form.inverse_radius_step = 1.0 / tables.radius_step_A;
    form.inverse_density_step = 1.0 / tables.density_step;
    form.last_density = (tables.densities - 1) * tables.density_step;
    form.types = static_cast<std::int32_t>(count);
    form.knots = tables.radii;
    form.densities = tables.densities;
  }
};

template <class Real> struct FinnisSinclairData {
  using Form = FinnisSinclairForm<Real>;
  DeviceBuffer<Real> pairs;
  DeviceBuffer<double> strength;
  Form form;

  FinnisSinclairData(Queue &queue, const EamModel &model, const std::vector<int> &types) {
    std::vector<Real> rows;
    std::vector<double> strengths;
    for (const int a : types) {
      for (const int b : types) {
        const FinnisSinclairPair &p = model.finnis_sinclair[static_cast<std::size_t>(a * model.size() + b)];
        for (const double x : {p.d, p.beta / p.d, p.weight, p.c, p.c0, p.c1, p.c2, p.B, p.b0, p.alpha, 0.0, 0.0}) {
          rows.push_back(static_cast<Real>(x));
        }
      }
      strengths.push_back(model.finnis_sinclair_A[static_cast<std::size_t>(a)]);
    }
    pairs = upload(queue, rows, "pair parameters");
    strength = upload(queue, strengths, "embedding parameters");
    form.pair_rows = pairs.view();
    form.strength = strength.view();
    form.types = static_cast<std::int32_t>(types.size());
  }
};

template <class Real> struct ZhouData {
  using Form = ZhouForm<Real>;
  DeviceBuffer<Real> elements;
  DeviceBuffer<ZhouEmbedding> embeddings;
  Form form;

  ZhouData(Queue &queue, const EamModel &model, const std::vector<int> &types) {
    std::vector<Real> rows;
    std::vector<ZhouEmbedding> parts;
    for (const int a : types) {
      const ZhouElement &e = model.zhou[static_cast<std::size_t>(a)];
      for (const double x : {1.0 / e.re, e.alpha, e.beta, e.A, e.B, e.kappa, e.lambda, e.fe, static_cast<double>(e.m),
                             static_cast<double>(e.n), 0.0, 0.0}) {
        rows.push_back(static_cast<Real>(x));
      }
      ZhouEmbedding part{e.low * e.rhoe, e.rhoe, e.high * e.rhoe, e.rhos, {}, {}, e.F3_minus, e.F3_plus, e.eta, e.Fe};
      std::copy(std::begin(e.Fn), std::end(e.Fn), part.Fn);
      std::copy(std::begin(e.F), std::end(e.F), part.F);
      parts.push_back(part);
    }
    elements = upload(queue, rows, "pair parameters");
    embeddings = upload(queue, parts, "embedding parameters");
    form.element_rows = elements.view();
    form.embeddings = embeddings.view();
    form.types = static_cast<std::int32_t>(types.size());
  }
};

template <class Data, class Real> class EamPotential final : public Potential {
public:
  EamPotential(Queue &queue, const EamModel &model, const std::vector<int> &types)
      : queue_(queue), cutoff_(model.cutoff), one_type_(types.size() == 1), data_(queue, model, types) {}

  const char *name() const override { return "eam"; }
  double cutoff_A() const override { return cutoff_; }
  bool scatters() const override { return false; }
  void reserve(std::int64_t atoms, int capacity) override {
    if (atoms > atoms_ || atoms * capacity > words_.size()) {
      atoms_ = std::max(atoms, atoms_);
      const std::int64_t slots = std::max(atoms_ * capacity, words_.size());
      // The old memory goes first.
      rows_ = {};
      count_ = {};
      words_ = {};
      slope_ = {};
      rows_ = DeviceBuffer<double>(queue_, 4 * atoms_, "places and embedding slopes");
      count_ = DeviceBuffer<std::int32_t>(queue_, atoms_, "numbers of near neighbours");
      words_ = DeviceBuffer<std::int32_t>(queue_, slots, "near neighbours");
      slope_ = DeviceBuffer<Real>(queue_, slots, "density slopes");
    }
  }
  std::size_t bytes_per_atom(int capacity) const override {
    return 4 * sizeof(double) + sizeof(std::int32_t) +
           static_cast<std::size_t>(capacity) * (sizeof(std::int32_t) + sizeof(Real));
  }
  void compute(const AtomsView &atoms, const ForceView &forces) override {
    if (one_type_) {
      forces.want_virial != 0 ? launch<true, true>(atoms, forces) : launch<true, false>(atoms, forces);
    } else {
      forces.want_virial != 0 ? launch<false, true>(atoms, forces) : launch<false, false>(atoms, forces);
    }
  }

private:
  template <bool kOneType, bool kVirial> void launch(const AtomsView &atoms, const ForceView &forces) {
    const EamNear<Real> near{rows_.view(), count_.view(), words_.view(), slope_.view()};
    TeamShape shape;
    shape.teams = (atoms.size() + kEamBlock - 1) / kEamBlock;
    shape.lanes = kEamBlock;
    TeamShape packing = shape;
    if (kEamPacks) {
      const std::int64_t capacity = atoms.neighbours.capacity;
      packing.scratch_bytes =
          4 * scratch_bytes<double>(capacity) + scratch_bytes<Real>(capacity) + scratch_bytes<std::int32_t>(capacity);
    }
    queue_.teams("eam_gather", packing,
                 EamGather<typename Data::Form, Real, kOneType, kVirial>{atoms, forces, data_.form, near, cutoff_ * cutoff_});
    if (forces.want_force != 0) {
      queue_.teams("eam_spread", shape, EamSpread<Real>{atoms, forces, near});
    }
  }

  Queue &queue_;
  double cutoff_;
  bool one_type_;
  Data data_;
  std::int64_t atoms_ = 0;
  DeviceBuffer<double> rows_;
  DeviceBuffer<std::int32_t> count_;
  DeviceBuffer<std::int32_t> words_;
  DeviceBuffer<Real> slope_;
};

template <template <class> class Data>
std::unique_ptr<Potential> make_with(Queue &queue, const EamModel &model, const std::vector<int> &types,
                                     Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::mixed) {
    return std::make_unique<EamPotential<Data<float>, float>>(queue, model, types);
  }
  return std::make_unique<EamPotential<Data<double>, double>>(queue, model, types);
}

} // namespace

std::unique_ptr<Potential> make_eam(Queue &queue, const PotentialModel &plain, const PotentialSetup &setup) {
  const auto *model = dynamic_cast<const EamModel *>(&plain);
  if (model == nullptr) {
    throw InvariantError("make_eam was given a potential of kind " + plain.kind());
  }
  const std::vector<int> types = element_indices(*model, setup);
  switch (model->form) {
  case EamForm::finnis_sinclair:
    return make_with<FinnisSinclairData>(queue, *model, types, setup.arithmetic);
  case EamForm::zhou:
    return make_with<ZhouData>(queue, *model, types, setup.arithmetic);
  case EamForm::tables:
    break;
  }
  return make_with<SplineData>(queue, *model, types, setup.arithmetic);
}

} // namespace ZENER_BACKEND
} // namespace zener
