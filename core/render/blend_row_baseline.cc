#define CAMNODE_KERNEL_NAMESPACE baseline
#include "core/render/blend_row_body.h"
