// EfficientNet (Tan and Le, 2019), as in torchvision.

#ifndef CAMNODE_CORE_INFERENCE_NETWORKS_EFFICIENTNET_H_
#define CAMNODE_CORE_INFERENCE_NETWORKS_EFFICIENTNET_H_

#include <cstdint>
#include <memory>

#include "core/inference/networks/network.h"

namespace camnode {

// Features end with `features.8`, a 1x1 convolution with SiLU.  Without stochastic
// depth and dropout, which do nothing at inference.
std::shared_ptr<Network> MakeEfficientNetB0(int64_t outputs);
std::shared_ptr<Network> MakeEfficientNetB1(int64_t outputs);
std::shared_ptr<Network> MakeEfficientNetB2(int64_t outputs);
std::shared_ptr<Network> MakeEfficientNetB3(int64_t outputs);
std::shared_ptr<Network> MakeEfficientNetB4(int64_t outputs);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_NETWORKS_EFFICIENTNET_H_
