#define CAMNODE_KERNEL_NAMESPACE avx2
#include "core/inference/engine/kernels_body.h"
