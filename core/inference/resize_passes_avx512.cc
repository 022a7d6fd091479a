#define CAMNODE_KERNEL_NAMESPACE avx512
#include "core/inference/resize_passes_body.h"
