// Neighbours of atoms with weights: what neighbour rules and Voronoi cells make, and what Steinhardt parameters read.
#pragma once

#include "kernels/exec/pack.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// N atoms in the order in which they were given, a row of `capacity` slots each. Slots from count up to the next multiple of a
// pack hold a weight of zero and some direction, so that packs may read them.
struct BondsView {
  View<std::int32_t, 1> count;     // [N]
  View<std::int32_t, 2> neighbour; // [N][capacity] its place as given, whichever image is meant
  View<double, 2> x, y, z;         // [N][capacity] from the atom to that image, A
  View<double, 2> weight;          // [N][capacity] sum to 1 over an atom

  ZENER_FN int capacity() const { return static_cast<int>(neighbour.extent(1)); }
  ZENER_FN void put(std::int64_t atom, int slot, std::int32_t j, double dx, double dy, double dz, double w) const {
    neighbour(atom, slot) = j;
    x(atom, slot) = dx;
    y(atom, slot) = dy;
    z(atom, slot) = dz;
    weight(atom, slot) = w;
  }
  // Ends a row of n bonds. The capacity is a multiple of every pack's width.
  ZENER_FN void end(std::int64_t atom, int n) const {
    count[atom] = n;
    for (int slot = n; slot % kPackWidth<double> != 0; ++slot) {
      put(atom, slot, -1, 0.0, 0.0, 1.0, 0.0);
    }
  }
};

class Bonds {
public:
  Bonds() = default;
  // Room for `capacity` bonds an atom, rounded up.
  Bonds(Queue &queue, std::int64_t atoms, int capacity)
      : atoms_(atoms), capacity_((capacity + 15) / 16 * 16), count_(queue, atoms, "numbers of bonds"),
        neighbour_(queue, atoms * capacity_, "bonds"), vector_(queue, 3 * atoms * capacity_, "bonds"),
        weight_(queue, atoms * capacity_, "bonds") {
    count_.zero();
  }
  int capacity() const { return capacity_; }
  BondsView view() {
    BondsView view;
    const std::int64_t size = atoms_ * capacity_;
    double *v = vector_.view().data();
    view.count = count_.view();
    view.neighbour = neighbour_.shaped(atoms_, capacity_);
    view.x = View<double, 2>(v, atoms_, capacity_);
    view.y = View<double, 2>(v + size, atoms_, capacity_);
    view.z = View<double, 2>(v + 2 * size, atoms_, capacity_);
    view.weight = weight_.shaped(atoms_, capacity_);
    return view;
  }
  const DeviceBuffer<std::int32_t> &count() const { return count_; }
  const DeviceBuffer<std::int32_t> &neighbour() const { return neighbour_; }
  const DeviceBuffer<double> &vector() const { return vector_; } // [3][N][capacity]
  const DeviceBuffer<double> &weight() const { return weight_; }

private:
  std::int64_t atoms_ = 0;
  int capacity_ = 0;
  DeviceBuffer<std::int32_t> count_, neighbour_;
  DeviceBuffer<double> vector_, weight_;
};

} // namespace ZENER_BACKEND
} // namespace zener
