#define CAMNODE_KERNEL_NAMESPACE baseline
#include "core/inference/resize_passes_body.h"
