// What a network is computed in.  No type of LibTorch or oneDNN: for programs and reports.

#ifndef CAMNODE_CORE_INFERENCE_DEVICE_PRECISION_H_
#define CAMNODE_CORE_INFERENCE_DEVICE_PRECISION_H_

#include <string>

namespace camnode {

enum class ComputePrecision { kFloat32, kBfloat16, kFloat16 };

// "float32", "bfloat16", "float16": what recipes and logs say.
const char* PrecisionName(ComputePrecision precision);

// Whether this processor multiplies in this precision by itself.
bool HasFastPrecision(ComputePrecision precision);

// "avx512_core_bf16": the instruction set oneDNN uses here.
std::string InstructionSet();

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_DEVICE_PRECISION_H_
