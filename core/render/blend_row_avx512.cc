#define CAMNODE_KERNEL_NAMESPACE avx512
#include "core/render/blend_row_body.h"
