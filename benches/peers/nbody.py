import math

from data import array, numba_compiled

start, speed, mass = array("position"), array("velocity"), array("mass")
check = float


def nbody(start, speed, mass, steps, dt):
    position, velocity = start.copy(), speed.copy()
    for step in range(steps):
        for i in range(5):
            for j in range(i + 1, 5):
                dx = position[i, 0] - position[j, 0]
                dy = position[i, 1] - position[j, 1]
                dz = position[i, 2] - position[j, 2]
                square = dx * dx + dy * dy + dz * dz
                pull = dt / (square * math.sqrt(square))
                velocity[i, 0] -= dx * mass[j] * pull
                velocity[i, 1] -= dy * mass[j] * pull
                velocity[i, 2] -= dz * mass[j] * pull
                velocity[j, 0] += dx * mass[i] * pull
                velocity[j, 1] += dy * mass[i] * pull
                velocity[j, 2] += dz * mass[i] * pull
        for i in range(5):
            for d in range(3):
                position[i, d] += dt * velocity[i, d]
    energy = 0.0
    for i in range(5):
        energy += 0.5 * mass[i] * (velocity[i, 0] ** 2 + velocity[i, 1] ** 2 + velocity[i, 2] ** 2)
        for j in range(i + 1, 5):
            dx = position[i, 0] - position[j, 0]
            dy = position[i, 1] - position[j, 1]
            dz = position[i, 2] - position[j, 2]
            energy -= mass[i] * mass[j] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return energy


def numba():
    return numba_compiled(nbody, start, speed, mass, 5_000_000, 0.001)
