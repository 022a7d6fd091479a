// Which vector instructions this processor has: code that is compiled several times
// asks once which of its versions to run.

#ifndef CAMNODE_CORE_BASE_VECTOR_UNIT_H_
#define CAMNODE_CORE_BASE_VECTOR_UNIT_H_

namespace camnode {

enum class VectorUnit {
  kBaseline,  // Any x86-64.
  kAvx2,      // And FMA.
  kAvx512,    // F, BW, DQ and VL.
};

// The best there is; thread-safe.
inline VectorUnit BestVectorUnit() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return VectorUnit::kAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VectorUnit::kAvx2;
  return VectorUnit::kBaseline;
}

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_VECTOR_UNIT_H_
