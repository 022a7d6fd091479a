#define CAMNODE_KERNEL_NAMESPACE avx512
#include "core/inference/engine/kernels_body.h"
