// How the operators' threads wait for each other.

#ifndef CAMNODE_CORE_INFERENCE_OPENMP_H_
#define CAMNODE_CORE_INFERENCE_OPENMP_H_

namespace camnode {

// LibTorch's OpenMP threads wait by spinning, for a very long time by default.  Where
// cores are shared that starves the very thread they wait for: on two busy cores a
// worker of lower priority needed more than 4 s a film instead of 0.3 s a network.
// A limit of 10,000 turns costs nothing on an idle machine.
//
// libgomp reads the limit from the environment while it is loaded.  So this runs
// the program again with GOMP_SPINCOUNT set, unless that or OMP_WAIT_POLICY is
// already; then it returns at once.  First line of main(): `arguments` is argv.
// A program that starts another sets the variable itself and spares the repeat.
void LimitSpinning(char** arguments);

inline constexpr char kSpinLimitVariable[] = "GOMP_SPINCOUNT";
inline constexpr char kSpinLimit[] = "10000";

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_OPENMP_H_
