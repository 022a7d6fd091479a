#define CAMNODE_KERNEL_NAMESPACE avx2
#include "core/inference/resize_passes_body.h"
