#define CAMNODE_KERNEL_NAMESPACE avx2
#include "core/render/blend_row_body.h"
