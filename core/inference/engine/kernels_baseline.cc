#define CAMNODE_KERNEL_NAMESPACE baseline
#include "core/inference/engine/kernels_body.h"
