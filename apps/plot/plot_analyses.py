"""Figures of all analyses in a result folder of analyze or md; each kind of analysis has a module of its own."""

from plot_currents import draw_currents
from plot_events import draw_events
from plot_flux import draw_flux
from plot_mobility import draw_mobility
from plot_diffusion import draw_diffusion
from plot_motion import draw_motion
from plot_two_phase import draw_two_phase


def draw_all(folder):
    """Draws what there is; yields the paths as they are written."""
    yield from draw_motion(folder)
    yield from draw_currents(folder)
    yield from draw_flux(folder)
    yield from draw_mobility(folder)
    yield from draw_two_phase(folder)
    yield from draw_diffusion(folder)
    yield from draw_events(folder)
