#include "bench.h"

typedef double bodies[5][3];

static double energy(bodies position, bodies velocity, const double *mass) {
    double e = 0;
    for (int i = 0; i < 5; i++) {
        e += 0.5 * mass[i] * (velocity[i][0] * velocity[i][0] + velocity[i][1] * velocity[i][1] + velocity[i][2] * velocity[i][2]);
        for (int j = i + 1; j < 5; j++) {
            double dx = position[i][0] - position[j][0], dy = position[i][1] - position[j][1], dz = position[i][2] - position[j][2];
            e -= mass[i] * mass[j] / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return e;
}

static double nbody(const double *start, const double *speed, const double *mass, long steps, double dt) {
    bodies position, velocity;
    memcpy(position, start, sizeof position);
    memcpy(velocity, speed, sizeof velocity);
    for (long step = 0; step < steps; step++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double dx = position[i][0] - position[j][0], dy = position[i][1] - position[j][1], dz = position[i][2] - position[j][2];
                double square = dx * dx + dy * dy + dz * dz, pull = dt / (square * sqrt(square));
                velocity[i][0] -= dx * mass[j] * pull;
                velocity[i][1] -= dy * mass[j] * pull;
                velocity[i][2] -= dz * mass[j] * pull;
                velocity[j][0] += dx * mass[i] * pull;
                velocity[j][1] += dy * mass[i] * pull;
                velocity[j][2] += dz * mass[i] * pull;
            }
        for (int i = 0; i < 5; i++)
            for (int d = 0; d < 3; d++) position[i][d] += dt * velocity[i][d];
    }
    return energy(position, velocity, mass);
}

int main(void) {
    double *position = LOAD(double, "position.npy", 0), *velocity = LOAD(double, "velocity.npy", 0), *mass = LOAD(double, "mass.npy", 0), e;
    BENCH(4, e = nbody(position, velocity, mass, 5000000, 0.001));
    check(e);
}
