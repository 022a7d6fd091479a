// How the operators' threads wait for each other.

#ifndef CAMNODE_CORE_INFERENCE_DEVICE_OPENMP_H_
#define CAMNODE_CORE_INFERENCE_DEVICE_OPENMP_H_

namespace camnode {

// LibTorch's OpenMP threads wait by spinning, for a very long time by default.  Where
// cores are shared that starves the very thread they wait for: with both of two cores
// busy, a worker of lower priority (nice 10) did not finish five films in 20 s; with
// a limit of 10,000 turns a film took 0.7 to 1.2 s.  On an idle machine the limit
// costs nothing (95 ms a film).
//
// libgomp reads the limit from the environment while it is loaded.  So this runs
// the program again with GOMP_SPINCOUNT set, unless that or OMP_WAIT_POLICY is
// already; then it returns at once.  First line of main(): `arguments` is argv.
// A program that starts another sets the variable itself and spares the repeat.
void LimitSpinning(char** arguments);

inline constexpr char kSpinLimitVariable[] = "GOMP_SPINCOUNT";
inline constexpr char kSpinLimit[] = "10000";

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_DEVICE_OPENMP_H_
