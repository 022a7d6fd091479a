#define CAMNODE_KERNEL_NAMESPACE baseline
#include "core/inference/input/resize_passes_body.h"
