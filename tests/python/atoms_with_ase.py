"""Compares files of atoms that Zener wrote with what ASE reads from them, and writes files with ASE for Zener to read.

    python3 tests/python/atoms_with_ase.py FOLDER

FOLDER holds reference.json (cell, pbc, species, positions, …) and the files under test; tests/cli/atom_files_ase_test.cpp.
"""

import json
import pathlib
import sys

import ase
import ase.io
import ase.units
import numpy
from ase.calculators.singlepoint import SinglePointCalculator

folder = pathlib.Path(sys.argv[1])
reference = json.loads((folder / "reference.json").read_text())
position = numpy.array(reference["position_A"])
cell = numpy.array(reference["cell_A"])
force = numpy.array(reference["force_eV_A"])
velocity = numpy.array(reference["velocity_A_ps"]) * ase.units.Ang / (1000 * ase.units.fs)
virial = numpy.array(reference["virial_eV"])
stress = -virial / abs(numpy.linalg.det(cell))
voigt = stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]


def same(what, a, b, tolerance=0.0):
    a, b = numpy.asarray(a), numpy.asarray(b)
    if a.shape != b.shape or not numpy.all(abs(a - b) <= tolerance):
        sys.exit(f"{what}: ASE has\n{a}\nexpected\n{b}")


def check(name, form, exact, forces, velocities, **options):
    atoms = ase.io.read(folder / name, format=form, **options)
    if list(atoms.symbols) != reference["species"]:
        sys.exit(f"{name}: ASE has {atoms.symbols}")
    tolerance = 0.0 if exact else 1e-7
    same(name + " cell", atoms.cell.array, cell, tolerance)
    same(name + " positions", atoms.positions, position, tolerance)
    if forces:
        same(name + " forces", atoms.get_forces(), force)
    if velocities:
        same(name + " velocities", atoms.get_velocities(), velocity, 1e-7)
    return atoms


atoms = check("zener.xyz", "extxyz", True, True, True)
same("energy", atoms.get_potential_energy(), reference["energy_eV"])
same("stress", atoms.get_stress(), voigt, 1e-15)
same("virial", numpy.ravel(atoms.info["virial"]), numpy.ravel(virial.T))
same("pbc", atoms.pbc.astype(int), numpy.array(reference["pbc"], int))
same("masses", atoms.get_masses(), reference["mass_amu"])
same("time", atoms.info["time_ps"], 0.5)
same("ids", atoms.arrays["id"], reference["id"])
check("zener.dump", "lammps-dump-text", False, True, False)
types = {1: 74, 2: 73}  # ASE 3.22 does not read the elements behind the masses
check("zener.data", "lammps-data", False, False, True, style="atomic", units="metal", Z_of_type=types)
check("POSCAR", "vasp", False, False, False)

made = ase.Atoms(reference["species"], positions=position, cell=cell, pbc=reference["pbc"])
made.set_masses(reference["mass_amu"])
made.set_velocities(velocity)
made.calc = SinglePointCalculator(made, energy=reference["energy_eV"], forces=force, stress=voigt)
made.info["note"] = "by ASE"
ase.io.write(folder / "ase.xyz", [made, made], format="extxyz")
ase.io.write(folder / "ase.data", made, format="lammps-data", velocities=True, units="metal", specorder=reference["elements"])
ase.io.write(folder / "ase.vasp", made, format="vasp")
made.positions[0] += made.cell[0]
ase.io.write(folder / "ase_direct.vasp", made, format="vasp", direct=True)
print("ASE", ase.__version__, "agrees")
