#define CAMNODE_KERNEL_NAMESPACE avx2
#include "core/inference/input/resize_passes_body.h"
