#include "core/inference/device/precision.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace camnode {

const char* PrecisionName(ComputePrecision precision) {
  switch (precision) {
    case ComputePrecision::kFloat32:
      return "float32";
    case ComputePrecision::kBfloat16:
      return "bfloat16";
    case ComputePrecision::kFloat16:
      return "float16";
  }
  return "";
}

bool HasFastPrecision(ComputePrecision precision) {
  if (precision == ComputePrecision::kFloat32) return true;
  if (precision == ComputePrecision::kFloat16) return false;
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_fp16 ||
         isa == dnnl::cpu_isa::avx512_core_amx || isa == dnnl::cpu_isa::avx512_core_amx_fp16;
}

std::string InstructionSet() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::avx512_core_amx_fp16:
      return "avx512_core_amx_fp16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "avx512_core_amx";
    case dnnl::cpu_isa::avx512_core_fp16:
      return "avx512_core_fp16";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core:
      return "avx512_core";
    case dnnl::cpu_isa::avx2_vnni_2:
      return "avx2_vnni_2";
    case dnnl::cpu_isa::avx2_vnni:
      return "avx2_vnni";
    case dnnl::cpu_isa::avx2:
      return "avx2";
    case dnnl::cpu_isa::avx:
      return "avx";
    default:
      return "sse41";
  }
}

}  // namespace camnode
