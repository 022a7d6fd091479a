#define CAMNODE_KERNEL_NAMESPACE avx512
#include "core/inference/input/resize_passes_body.h"
